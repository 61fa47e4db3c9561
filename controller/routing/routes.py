"""All routes of a controller, as read from routes.toml or made from the settings."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from controller.routing.calendar import Calendar, State
from controller.routing.closures import Closures
from controller.routing.matching import Facts, Matched, RouteIndex
from controller.routing.numbers import country_of, normalise
from controller.routing.route import Arrival, BotRung, Route, Sound
from controller.routing.webhook import Target

UTC_ZONE = ZoneInfo("UTC")
NO_COUNTRIES: Final[Mapping[str, str]] = {}


@dataclass(frozen=True, slots=True)
class Routes:
    """Never changed: a new file makes new ones."""

    routes: tuple[Route, ...]
    """As they stand in the file; the default route is among them."""
    index: RouteIndex
    source: str
    """The file, or where else they come from."""
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    country: str = ""
    """Where numbers without a country code are at home."""
    trunk_countries: Mapping[str, str] = field(default_factory=dict)
    """The same, for calls that come by a certain trunk."""
    zone: ZoneInfo = UTC_ZONE
    """In which times are written where no calendar is meant."""
    calls_max: int = 0
    """At a time, of all routes; 0: no limit."""
    webhooks: tuple[Target, ...] = ()
    """Who is told of calls, beside the one of the settings."""

    def facts(self, arrival: Arrival, trunk_countries: Mapping[str, str] = NO_COUNTRIES) -> Facts:
        """What a route can match by. `trunk_countries`: of trunks of which this file says nothing."""
        country = self.trunk_countries.get(arrival.trunk) or trunk_countries.get(arrival.trunk, self.country)
        caller = normalise(arrival.from_number, country)
        return Facts(
            caller=caller,
            country=country_of(caller),
            headers=arrival.headers,
            forwarded_from=normalise(arrival.forwarded_from, country),
            to=normalise(arrival.to_number, country),
            trunk=arrival.trunk,
        )

    def match(self, facts: Facts) -> Matched | None:
        return self.index.find(facts)

    def state(self, calendar: str, at: datetime, closures: Closures) -> State:
        """Of a calendar at a moment, in words that name it."""
        found = self.calendars[calendar]
        closure = closures.at(calendar, at)
        open_, reason = State(False, closure.words(found.zone)) if closure else found.state(at)
        return State(open_, f"calendar {calendar}: {reason}")

    def zone_of(self, calendar: str) -> ZoneInfo:
        """In which somebody reads the clock who speaks of a calendar, or of none."""
        return self.calendars[calendar].zone if calendar in self.calendars else self.zone

    def bots(self) -> dict[str, BotRung]:
        """Every bot of every route, by the setting that names its URL."""
        rungs = (rung for route in self.routes for rung in route.ladder if isinstance(rung, BotRung))
        return {f"{self.source}: bots.{rung.name}.url" if rung.name else "BOT_URL": rung for rung in rungs}

    def sounds(self) -> Iterator[Sound]:
        """Every sound of every route, once, with its language: what has to be there before the first call."""
        seen = set()
        for route in self.routes:
            for sound in _sounds_of(route):
                if sound not in seen:
                    seen.add(sound)
                    yield sound


def _sounds_of(route: Route) -> Iterator[Sound]:
    for place in (*route.ladder, route.human, *route.humans.values(), route.recording):
        for one in fields(place) if place is not None else ():
            value = getattr(place, one.name)
            if isinstance(value, Sound):
                yield value if value.language else replace(value, language=route.language)
