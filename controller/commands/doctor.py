"""`ari-controller doctor`: what is wrong, and how to mend it."""

import asyncio
from importlib.metadata import version
from typing import Annotated

import typer
from rich.console import Console

from controller.commands import environment
from controller.doctor.call_story import explain
from controller.doctor.examination import Wanted, examine
from controller.doctor.finding import Finding, status
from controller.doctor.report import as_json, render, table


def add_to(cli: typer.Typer) -> None:
    """Give the command line these verbs."""
    cli.command()(doctor)


def doctor(
    call: Annotated[str, typer.Option(help="Explain this call from its record; its id, or the beginning of it")] = "",
    calls: Annotated[
        bool, typer.Option("--calls/--no-calls", help="Place a test call through Asterisk, and one to every bot")
    ] = True,
    address: Annotated[
        str, typer.Option(help="Of this machine for Asterisk's audio, where the one it is reached from is not right")
    ] = "",
    short: Annotated[bool, typer.Option("--short", help="Only what is not as it should be")] = False,
    for_programs: Annotated[bool, typer.Option("--json", help="For programs")] = False,
) -> None:
    """Look at everything that a call needs, and say what is wrong and how to mend it.

    Exit status, as monitoring systems read it: 0 nothing is wrong, 1 warnings, 2 faults.
    """
    if call:
        findings = asyncio.run(_explained(call))
    else:
        findings = asyncio.run(examine(environment.read_settings(quiet=True), Wanted(calls, address)))
    console = Console(highlight=False)
    if for_programs:
        typer.echo(as_json(findings, version("ari-controller")))
    else:
        console.print(table(findings) if call else render(findings, short=short))
    raise typer.Exit(0 if call else status(findings))


async def _explained(call: str) -> list[Finding]:
    async with environment.records() as store:
        return explain(await store.show_call(call))
