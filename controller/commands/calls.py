"""`ari-controller calls`: list, show, follow, export."""

import asyncio
import sys
from datetime import datetime
from typing import Annotated, Final

import typer
from rich.console import Console

from controller.commands import environment
from controller.records.export import Form, export_lines
from controller.records.feed import events_after, last_number
from controller.records.search import CallQuery, search
from controller.records.text import render_call, render_calls, render_event

FOLLOW_SECONDS: Final = 0.5
"""How often a follower looks: soon enough for a person, and nothing for a database."""

cli = typer.Typer(help="Call records.", invoke_without_command=True)

Number = Annotated[str, typer.Option(help="Caller's or called number; without + by its last digits")]
Text = Annotated[str, typer.Option(help='Words that were said: refund "blue car" appoint*')]
Result = Annotated[str, typer.Option(help="Name of a result")]
Route = Annotated[str, typer.Option(help="Name of the route")]
Ending = Annotated[str, typer.Option(help="How it ended, such as bot_hung_up")]
Since = Annotated[datetime | None, typer.Option(help="From this moment on, local time")]
Until = Annotated[datetime | None, typer.Option(help="Before this moment, local time")]


@cli.callback()
def list_calls(  # noqa: PLR0913, PLR0917 - options
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, max=500)] = 20,
    number: Number = "",
    text: Text = "",
    result: Result = "",
    route: Route = "",
    ending: Ending = "",
    since: Since = None,
    until: Until = None,
    live: Annotated[bool, typer.Option("--live", help="Only calls that have not ended")] = False,
) -> None:
    """List the latest calls, all of them or those that fit."""
    if context.invoked_subcommand is None:
        query = CallQuery(number, text, result, route, ending, _local(since), _local(until), live)
        asyncio.run(_list_calls(query, limit))


@cli.command("show")
def show_call(call: Annotated[str, typer.Argument(help="Id of the call, or the beginning of one")]) -> None:
    """Show one call: its steps, what was said and what came of it."""
    asyncio.run(_show_call(call))


@cli.command("follow")
def follow_calls(
    call: Annotated[str, typer.Argument(help="Id of one call; all of them where none is given")] = "",
    route: Route = "",
) -> None:
    """Show what happens while it happens, until Ctrl-C."""
    try:
        asyncio.run(_follow(call, route))
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


@cli.command("export")
def export(  # noqa: PLR0913, PLR0917 - options
    form: Annotated[
        Form, typer.Option("--format", help="Everything as JSON lines, or a line a call as CSV")
    ] = Form.JSONL,
    number: Number = "",
    text: Text = "",
    result: Result = "",
    route: Route = "",
    ending: Ending = "",
    since: Since = None,
    until: Until = None,
) -> None:
    """Write calls to standard output, newest first."""
    asyncio.run(_export(CallQuery(number, text, result, route, ending, _local(since), _local(until)), form))


def _local(moment: datetime | None) -> datetime | None:
    return moment.astimezone() if moment else None


async def _list_calls(query: CallQuery, limit: int) -> None:
    async with environment.records() as store:
        page = await search(store.database, query, limit)
    Console().print(render_calls(page.calls))


async def _show_call(call: str) -> None:
    async with environment.records() as store:
        Console().print(render_call(await store.show_call(call)))


async def _follow(call: str, route: str) -> None:
    console = Console()
    async with environment.records() as store:
        call_id = (await store.show_call(call)).summary.id if call else ""
        # Of one call all that has been; of all calls only what comes.
        number = 0 if call else await last_number(store.database)
        while True:
            for stored in await events_after(store.database, number, call_id=call_id, route=route):
                console.print(render_event(stored.event))
                number = stored.number
            await asyncio.sleep(FOLLOW_SECONDS)


async def _export(query: CallQuery, form: Form) -> None:
    async with environment.records() as store:
        async for lines in export_lines(store.database, query, form):
            sys.stdout.write(lines)
