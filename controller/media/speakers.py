"""Who speaks in each session, for people who look on: a glance at all of them from time to time."""

from collections.abc import Callable
from typing import Final

from controller.media.asterisk_sockets import AsteriskSockets
from controller.media.audio.activity import GLANCE_MS
from controller.media.control_messages import Speaking
from controller.media.inbound import Inbound
from controller.media.playout import FRAME_MS
from controller.media.rows import Rows
from controller.media.session import Session

GLANCE_TICKS: Final = GLANCE_MS // FRAME_MS

SPEAKING: Final = {
    (False, False): Speaking.NOBODY,
    (True, False): Speaking.CALLER,
    (False, True): Speaking.BOT,
    (True, True): Speaking.BOTH,
}
"""By who is heard: the caller, the bot."""


class Speakers:
    """Of one worker. `on_changed` is called once `take` has something."""

    def __init__(self, inbound: Inbound[Session], rows: Rows[Session], sockets: AsteriskSockets) -> None:
        self.on_changed: Callable[[], None] = lambda: None
        self._inbound = inbound
        self._rows = rows
        self._sockets = sockets
        self._known: dict[str, Speaking] = {}
        """Of every session that is played."""
        self._changed: dict[str, Speaking | None] = {}
        """What nobody was told yet."""
        self._ticks = 0

    def begin(self, session: str) -> None:
        """It is played from now on."""
        if session not in self._known:
            self._note(session, Speaking.NOBODY)
            self.on_changed()

    def forget(self, session: str) -> None:
        """It is over."""
        if self._known.pop(session, None) is not None:
            self._changed[session] = None
            self.on_changed()

    def tick(self, ticks: int, now: float) -> None:
        """So many ticks have passed: perhaps it is time for a glance."""
        self._ticks += ticks
        if self._ticks >= GLANCE_TICKS:
            self._ticks = 0
            self._glance(now)

    def take(self) -> dict[str, Speaking | None]:
        """What has changed since it was last taken."""
        changed, self._changed = self._changed, {}
        return changed

    def tell_all(self) -> None:
        """Somebody new is told: of every session."""
        self._changed = dict(self._known)

    def _glance(self, now: float) -> None:
        for session in {*self._inbound.glance(now), *self._rows.glance(), *self._sockets.glance()}:
            if session.id in self._known:
                self._note(session.id, SPEAKING[self._heard(session)])
        if self._changed:
            self.on_changed()

    def _heard(self, session: Session) -> tuple[bool, bool]:
        if session.socket is not None:
            caller, bot = session.socket.activity["heard"].tolist()
            return caller, bot
        inbound, rows = self._inbound.activity["heard"], self._rows.activity["heard"]
        return session.slot >= 0 and bool(inbound[session.slot]), session.row >= 0 and bool(rows[session.row])

    def _note(self, session: str, speaking: Speaking) -> None:
        self._known[session] = self._changed[session] = speaking
