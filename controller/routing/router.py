"""From an arrival to a decision."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from controller.config import Settings
from controller.routing.closures import Closures
from controller.routing.matching import RouteIndex
from controller.routing.route import Arrival, BotRung, Decision, HumanRung, Route
from controller.routing.routes import Routes

DEFAULT_ROUTE: Final = "default"
NOTHING_CLOSED: Final = Closures()


class Router:
    """Knows the routes and what is closed for now; both can be replaced at any time. Calls keep what they have."""

    def __init__(self, routes: Routes, closures: Closures = NOTHING_CLOSED) -> None:
        self.routes = routes
        self.trunk_countries: Mapping[str, str] = {}
        """Where numbers without a country code are at home that come by a certain trunk, as trunks.toml says."""
        self.closures = closures

    def close(self, closures: Closures) -> None:
        """From now on, this is closed by switch, and nothing else."""
        self.closures = closures

    def decide(self, arrival: Arrival, at: datetime) -> Decision:
        """Where a call goes that arrives at a moment (aware)."""
        facts = self.routes.facts(arrival, self.trunk_countries)
        matched = self.routes.match(facts)
        if matched is None:
            raise LookupError(f"{self.routes.source} has no default route, which is checked when it is read")
        closed = {}
        for index, rung in enumerate(matched.route.ladder):
            if rung.hours:
                is_open, reason = self.routes.state(rung.hours, at, self.closures)
                if not is_open:
                    closed[index] = reason
        called = arrival.to_number or "any number"
        return Decision(matched.route, matched.reason or f"the default route, for {called} by {arrival.origin}", closed)


def routes_of_settings(settings: Settings) -> Routes:
    """The one route there is without a routes.toml: the bot, then the human."""
    human = HumanRung(settings.human_endpoint, settings.human_ring_seconds)
    bot = BotRung(
        url=settings.bot_url,
        token=settings.bot_token.get_secret_value(),
        audio=settings.bot_audio,
        uplink_ms=settings.bot_uplink_ms,
        voice=settings.bot_voice,
        accept_seconds=settings.bot_accept_seconds,
        reconnect_seconds=settings.bot_reconnect_seconds,
        multiplex=settings.bot_multiplex,
        transport=settings.media_transport,
    )
    route = Route(DEFAULT_ROUTE, ladder=(bot, human), human=human)
    index = RouteIndex()
    index.add(route, {})
    return Routes((route,), index, source="the settings")
