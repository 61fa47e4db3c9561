"""How far our audio is ahead of an Asterisk that takes it out of a queue of its own. Pure.

chan_websocket queues what it gets and plays a frame every 20 ms of its own clock. Whatever makes that queue longer,
a burst after a pause, another clock's drift, stays in it as delay for the rest of the call, unless less is sent.
"""

from typing import Final

FRAME_SECONDS: Final = 0.020
"""Asterisk plays one frame in this time."""

QUIET_FRAMES: Final = 1.5
"""Silence is sent below this only: one frame more than is being played, so that a late tick makes no gap."""

AHEAD_FRAMES_MAX: Final = 3.5
"""Speech is sent below this, for up to 90 ms after it. What has to wait stays where `clear` and marks reach it."""


class Pace:
    """Counts the frames that Asterisk has and has not played, by the clock and by what Asterisk says of its queue."""

    def __init__(self, now: float) -> None:
        self._ahead = 0.0
        self._counted_at = now

    def ahead(self, now: float) -> float:
        """How many frames wait in Asterisk."""
        played = (now - self._counted_at) / FRAME_SECONDS
        self._ahead, self._counted_at = max(0.0, self._ahead - played), now
        return self._ahead

    def room(self, now: float, *, speech: bool) -> bool:
        """Whether one more frame may be sent."""
        return self.ahead(now) < (AHEAD_FRAMES_MAX if speech else QUIET_FRAMES)

    def sent(self, now: float) -> None:
        """One frame more."""
        self._ahead = self.ahead(now) + 1

    def told(self, frames: int, now: float) -> None:
        """Asterisk has counted its queue; 0 after it was emptied."""
        self._ahead, self._counted_at = float(frames), now
