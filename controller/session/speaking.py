"""Who speaks in each call, as the media workers say it: told on, and kept nowhere."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from controller.call.call import Call
from controller.call.vocabulary import State
from controller.media.control_messages import Speaking
from controller.session.bot_legs import MediaWorker, parse_session_id


@dataclass(frozen=True, slots=True)
class Known:
    """The latest word, and whose it is."""

    attempt: int
    speaking: Speaking
    worker: MediaWorker


@dataclass(frozen=True, slots=True)
class Change:
    """News. None: the worker does not hear this call any more."""

    call_id: str
    route: str
    speaking: Speaking | None


class WhoSpeaks:
    """`route_of` names the route of a call, None of one that is over; `on_changed` is told what is news."""

    def __init__(self, route_of: Callable[[str], str | None]) -> None:
        self.on_changed: Callable[[list[Change]], None] = lambda _: None
        self._route_of = route_of
        self._known: dict[str, Known] = {}

    def of(self, call: Call) -> Speaking | None:
        """None where nobody can say: a worker hears the caller only while they are with a bot."""
        known = self._known.get(call.id) if call.state is State.TALKING else None
        return known.speaking if known else None

    def heard(self, worker: MediaWorker, sessions: Mapping[str, Speaking | None]) -> None:
        """A worker says what has changed in some sessions; names that are not ours are passed over."""
        changed = []
        for session, speaking in sessions.items():
            try:
                call_id, attempt = parse_session_id(session)
            except ValueError:
                continue
            before = self._known.get(call_id)
            if before and before.attempt > attempt:
                continue  # late news of an earlier bot's
            if speaking is None or self._route_of(call_id) is None:
                self._known.pop(call_id, None)
            else:
                self._known[call_id] = Known(attempt, speaking, worker)
            if speaking is not (before.speaking if before else None):
                changed.append(call_id)
        self._tell(changed)

    def lost(self, worker: MediaWorker) -> None:
        """The link to a worker is down: nothing is known of what it hears."""
        gone = [call_id for call_id, known in self._known.items() if known.worker is worker]
        for call_id in gone:
            del self._known[call_id]
        self._tell(gone)

    def _tell(self, changed: list[str]) -> None:
        """Of a call that is over its end has been told already."""
        changes = []
        for call_id in changed:
            route, known = self._route_of(call_id), self._known.get(call_id)
            if route is not None:
                changes.append(Change(call_id, route, known.speaking if known else None))
        if changes:
            self.on_changed(changes)
