"""`ari-controller doctor`: what is wrong, and how to mend it."""

import asyncio
from importlib.metadata import version
from typing import Annotated

import typer
from rich.console import Console

from controller.commands import environment
from controller.doctor.examination import Wanted, examine
from controller.doctor.finding import Finding, Level, status
from controller.doctor.report import as_json, render


def add_to(cli: typer.Typer) -> None:
    """Give the command line these verbs."""
    cli.command()(doctor)


def doctor(
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
    settings = environment.read_settings(quiet=True)
    findings = asyncio.run(examine(settings, Wanted(calls, address)))
    if for_programs:
        typer.echo(as_json(findings, version("ari-controller")))
    else:
        Console(highlight=False).print(render(_wanted(findings, short=short)))
    raise typer.Exit(status(findings))


def _wanted(findings: list[Finding], *, short: bool) -> list[Finding]:
    fine = {Level.GOOD, Level.SKIPPED}
    return [finding for finding in findings if not (short and finding.level in fine)]
