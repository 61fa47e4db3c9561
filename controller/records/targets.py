"""Who is told of what: the targets of webhooks, and what a route lets be kept at all. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from controller.records.events import Event, EventType

EVENTS_BY_DEFAULT: Final = frozenset(EventType) - {EventType.CALL_STEP, EventType.LOG}
"""What a target gets that names no types: what came of calls, and not how the controller or the bot went about it."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where events go. `name` is what the outbox remembers: a URL may change while messages wait for it."""

    name: str
    url: str
    secret: str = field(repr=False)
    events: frozenset[EventType] = EVENTS_BY_DEFAULT
    routes: frozenset[str] = frozenset()
    """Empty: of all routes."""

    def wants(self, event: Event) -> bool:
        """Whether this event is for this target."""
        return event.type in self.events and (not self.routes or event.route in self.routes)


@dataclass(frozen=True, slots=True)
class RoutePolicy:
    """What is kept of the calls of a route. What is not kept is told to nobody either."""

    transcripts: bool = True
    digits: bool = True
    """The keys that callers press: a PIN, a card number."""
    logs: bool = True


KEEP_ALL: Final = RoutePolicy()


def messages(targets: Sequence[Target], event: Event) -> list[str]:
    """Names of the targets that get this event."""
    return [target.name for target in targets if target.wants(event)]
