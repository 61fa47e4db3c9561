"""Where calls go: the routes, what a call would do, and what is closed by switch."""

from dataclasses import asdict
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Final

from pydantic import AwareDatetime, Field, StringConstraints

from controller.api.models import Name
from controller.api.operations import Asked, Model, Nothing, Operation
from controller.api.parts import Parts
from controller.api.problems import Mistake, Problem
from controller.api.tokens import Role
from controller.routing.closures import ALL, Closure
from controller.routing.route import AnyRung, Arrival, Route

KIND_SUFFIX: Final = "Rung"
"""Ends the names of the classes of rungs."""

Header = Annotated[str, StringConstraints(max_length=1_000)]


class Rung(Model):
    """One step of a ladder."""

    kind: str
    """bot, human, refer, queue, voicemail, callback, announcement or busy."""
    text: str
    """As records have it."""
    on: list[str]
    """Triggers that may lead here; none: any."""
    hours: str
    """Calendar outside of which it is passed over; empty: none."""
    closed: str | None = None
    """Why it would be passed over at the time of the question; null: it would not."""

    @classmethod
    def of(cls, rung: AnyRung, closed: str | None = None) -> "Rung":
        kind = type(rung).__name__.removesuffix(KIND_SUFFIX).lower()
        return cls(kind=kind, text=str(rung), on=sorted(rung.on), hours=rung.hours, closed=closed)


class RouteInfo(Model):
    """One route: its ladder, and the humans whom its bot can ask for."""

    name: str
    language: str
    ladder: list[Rung]
    humans: list[str]
    escape: str
    """The digit with which a caller leaves the bot."""
    calls_max: int
    """At a time; 0: no limit."""
    recording: str
    """off, always or on_demand."""

    @classmethod
    def of(cls, route: Route) -> "RouteInfo":
        return cls(
            name=route.name,
            language=route.language,
            ladder=[Rung.of(rung) for rung in route.ladder],
            humans=sorted(route.humans),
            escape=route.escape,
            calls_max=route.calls_max,
            recording=route.recording.mode,
        )


class RouteList(Model):
    """All routes, as they stand in their file."""

    source: str
    """The file, or where else they come from."""
    calendars: list[str]
    routes: list[RouteInfo]


class Question(Model):
    """A call that might come."""

    to_number: Name = ""
    from_number: Name = ""
    from_name: Name = ""
    forwarded_from: Name = ""
    trunk: Name = ""
    headers: Annotated[dict[str, Header], Field(max_length=50, default_factory=dict)]
    """SIP headers that routes may look at."""
    at: AwareDatetime | None = None
    """Null: now."""


class Decided(Model):
    """Where that call would go."""

    route: str
    reason: str
    ladder: list[Rung]


class ClosedNow(Model):
    """A switch that closes."""

    calendar: str
    """Empty: all of them."""
    until: datetime
    reason: str

    @classmethod
    def of(cls, closure: Closure) -> "ClosedNow":
        return cls.model_validate(asdict(closure))


class ClosedList(Model):
    """Everything that is closed by switch now."""

    closed: list[ClosedNow]


class Close(Model):
    """Until when, and why."""

    until: AwareDatetime
    reason: Annotated[str, StringConstraints(max_length=500)] = ""
    calendar: Name = ALL
    """Of routes.toml; empty: all of them."""


class OpenQuery(Model):
    """What to open."""

    calendar: Name = ALL
    """Empty: all of them."""


async def list_routes(parts: Parts, _asked: Asked[Nothing, Nothing]) -> RouteList:
    routes = parts.router.routes
    shown = [RouteInfo.of(route) for route in routes.routes]
    return RouteList(source=routes.source, calendars=sorted(routes.calendars), routes=shown)


async def decide_route(parts: Parts, asked: Asked[Nothing, Question]) -> Decided:
    question = asked.body
    arrival = Arrival(
        origin="trunk",
        from_number=question.from_number,
        from_name=question.from_name,
        to_number=question.to_number,
        forwarded_from=question.forwarded_from,
        trunk=question.trunk,
        headers={name.lower(): value for name, value in question.headers.items()},
    )
    decision = parts.router.decide(arrival, question.at or datetime.now(UTC))
    ladder = [Rung.of(rung, decision.closed.get(place)) for place, rung in enumerate(decision.route.ladder)]
    return Decided(route=decision.route.name, reason=decision.reason, ladder=ladder)


async def show_closed(parts: Parts, _asked: Asked[Nothing, Nothing]) -> ClosedList:
    return _closed(parts)


def _closed(parts: Parts) -> ClosedList:
    current = parts.closures.current.current(datetime.now(UTC))
    return ClosedList(closed=[ClosedNow.of(closure) for closure in current.by_calendar.values()])


async def close_now(parts: Parts, asked: Asked[Nothing, Close]) -> ClosedList:
    """The file is small, and written by people's hands: it may be waited for."""
    wanted = asked.body
    if wanted.until <= datetime.now(UTC):
        raise _unfit("until", "that is over already")
    _check_calendar(parts, wanted.calendar)
    parts.closures.close(Closure(wanted.calendar, wanted.until, wanted.reason))
    return _closed(parts)


async def open_now(parts: Parts, asked: Asked[OpenQuery, Nothing]) -> ClosedList:
    _check_calendar(parts, asked.query.calendar)
    parts.closures.open(asked.query.calendar)
    return _closed(parts)


def _check_calendar(parts: Parts, calendar: str) -> None:
    known = parts.router.routes.calendars
    if calendar != ALL and calendar not in known:
        raise _unfit("calendar", f"there is no calendar {calendar!r}: there are {', '.join(sorted(known)) or 'none'}")


def _unfit(where: str, problem: str) -> Problem:
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, problem, mistakes=[Mistake(where=where, problem=problem)])


OPERATIONS = (
    Operation("GET", "/v1/routes", Role.READ, list_routes, "The routes", RouteList),
    Operation(
        "POST", "/v1/routes/decide", Role.READ, decide_route, "Where a call would go, and why", Decided, body=Question,
    ),
    Operation("GET", "/v1/closed", Role.READ, show_closed, "What is closed by switch", ClosedList),
    Operation(
        "PUT", "/v1/closed", Role.OPERATE, close_now, "Close a calendar, or all, until a time", ClosedList, body=Close,
        problems=(503,),
    ),
    Operation(
        "DELETE", "/v1/closed", Role.OPERATE, open_now, "Take that back", ClosedList, query=OpenQuery, problems=(503,),
    ),
)  # fmt: skip
