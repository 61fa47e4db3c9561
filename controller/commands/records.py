"""`ari-controller records`: forget a number, remove what is old."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from controller.ari.client import AriClient
from controller.commands import environment
from controller.records.privacy import Known, forget, known
from controller.records.retention import RemoveRecording, Retention, Sweeper
from controller.session.files import remover

cli = typer.Typer(help="What is kept: forget it, or sweep it.", no_args_is_help=True)


@cli.command("forget")
def forget_number(
    number: Annotated[str, typer.Argument(help="The number, with + as in the records")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask")] = False,
) -> None:
    """Remove everything about a number: its calls with all that was said, and callbacks to it."""
    found = asyncio.run(_known(number))
    if not found.calls and not found.callbacks:
        typer.echo(f"Nothing is known about {number}.")
        return
    if not yes:
        typer.confirm(f"Remove {_told(found)} of {number}, for good?", abort=True)
    removed = asyncio.run(_forget(number))
    typer.echo(f"Removed {_told(removed)}.")


@cli.command("sweep")
def sweep() -> None:
    """Remove now what is older than KEEP_…_DAYS say; `serve` does so every hour."""
    for kind, count in asyncio.run(_sweep()).items():
        typer.echo(f"{kind:12} {count}")


def _told(found: Known) -> str:
    return f"{found.calls} calls, {found.callbacks} callbacks and {len(found.recordings)} recordings"


async def _known(number: str) -> Known:
    async with environment.records() as store:
        return await known(store.database, number)


async def _forget(number: str) -> Known:
    async with environment.records() as store, _removing() as remove:
        return await forget(store.database, number, remove)


async def _sweep() -> dict[str, int]:
    retention = Retention.of(environment.read_settings(quiet=True))
    async with environment.records() as store, _removing() as remove:
        return await Sweeper(store.database, retention, remove).sweep(datetime.now(UTC))


@asynccontextmanager
async def _removing() -> AsyncIterator[RemoveRecording]:
    settings = environment.read_settings(quiet=True)
    async with AriClient.of(settings) as ari:
        yield remover(ari, Path(settings.voicemail_dir), Path(settings.recordings_dir))
