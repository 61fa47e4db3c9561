"""Who is told of an event: the targets that its route names. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from controller.records.events import Event
from controller.routing.webhook import Target


@dataclass(frozen=True, slots=True)
class Audience:
    """All targets of webhooks, and which of them the routes are for."""

    targets: tuple[Target, ...] = ()
    of_routes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Names of targets, by the name of the route; a route that is not here tells all of them."""

    def names(self, event: Event) -> list[str]:
        """Of the targets that get this event."""
        chosen = self.of_routes.get(event.route)
        return [
            target.name
            for target in self.targets
            if event.type in target.events and (chosen is None or target.name in chosen)
        ]

    def followed_by(self, later: "Audience") -> "Audience":
        """The later one; routes that it does not know any more may have calls in progress, which keep what they had."""
        return Audience(later.targets, {**self.of_routes, **later.of_routes})


NOBODY: Final = Audience()
