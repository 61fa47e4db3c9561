"""From the text of a routes.toml to routes, or to everything that is wrong with it."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from controller.routing import patterns, tables
from controller.routing.calendar import Calendar
from controller.routing.calendar_reading import read_calendar, zone_of
from controller.routing.ladder_reading import LadderReading, checked
from controller.routing.locate import Path
from controller.routing.matching import Condition, Criterion, RouteIndex
from controller.routing.numbers import WITHHELD
from controller.routing.problems import Findings, Problem, RoutesError, nearest
from controller.routing.route import Destination, Fence, HumanRung, Keep, QueueRung, ReferRung, Route
from controller.routing.routes import UTC_ZONE, Routes
from controller.routing.surroundings import Surroundings
from controller.routing.webhook import DEFAULT_TARGET, Target, key_of

Model = TypeVar("Model", bound=BaseModel)

SECTIONS: Final = (
    "defaults", "limits", "fence", "callers", "trunks", "webhooks", "bots", "humans", "calendars", "routes"
)  # fmt: skip
COMBINATIONS_MAX: Final = 100_000
"""Of the alternatives of one route: each takes some 200 bytes of the index."""

_LIST_NAME: Final = re.compile(r"[A-Za-z_]")
_TOML_PLACE: Final = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)")


def read_routes(text: str, source: str, around: Surroundings) -> Routes:
    """Raises RoutesError with all problems at once."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RoutesError(source, [syntax_problem(source, str(error), text)]) from error
    findings = Findings(source, text)
    routes = _Reading(document, source, around, findings).read()
    if findings.problems:
        raise RoutesError(source, sorted(findings.problems, key=lambda problem: problem.line))
    return routes


def syntax_problem(source: str, message: str, text: str) -> Problem:
    place = _TOML_PLACE.search(message)
    line = int(place[1]) if place and place[1] else text.count("\n") + 1
    return Problem(source, line, "", f"is not TOML: {_TOML_PLACE.sub('', message)}", "See https://toml.io")


@dataclass(frozen=True, slots=True)
class _Common:
    """What the routes of a file share."""

    defaults: tables.DefaultsTable
    fence: Fence
    ladders: LadderReading
    callers: Mapping[str, list[str]]


class _Reading:
    def __init__(self, document: dict[str, Any], source: str, around: Surroundings, findings: Findings) -> None:
        self._document = document
        self._source = source
        self._around = around
        self._findings = findings

    def read(self) -> Routes:
        """Only to be used if there are no findings."""
        self._check_sections()
        defaults = self._table("defaults", tables.DefaultsTable)
        limits = self._table("limits", tables.LimitsTable)
        country = defaults.country or ""
        zone = self._zone(defaults)
        fence = to_fence(self._table("fence", tables.FenceTable), country)
        ladders = LadderReading(self._document, fence, self._around, self._findings)
        if defaults.human and defaults.human not in ladders.human_names:
            self._findings.add_unknown(("defaults", "human"), "human", defaults.human, ladders.human_names)
        calendars = self._calendars(zone)
        index = RouteIndex()
        routes = tuple(self._routes(_Common(defaults, fence, ladders, self._callers()), index))
        return Routes(
            routes=routes,
            index=index,
            source=self._source,
            calendars=calendars,
            country=country,
            trunk_countries=self._trunks(),
            zone=zone or next((calendar.zone for calendar in calendars.values()), UTC_ZONE),
            calls_max=limits.calls_max,
            webhooks=tuple(self._webhooks()),
        )

    def _check_sections(self) -> None:
        for key, value in self._document.items():
            if key not in SECTIONS:
                self._findings.add((key,), "this key is not known", nearest(key, SECTIONS))
            elif key == "routes" and not (isinstance(value, list) and all(isinstance(one, dict) for one in value)):
                self._findings.add((key,), "is a list of tables", "Write [[routes]], in double brackets")
            elif key != "routes" and not isinstance(value, dict):
                self._findings.add((key,), "is a table", f"Write [{key}]")
            elif key in ("bots", "humans", "calendars", "trunks", "webhooks"):
                for name, inner in value.items():
                    if not isinstance(inner, dict):
                        self._findings.add((key, name), "is a table with a name", f"Write [{key}.{name}]")

    def _section(self, name: str) -> dict[str, Any]:
        value = self._document.get(name, {})
        return value if isinstance(value, dict) else {}

    def _table(self, name: str, model: type[Model]) -> Model:
        """What is wrong in it does not keep us from looking at what refers to the rest of it."""
        raw = self._section(name)
        table = checked(model, raw, (name,), self._findings)
        if table is None:
            wrong = {error["loc"][0] for error in _errors(model, raw)}
            table = model.model_validate({key: value for key, value in raw.items() if key not in wrong})
        return table

    def _zone(self, defaults: tables.DefaultsTable) -> ZoneInfo | None:
        """None: calendars have to name their own. One that is not known has been said, and is not said of each."""
        if not defaults.time_zone:
            return None
        return zone_of(defaults.time_zone, ("defaults", "time_zone"), self._findings) or UTC_ZONE

    def _trunks(self) -> dict[str, str]:
        found = {}
        for name, raw in self._section("trunks").items():
            table = checked(tables.TrunkTable, raw, ("trunks", name), self._findings)
            if table:
                found[name] = table.country
        return found

    def _webhooks(self) -> Iterator[Target]:
        for name, raw in self._section("webhooks").items():
            path = ("webhooks", name)
            table = checked(tables.WebhookTable, raw, path, self._findings) if isinstance(raw, dict) else None
            if name == DEFAULT_TARGET:
                self._findings.add(path, "is the name of the target that WEBHOOK_URL makes", "Choose another")
            if table:
                yield Target(name, table.url, self._signing_secret(table.secret, path), frozenset(table.events))

    def _signing_secret(self, table: tables.SecretTable, path: Path) -> str:
        secret = self._around.secret(table.env, table.file, (*path, "secret"), self._findings)
        if secret:
            try:
                key_of(secret)
            except ValueError as error:
                mend = "Make one: echo whsec_$(openssl rand -base64 32)"
                self._findings.add((*path, "secret"), f"cannot sign: {error}", mend)
        return secret

    def _targets_of(self, table: tables.RouteTable, path: Path) -> frozenset[str] | None:
        if table.webhooks is None:
            return None
        known = set(self._section("webhooks"))
        for number, name in enumerate(table.webhooks):
            where = (*path, "webhooks", number)
            if name == DEFAULT_TARGET:
                if not any(self._around.environment.get(url) for url in ("WEBHOOK_URL", "WEBHOOK_URL_FILE")):
                    self._findings.add(where, "WEBHOOK_URL is not set, which makes this target", "Set it in .env")
            elif name not in known:
                self._findings.add_unknown(where, "webhook", name, known)
        return frozenset(table.webhooks)

    def _callers(self) -> dict[str, list[str]]:
        found = {}
        for name, numbers in self._section("callers").items():
            path = ("callers", name)
            if not _LIST_NAME.match(name) or name == WITHHELD:
                self._findings.add(path, f"{name!r} cannot be the name of a list", "Begin it with a letter")
            if isinstance(numbers, list) and all(isinstance(number, str) for number in numbers):
                found[name] = numbers
            else:
                self._findings.add(path, "is a list of numbers, as texts", f'Write {name} = ["+493023125100"]')
        return found

    def _calendars(self, zone: ZoneInfo | None) -> dict[str, Calendar]:
        found = {}
        for name, raw in self._section("calendars").items():
            calendar = read_calendar(name, raw, zone, self._findings) if isinstance(raw, dict) else None
            if calendar:
                found[name] = calendar
        return found

    # --- routes ---------------------------------------------------------------------------------------------

    def _routes(self, common: _Common, index: RouteIndex) -> Iterator[Route]:
        names: set[str] = set()
        has_default = False
        raws = self._document.get("routes", [])
        for number, raw in enumerate(raws if isinstance(raws, list) else []):
            path: Path = ("routes", number)
            has_default = has_default or (isinstance(raw, dict) and not raw.get("match"))
            table = checked(tables.RouteTable, raw, path, self._findings) if isinstance(raw, dict) else None
            if table is None:
                continue
            if table.name in names:
                self._findings.add((*path, "name"), f"there are two routes {table.name!r}", "Rename one")
            names.add(table.name)
            route = self._route(table, path, common)
            self._file(route, table, path, common, index)
            yield route
        if not has_default:
            self._findings.add(("routes",), "no route is for calls that match no other", "Add one without match")

    def _file(self, route: Route, table: tables.RouteTable, path: Path, common: _Common, index: RouteIndex) -> None:
        before = len(self._findings.problems)
        match = _MatchReading(self._findings, (*path, "match"), common.defaults.country or "", common.callers)
        conditions = match.read(table.match)
        if len(self._findings.problems) > before:
            return
        if prod(map(len, conditions.values())) > COMBINATIONS_MAX:
            mend = "Split the route, or write patterns such as +4930*"
            self._findings.add((*path, "match"), f"has more than {COMBINATIONS_MAX} combinations", mend)
            return
        earlier = index.add(route, conditions)
        if earlier:
            what = f"route {earlier.name!r} takes the same calls"
            self._findings.add((*path, "match"), what, "Make them differ, or join them")

    def _route(self, table: tables.RouteTable, path: Path, common: _Common) -> Route:
        ladders = common.ladders
        rungs = [ladders.rung(raw, (*path, "ladder", number)) for number, raw in enumerate(table.ladder)]
        ladder = tuple(rung for rung in rungs if rung)
        wanted = ladders.human_names if table.humans is None else table.humans
        for number, name in enumerate(table.humans or ()):
            if name not in ladders.human_names:
                self._findings.add_unknown((*path, "humans", number), "human", name, ladders.human_names)
        if table.human and table.human not in ladders.human_names:
            self._findings.add_unknown((*path, "human"), "human", table.human, ladders.human_names)
        destinations = ladders.destinations
        first = next((rung for rung in ladder if isinstance(rung, HumanRung | ReferRung | QueueRung)), None)
        human: Destination | None = destinations.get(table.human or common.defaults.human, first)
        return Route(
            name=table.name,
            ladder=ladder,
            human=human,
            humans={name: destinations[name] for name in wanted if name in destinations},
            escape=common.defaults.escape if table.escape is None else table.escape,
            calls_max=table.calls_max,
            language=table.language or common.defaults.language,
            fence=to_fence(table.fence, common.defaults.country or "") if table.fence else common.fence,
            recording=ladders.recording(table.recording, (*path, "recording")),
            metadata=table.metadata,
            webhooks=self._targets_of(table, path),
            keep=Keep(**table.keep.model_dump()),
            trunk=table.trunk or "",
        )


class _MatchReading:
    """From `match` to conditions."""

    def __init__(self, findings: Findings, path: Path, country: str, callers: Mapping[str, list[str]]) -> None:
        self._findings = findings
        self._path = path
        self._country = country
        self._callers = callers

    def read(self, table: tables.MatchTable) -> dict[Criterion, tuple[Condition, ...]]:
        found = {
            Criterion.FROM: [one for index, text in self._each(table.from_, "from") for one in self._from(text, index)],
            Criterion.COUNTRY: [Condition(patterns.Pattern(code, len(code))) for code in table.country or ()],
            Criterion.HEADER: list(self._headers(table.header or {})),
            Criterion.FORWARDED_FROM: self._numbers(table.forwarded_from, "forwarded_from"),
            Criterion.TO: self._numbers(table.to, "to"),
            Criterion.TRUNK: [Condition(patterns.Pattern(name, len(name))) for name in table.trunk or ()],
        }
        return {criterion: tuple(conditions) for criterion, conditions in found.items() if conditions}

    def _each(self, values: list[str] | None, key: str) -> list[tuple[Path, str]]:
        return [((*self._path, key, index), value) for index, value in enumerate(values or ())]

    def _numbers(self, values: list[str] | None, key: str) -> list[Condition]:
        found = [self._number(text, path) for path, text in self._each(values, key)]
        return [one for one in found if one]

    def _from(self, text: str, path: Path) -> Iterator[Condition]:
        if text == WITHHELD:
            yield Condition(patterns.Pattern(WITHHELD, len(WITHHELD)))
        elif not _LIST_NAME.match(text):
            found = self._number(text, path)
            if found:
                yield found
        elif text in self._callers:
            for index, number in enumerate(self._callers[text]):
                found = self._number(number, ("callers", text, index), f"in {text}")
                if found:
                    yield found
        else:
            mend = nearest(text, [*self._callers, WITHHELD], f'Add it to [callers]: {text} = ["+49…"]')
            self._findings.add(path, f"there is no list of callers {text!r}", mend)

    def _number(self, text: str, path: Path, said: str = "") -> Condition | None:
        try:
            pattern = patterns.parse_number(text, self._country)
        except ValueError as error:
            self._findings.add(path, str(error), "Write +493023125100, +4930231251XX or +4930*")
            return None
        return Condition(pattern, said=said)

    def _headers(self, headers: Mapping[str, list[str]]) -> Iterator[Condition]:
        for name, values in headers.items():
            for index, value in enumerate(values):
                literal = value.removesuffix("*")
                if not value or "*" in literal:
                    what = f"{value!r} is no pattern"
                    self._findings.add((*self._path, "header", name, index), what, "* stands at the end only")
                    continue
                length = len(literal) if literal == value else patterns.ANY_LENGTH
                yield Condition(patterns.Pattern(literal, length), name=name.lower())


def _errors(model: type[BaseModel], raw: Mapping[str, Any]) -> list[ErrorDetails]:
    try:
        model.model_validate(raw)
    except ValidationError as error:
        return error.errors()
    return []


def to_fence(table: tables.FenceTable, country: str) -> Fence:
    """As the route has it."""
    return Fence(
        prefixes=tuple(table.prefixes),
        endpoints=tuple(table.endpoints),
        queues=tuple(table.queues),
        dial=table.dial,
        dial_uri=table.dial_uri,
        refer=table.refer,
        country=country,
        per_call_max=table.per_call_max,
        per_minute_max=table.per_minute_max,
    )
