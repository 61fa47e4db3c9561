"""The command line: `ari-controller --help`."""

import asyncio
import os
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, Final

import aiohttp
import typer
import uvloop
from rich.console import Console

from controller import logs
from controller.config import Address, Settings, load
from controller.errors import SETTING_STATUS, ControllerError, SettingError

HEALTH_SECONDS: Final = 3.0
"""Longest wait of `healthcheck`."""

cli = typer.Typer(
    help="Puts an AI voice bot on the phone: drives Asterisk, carries audio to the bot, keeps the records.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
calls_cli = typer.Typer(help="Call records.", invoke_without_command=True)
cli.add_typer(calls_cli, name="calls")


def main() -> None:
    """Entry point. An error of the user's is one line on standard error, and status 2."""
    try:
        cli()
    except SettingError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(SETTING_STATUS)
    except ControllerError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(1)


def _settings() -> Settings:
    settings = load(os.environ, Path(".env"))
    logs.configure(settings.log_level, settings.log_format)
    return settings


def _run(work: Coroutine[Any, Any, None]) -> None:
    uvloop.run(work)


@cli.command()
def serve() -> None:
    """Run the controller, and, where MEDIA_URL is empty, a media worker of its own."""
    from controller.app import serve as run_controller  # noqa: PLC0415 - keeps the other commands quick

    _run(run_controller(_settings()))


@cli.command()
def media() -> None:
    """Run one media worker."""
    from controller.app import work  # noqa: PLC0415

    _run(work(_settings()))


@calls_cli.callback()
def list_calls(context: typer.Context, limit: Annotated[int, typer.Option(min=1, max=10_000)] = 20) -> None:
    """List the latest calls."""
    if context.invoked_subcommand is None:
        asyncio.run(_list_calls(_settings(), limit))


@calls_cli.command("show")
def show_call(call: Annotated[str, typer.Argument(help="Id of the call, or the beginning of one")]) -> None:
    """Show one call: its steps, what was said and what came of it."""
    asyncio.run(_show_call(_settings(), call))


async def _list_calls(settings: Settings, limit: int) -> None:
    from controller.records.store import RecordStore  # noqa: PLC0415
    from controller.records.text import render_calls  # noqa: PLC0415

    store = await RecordStore.open(settings.database_url)
    try:
        Console().print(render_calls(await store.list_calls(limit)))
    finally:
        await store.close()


async def _show_call(settings: Settings, call: str) -> None:
    from controller.records.store import RecordStore  # noqa: PLC0415
    from controller.records.text import render_call  # noqa: PLC0415

    store = await RecordStore.open(settings.database_url)
    try:
        Console().print(render_call(await store.show_call(call)))
    finally:
        await store.close()


@cli.command()
def healthcheck(
    media_worker: Annotated[bool, typer.Option("--media", help="Ask the media worker, not the controller")] = False,
) -> None:
    """Exit with 0 when the controller (or the media worker) on this machine is ready."""
    settings = _settings()
    address = Address.parse(settings.media_listen if media_worker else settings.api_listen)
    host = "127.0.0.1" if address.host in {"0.0.0.0", "::"} else address.host  # noqa: S104 - compared, not bound
    raise typer.Exit(asyncio.run(_ask_health(f"http://{host}:{address.port}/healthz")))


async def _ask_health(url: str) -> int:
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=HEALTH_SECONDS)) as session,
            session.get(url) as response,
        ):
            typer.echo(await response.text())
            return 0 if response.status == 200 else 1
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        typer.echo(f"{url}: {str(error) or 'no answer'}", err=True)
        return 1


@cli.command()
def phone() -> None:
    """Say how to connect a SIP phone."""
    settings = _settings()
    password = settings.phone_password.get_secret_value()
    typer.echo(f"server    this machine, port {settings.sip_port} (UDP or TCP)")
    typer.echo("user      phone")
    typer.echo(f"password  {password or 'not known here: PHONE_PASSWORD and PHONE_PASSWORD_FILE are empty'}")
    typer.echo(f"dial      any number, such as {settings.phone_number}")
