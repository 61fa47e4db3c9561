"""The command line: `ari-controller --help`."""

import asyncio
import sys
from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
import uvloop

from controller.bot.adapters import NATIVE
from controller.bot.tls import TlsFiles, context_of
from controller.commands import bans, bots, calls, doctor, records, routing, setup, trunks, users, webhooks
from controller.commands.environment import read_settings
from controller.conformance.direct_call import DirectCall
from controller.errors import SETTING_STATUS, ControllerError, SettingError

cli = typer.Typer(
    help="Puts an AI voice bot on the phone: drives Asterisk, carries audio to the bot, keeps the records.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
cli.add_typer(calls.cli, name="calls")
cli.add_typer(records.cli, name="records")
cli.add_typer(trunks.cli, name="trunks")
cli.add_typer(users.cli, name="user")
cli.add_typer(webhooks.cli, name="webhooks")
routing.add_to(cli)
bots.add_to(cli)
cli.command()(bans.bans)
doctor.add_to(cli)
setup.add_to(cli)


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


def _run(work: Coroutine[Any, Any, None]) -> None:
    uvloop.run(work)


@cli.command()
def serve() -> None:
    """Run the controller, and, where MEDIA_URL is empty, a media worker of its own."""
    from controller.app import serve as run_controller  # noqa: PLC0415 - keeps the other commands quick

    _run(run_controller(read_settings()))


@cli.command()
def media(owned: Annotated[bool, typer.Option("--owned", hidden=True, help="End with standard input")] = False) -> None:
    """Run one media worker."""
    from controller.media.process import work  # noqa: PLC0415

    _run(work(read_settings(), owned=owned))


@cli.command()
def check() -> None:
    """Try every setting: Asterisk, bot and records. Exit status 2 names the one that does not work."""
    from controller.check import check as try_all  # noqa: PLC0415

    asyncio.run(try_all(read_settings(), typer.echo))


@cli.command()
def call(  # noqa: PLR0913, PLR0917 - its options
    to: Annotated[str, typer.Option(help="Number to dial; PHONE_NUMBER where none is given")] = "",
    bot: Annotated[str, typer.Option(help="Call this bot (ws://…) instead, straight from here, without Asterisk")] = "",
    protocol: bots.ProtocolOption = NATIVE,
    token: bots.TokenOption = "",
    parameter: bots.ParameterOption = None,
    audio: bots.AudioOption = "",
    ca: bots.CaOption = "",
    caller: Annotated[str, typer.Option("--from", help="Number that the call seems to come from")] = "",
    say: Annotated[Path | None, typer.Option(help="WAV file that the caller speaks")] = None,
    press: Annotated[list[str] | None, typer.Option(help="Keys to press, one after the other")] = None,
    seconds: Annotated[float, typer.Option(min=1, max=3600, help="Hang up so long after the answer")] = 15.0,
    save: Annotated[Path | None, typer.Option(help="WAV file for what the caller hears")] = None,
) -> None:
    """Place one call through the test carrier, as a caller would; or with --bot to a bot alone."""
    if bot:
        target = replace(
            bots.read_target(bot, protocol, parameter, audio), token=token, tls=context_of(TlsFiles(ca_file=ca))
        )
        bots.call_bot(DirectCall(target, say, tuple(press or ()), seconds, save))
    from controller.carrier.carrier import CALLER  # noqa: PLC0415
    from controller.carrier.placed_call import CallOptions, place_call  # noqa: PLC0415

    settings = read_settings(quiet=True)
    options = CallOptions(
        to=to or settings.phone_number,
        caller=caller or CALLER,
        say=say,
        press=tuple(press or ()),
        seconds=seconds,
        save=save,
    )
    report = asyncio.run(place_call(settings, options, typer.echo))
    raise typer.Exit(0 if report.ok else 1)


@cli.command()
def demo(
    folder: Annotated[Path, typer.Option(help="Where what the caller heard is saved")] = Path("demo-output"),
) -> None:
    """Place the call of `make demo`: the bot, a result, a human, the record."""
    from controller.carrier.demo import run_demo  # noqa: PLC0415

    report = asyncio.run(run_demo(read_settings(quiet=True), folder, typer.echo))
    raise typer.Exit(0 if report.ok else 1)


@cli.command()
def phone() -> None:
    """Say how to connect a SIP phone."""
    settings = read_settings()
    password = settings.phone_password.get_secret_value()
    typer.echo(f"server    this machine, port {settings.sip_port} (UDP or TCP)")
    typer.echo("user      phone")
    typer.echo(f"password  {password or 'not known here: PHONE_PASSWORD and PHONE_PASSWORD_FILE are empty'}")
    typer.echo(f"dial      any number, such as {settings.phone_number}")
