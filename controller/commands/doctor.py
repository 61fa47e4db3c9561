"""`doctor`: what is wrong, and how to mend it. `ladder`: a call's SIP. `bundle`: all of it in one archive."""

import asyncio
import io
import os
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console, RenderableType

from controller.commands import environment
from controller.config import Address, Settings
from controller.doctor.bundle import Bundle, add_configuration, add_logs, add_versions, add_warnings, known_secrets
from controller.doctor.call_story import explain
from controller.doctor.examination import Wanted, examine
from controller.doctor.finding import Finding, status
from controller.doctor.ladder.capture import capture
from controller.doctor.ladder.drawing import draw
from controller.doctor.observe import asterisk as observe
from controller.doctor.report import as_json, render, table
from controller.errors import SettingError
from controller.records.text import render_call


def add_to(cli: typer.Typer) -> None:
    """Give the command line these verbs."""
    cli.command()(doctor)
    cli.command()(ladder)
    cli.command()(bundle)


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


def ladder(
    seconds: Annotated[float, typer.Option(min=1, max=600, help="Listen no longer than this")] = 60.0,
    calls: Annotated[int, typer.Option(min=0, help="Until so many have ended, each leg counted; 0: all the time")] = 1,
    full: Annotated[bool, typer.Option("--full", help="Every message, whole but for its secrets")] = False,
    listen: Annotated[str, typer.Option(help="Where Asterisk's copies come")] = "0.0.0.0:9060",
) -> None:
    """Show the SIP of the next call, message by message. Nothing is copied before and after."""
    settings = environment.read_settings(quiet=True)
    try:
        address = Address.parse(listen)
    except ValueError as error:
        raise SettingError("--listen", str(error), "Write HOST:PORT") from error
    typer.echo(f"Place the call now: listening for {seconds:g} s.", err=True)
    dialogs = asyncio.run(capture(settings, address, seconds, calls))
    for dialog in dialogs:
        typer.echo(draw(dialog, full=full) + "\n")
    if not dialogs:
        typer.echo("No SIP call came. Does the carrier send it here? ari-controller doctor says more.", err=True)
        raise typer.Exit(1)


def bundle(
    output: Annotated[Path | None, typer.Option(help="The archive; support-DATE.tar.gz where none is named")] = None,
    call: Annotated[str, typer.Option(help="With the record of this call: what was said is in it")] = "",
    log: Annotated[list[Path] | None, typer.Option(help="A log to put in, - for standard input; several")] = None,
    calls: Annotated[bool, typer.Option("--calls/--no-calls", help="The doctor places its test calls")] = True,
) -> None:
    """Write an archive for who is to help: versions, settings, doctor's report, logs. Secrets are masked."""
    settings = environment.read_settings(quiet=True)
    path = output or Path(f"support-{datetime.now().astimezone():%Y-%m-%d-%H%M%S}.tar.gz")
    made = Bundle(known_secrets(settings, os.environ))
    add_configuration(made, settings, os.environ)
    add_logs(made, log or ())
    asyncio.run(_fill(made, settings, call, Wanted(calls)))
    made.write(path)
    typer.echo(
        f"{path} has {len(made.files)} files. Secrets are masked; telephone numbers are not. Look before you send it."
    )


async def _fill(made: Bundle, settings: Settings, call: str, wanted: Wanted) -> None:
    findings = await examine(settings, wanted)
    seen = await observe.asterisk(settings)
    add_versions(made, seen.version or seen.problem)
    made.add("doctor.json", as_json(findings, version("ari-controller")))
    made.add("doctor.txt", _as_text(render(findings)))
    await add_warnings(made, settings, (await observe.controller(settings)).url)
    if call:
        async with environment.records() as store:
            detail = await store.show_call(call)
        made.add("call.txt", _as_text(render_call(detail)))
        made.add("call-explained.txt", _as_text(table(explain(detail))))


def _as_text(shown: RenderableType) -> str:
    console = Console(width=100, highlight=False, file=io.StringIO(), no_color=True)
    with console.capture() as capture:
        console.print(shown)
    return capture.get()
