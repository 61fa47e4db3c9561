"""`route`: where a call would go. `closed`: what is closed for now."""

import json
from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from controller.closures_file import ClosuresFile, closures_path
from controller.commands.environment import read_settings
from controller.errors import SettingError
from controller.routes_file import load_routes
from controller.routing.closures import ALL, Closure, Closures, parse_until
from controller.routing.explanation import explain
from controller.routing.problems import nearest
from controller.routing.route import Arrival
from controller.routing.router import Router
from controller.routing.routes import Routes


def add_to(cli: typer.Typer) -> None:
    """Give the command line these verbs."""
    cli.command()(route)
    cli.command()(closed)


def route(  # noqa: PLR0913, PLR0917 - its options
    to: Annotated[str, typer.Option(help="Number dialled")] = "",
    caller: Annotated[str, typer.Option("--from", help="Number of the caller; none: withheld")] = "",
    at: Annotated[str, typer.Option(help="When, such as 2026-12-24T18:00; none: now")] = "",
    forwarded_from: Annotated[str, typer.Option(help="Number from which the call was forwarded")] = "",
    header: Annotated[list[str] | None, typer.Option(help="SIP header, NAME=VALUE; several are possible")] = None,
    trunk: Annotated[str, typer.Option(help="Asterisk's endpoint that it comes by")] = "trunk",
    as_json: Annotated[bool, typer.Option("--json", help="For programs")] = False,
) -> None:
    """Say where a call would go, rung by rung, and why."""
    settings = read_settings(quiet=True)
    routes = load_routes(settings)
    router = Router(routes, ClosuresFile(closures_path(settings)).current)
    arrival = Arrival("trunk", caller, "", to, forwarded_from, trunk, _headers(header or []))
    explanation = explain(router, arrival, _moment(at, routes.zone))
    if as_json:
        typer.echo(json.dumps(explanation.for_programs(), ensure_ascii=False, indent=2))
    else:
        typer.echo("\n".join(explanation.lines()))


def closed(
    calendar: Annotated[str, typer.Argument(help="Name of a calendar; none: all of them")] = ALL,
    until: Annotated[str, typer.Option(help="Close until then: 18:00, 2026-12-24 or 2026-12-24T18:00")] = "",
    reason: Annotated[str, typer.Option(help="For the records")] = "",
    reopen: Annotated[bool, typer.Option("--open", help="Take it back")] = False,
) -> None:
    """Close a calendar, or all of them, for now; without options say what is closed. A running controller sees it."""
    settings = read_settings(quiet=True)
    routes = load_routes(settings)
    _refuse_unknown(calendar, routes)
    file = ClosuresFile(closures_path(settings))
    now = datetime.now(UTC)
    if reopen and until:
        raise SettingError("--open", "closing and opening at once", "Leave out --open or --until")
    if reopen:
        file.open(calendar)
    elif until:
        file.close(Closure(calendar, _end(until, now, routes.zone_of(calendar)), reason))
    elif reason:
        raise SettingError("--until", "is missing", "Say until when, such as --until 18:00")
    typer.echo("\n".join(_listed(file.current.current(now), routes)))


def _refuse_unknown(calendar: str, routes: Routes) -> None:
    if calendar != ALL and calendar not in routes.calendars:
        problem = f"{routes.source} has no calendar {calendar!r}"
        raise SettingError("CALENDAR", problem, nearest(calendar, routes.calendars))


def _listed(closures: Closures, routes: Routes) -> list[str]:
    return [
        f"{f'calendar {name}' if name else 'everything'}: {closure.words(routes.zone_of(name))}"
        for name, closure in sorted(closures.by_calendar.items())
    ] or ["nothing is closed by switch"]


def _end(until: str, now: datetime, zone: ZoneInfo) -> datetime:
    try:
        return parse_until(until, now, zone)
    except ValueError as error:
        raise SettingError("--until", str(error), "Write 18:00, 2026-12-24 or 2026-12-24T18:00") from error


def _moment(text: str, zone: ZoneInfo) -> datetime:
    if not text:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise SettingError("--at", f"{text!r} is no time", "Write it as in 2026-12-24T18:00") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _headers(texts: list[str]) -> dict[str, str]:
    found = {}
    for text in texts:
        name, separator, value = text.partition("=")
        if not name or not separator:
            raise SettingError("--header", f"{text!r} is no header", "Write NAME=VALUE")
        found[name.strip().lower()] = value.strip()
    return found
