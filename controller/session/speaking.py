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
    speaking: Speaking | None


class WhoSpeaks:
    """`lasts` says whether a call goes on; `on_changed` is told what is news to those who look at it."""

    def __init__(self, lasts: Callable[[str], bool]) -> None:
        self.on_changed: Callable[[list[Change]], None] = lambda _: None
        self._lasts = lasts
        self._known: dict[str, Known] = {}

    def of(self, call: Call) -> Speaking | None:
        """None where nobody can say: a worker hears the caller only while they are with a bot."""
        known = self._known.get(call.id) if call.state is State.TALKING else None
        return known.speaking if known else None

    def heard(self, worker: MediaWorker, sessions: Mapping[str, Speaking | None]) -> None:
        """A worker says what has changed in some sessions; names that are not ours are passed over."""
        changes = []
        for session, speaking in sessions.items():
            try:
                call_id, attempt = parse_session_id(session)
            except ValueError:
                continue
            before = self._known.get(call_id)
            if before and before.attempt > attempt:
                continue  # late news of an earlier bot's
            if speaking is None or not self._lasts(call_id):
                speaking = None
                self._known.pop(call_id, None)
            else:
                self._known[call_id] = Known(attempt, speaking, worker)
            if speaking is not (before.speaking if before else None) and self._lasts(call_id):
                changes.append(Change(call_id, speaking))
        if changes:
            self.on_changed(changes)

    def lost(self, worker: MediaWorker) -> None:
        """The link to a worker is down: nothing is known of what it hears."""
        gone = [call_id for call_id, known in self._known.items() if known.worker is worker]
        for call_id in gone:
            del self._known[call_id]
        if gone:
            self.on_changed([Change(call_id, None) for call_id in gone])
