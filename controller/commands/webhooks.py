"""`ari-controller webhooks`: what waits, what was given up, and sending that again."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console

from controller.commands import environment
from controller.records import outbox
from controller.records.text import render_dead_letters, render_targets

cli = typer.Typer(help="Webhooks: what waits and what was given up.", no_args_is_help=True)

Target = Annotated[str, typer.Option(help="Of this target only")]


@cli.command("list")
def list_dead(target: Target = "", limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50) -> None:
    """What waits for each target, and the messages that were given up."""
    asyncio.run(_list(target, limit))


@cli.command("resend")
def resend(
    target: Target = "",
    call: Annotated[str, typer.Option(help="Of this call only")] = "",
    event: Annotated[str, typer.Option("--id", help="This message only")] = "",
    everything: Annotated[bool, typer.Option("--all", help="All that were given up")] = False,
) -> None:
    """Have messages that were given up sent again, in order, by the controller that runs."""
    if not (target or call or event or everything):
        raise typer.BadParameter("say which: --target, --call, --id or --all")
    count = asyncio.run(_resend(target, call, event))
    typer.echo(f"{count} messages are sent again.")


async def _list(target: str, limit: int) -> None:
    async with environment.records() as store:
        states = [state for state in await outbox.states(store.database) if target in {"", state.target}]
        dead = await outbox.dead_letters(store.database, target, limit=limit)
    console = Console()
    console.print(render_targets(states))
    if dead:
        console.print(render_dead_letters(dead))


async def _resend(target: str, call: str, event: str) -> int:
    async with environment.records() as store:
        return await outbox.resend(store.database, datetime.now(UTC), target=target, call_id=call, event_id=event)
