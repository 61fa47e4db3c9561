"""`ari-controller setup`: from nothing to a number that a bot answers, in a few questions."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from controller import logs
from controller.bot.adapters import PROTOCOLS, adapter_of
from controller.config import Settings, load, read_env_file
from controller.doctor.checks import asterisk as asterisk_checks
from controller.doctor.checks import bots as bot_checks
from controller.doctor.checks import trunks as trunk_checks
from controller.doctor.checks.trunks import TrunksSeen
from controller.doctor.finding import Area, Finding, Level, skipped
from controller.doctor.observe import asterisk as look_asterisk
from controller.doctor.observe import bots as look_bots
from controller.doctor.observe import trunks as look_trunks
from controller.doctor.report import table
from controller.doctor.setup import files, writing
from controller.doctor.setup.writing import NO_TRUNK, SIP_PHONE, Answers
from controller.errors import ControllerError, SettingError
from controller.routes_file import load_routes
from controller.routing.explanation import explain
from controller.routing.route import Arrival
from controller.routing.router import Router, routes_of_settings
from controller.trunks.profiles import PROFILES
from controller.trunks.status import TrunkState

CONSOLE = Console(highlight=False)
REGISTER_SECONDS: Final = 10.0
"""Longest wait for a carrier's answer; the doctor sees what comes later."""
LOOK_SECONDS: Final = 0.5
DEMO_BOT: Final = "ws://demo-bot:8765/"
"""As docker-compose.yml has it."""


@dataclass(frozen=True, slots=True)
class Asking:
    """How an answer that no option gave is come by. `asks`: a person is there."""

    asks: bool

    def text(self, given: str | None, question: str, default: str, read: Callable[[str], str]) -> str:
        """Until it can be used. Raises SettingError where nobody can be asked."""
        if given is not None or not self.asks:
            return read(given if given is not None else default)
        while True:
            answer = typer.prompt(question, default=default, show_default=bool(default))
            try:
                return read(answer.strip())
            except SettingError as error:
                typer.echo(f"{error.problem}. {error.mend}")

    def secret(self, given: str | None, question: str) -> str:
        if given is not None or not self.asks:
            return given or ""
        return str(typer.prompt(question, default="", hide_input=True, show_default=False))


def add_to(cli: typer.Typer) -> None:
    """Give the command line these verbs."""
    cli.command()(setup)


def setup(  # noqa: PLR0913, PLR0917 - its options
    number: Annotated[str | None, typer.Option(help="Your telephone number, such as +493023125000")] = None,
    bot: Annotated[str | None, typer.Option(help="The bot's address: ws://… or wss://…")] = None,
    bot_protocol: Annotated[str, typer.Option(help=f"What it speaks: {', '.join(PROTOCOLS)}")] = "native",
    bot_token: Annotated[str | None, typer.Option(envvar="SETUP_BOT_TOKEN", help="Its secret; none: empty")] = None,
    human: Annotated[str | None, typer.Option(help="Who takes over: a number, or `phone`, a SIP phone")] = None,
    trunk: Annotated[str | None, typer.Option(help=f"Your carrier: {', '.join((NO_TRUNK, *PROFILES))}")] = None,
    trunk_host: Annotated[str | None, typer.Option(help="Its host, where the profile does not know it")] = None,
    trunk_proxy: Annotated[str | None, typer.Option(help="Its outbound proxy, where it gave you one")] = None,
    trunk_username: Annotated[str | None, typer.Option(help="Your account there")] = None,
    trunk_password: Annotated[
        str | None, typer.Option(envvar="SETUP_TRUNK_PASSWORD", help="Better in the environment than here")
    ] = None,
    external_address: Annotated[str | None, typer.Option(help="This machine's public address, behind NAT")] = None,
    folder: Annotated[Path, typer.Option(help="Where .env is, or will be")] = Path(),
    yes: Annotated[bool, typer.Option("--yes", help="Change files that exist without asking")] = False,
    no_input: Annotated[bool, typer.Option("--no-input", help="Ask nothing: what is not given is as it is")] = False,
) -> None:
    """Ask a few questions, write .env, routes.toml and trunks.toml, and test each answer.

    What exists is changed only after asking. Exit status 1: something that was tested does not work yet.
    """
    asking = Asking(not no_input and sys.stdin.isatty())
    before = _before(folder)
    adapter_of(bot_protocol)
    profile = asking.text(trunk, f"Carrier ({', '.join((NO_TRUNK, *PROFILES))})", NO_TRUNK, writing.read_profile)
    account = profile != NO_TRUNK
    answers = Answers(
        number=asking.text(number, "Your telephone number", before.phone_number, writing.read_number),
        bot_url=asking.text(bot, "The bot's address", before.bot_url, writing.read_bot),
        bot_token=asking.secret(bot_token, "Its secret (none: just Enter)") or before.bot_token.get_secret_value(),
        bot_protocol=bot_protocol,
        human=asking.text(human, "Who takes over (a number, or phone)", SIP_PHONE, writing.read_human),
        profile=profile,
        trunk_host=asking.text(trunk_host, "Carrier's host", "", writing.read_host)
        if account and (trunk_host or writing.needs_host(profile))
        else "",
        trunk_proxy=asking.text(trunk_proxy, "Carrier's outbound proxy", "", writing.read_host)
        if account and (trunk_proxy or writing.needs_proxy(profile))
        else "",
        trunk_username=asking.text(trunk_username, "User name there", "", str) if account else "",
        trunk_password=asking.secret(trunk_password, "Password there") if account else "",
        external_address=asking.text(external_address, "Public address, behind NAT (none: just Enter)", "", _address),
    )
    written = files.write(files.wanted(answers, folder), _agree(asking, yes=yes), typer.echo)
    with contextlib.chdir(folder):
        found = asyncio.run(_tested(answers))
    CONSOLE.print(table(found))
    if written and files.in_compose(folder):
        typer.echo("Now: docker compose up --detach --wait, and docker compose exec controller ari-controller doctor")
    raise typer.Exit(1 if any(finding.level is Level.FAULT for finding in found) else 0)


def _before(folder: Path) -> Settings:
    """What is set already is the answer that Enter gives."""
    defaults = (
        {"BOT_URL": DEMO_BOT} if files.in_compose(folder) and "BOT_URL" not in read_env_file(folder / ".env") else {}
    )
    settings = load({**defaults, **os.environ}, folder / ".env")
    logs.configure("error", settings.log_format)
    return settings


def _address(text: str) -> str:
    if text and not writing.HOST.fullmatch(text):
        raise SettingError("--external-address", f"{text!r} is no address", "Write it like 203.0.113.7")
    return text


def _agree(asking: Asking, *, yes: bool) -> files.Agree:
    return lambda question: yes or (asking.asks and typer.confirm(question, default=False))


async def _tested(answers: Answers) -> list[Finding]:
    """In the order of a call, by what the files say now: one that was not to be changed counts as it is."""
    settings = load(os.environ, Path(".env"))
    return [*await _asterisk(settings), *await _trunk(settings), *_route(settings, answers), *await _bots(settings)]


async def _asterisk(settings: Settings) -> list[Finding]:
    seen = await look_asterisk.asterisk(settings)
    if seen.problem and files.in_compose(Path()):
        return [skipped(Area.ASTERISK, "reached from its own containers only: the doctor tells once they run")]
    return list(asterisk_checks.reachable(seen))


async def _trunk(settings: Settings) -> list[Finding]:
    """A controller that runs takes the new file at once, and registers: that is waited for."""
    seen = TrunksSeen()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(REGISTER_SECONDS):
            while True:
                seen = await look_trunks.trunks(settings, (await look_asterisk.controller(settings)).url)
                if seen.unseen or seen.problem or not _busy(seen):
                    break
                await asyncio.sleep(LOOK_SECONDS)
    return list(trunk_checks.trunks(seen))


def _busy(seen: TrunksSeen) -> bool:
    """The file is read within a second, and an answer to a registration takes one more."""
    registering = any(trunk.state is TrunkState.REGISTERING for trunk in seen.trunks)
    return bool(seen.source) and (registering or not seen.trunks)


def _route(settings: Settings, answers: Answers) -> list[Finding]:
    """Where a call to the number goes."""
    try:
        routes = load_routes(settings)
    except ControllerError as error:
        return [Finding(Area.ROUTES, Level.FAULT, str(error), mend="Correct the file")]
    arrival = Arrival("trunk", "+491713920012", "", answers.number, "", writing.TRUNK, {})
    told = explain(Router(routes), arrival, datetime.now(UTC))
    way = ", then ".join(rung.rung for rung in told.rungs)
    return [Finding(Area.ROUTES, Level.GOOD, f"a call to {answers.number} takes the route {told.route}: {way}")]


async def _bots(settings: Settings) -> list[Finding]:
    try:
        routes = load_routes(settings)
    except ControllerError:
        routes = routes_of_settings(settings)
    found: list[Finding] = []
    for seen in await look_bots.bots(routes, call=True):
        inside = seen.state is bot_checks.BotState.AWAY and files.in_compose(Path())
        found += [skipped(Area.BOT, f"{seen.detail}: the containers may reach it")] if inside else bot_checks.bot(seen)
    return found
