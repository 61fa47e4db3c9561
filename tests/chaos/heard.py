"""What came back of what a caller said, frame by frame: what is lost, and how long the caller heard nothing. Pure."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from controller.media.playout import FRAME_MS


@dataclass(frozen=True, slots=True)
class Loss:
    """Of one call, from the first frame that came back to the last one said."""

    lost_ms: int
    """Said and never heard again."""
    silent_ms: int
    """The longest time in which nothing came back, beyond the 20 ms between two frames."""
    repeated: int
    foreign: int
    """Frames of another call."""


ROOM: Final = 512
"""Frames for which there is room at first; it grows."""


@dataclass(slots=True)
class Heard:
    """A caller numbers each frame, the bot says all of them back."""

    said: int = 0
    last_said_at_ns: int = 0
    foreign: int = 0
    _back: npt.NDArray[np.uint8] = field(default_factory=lambda: np.zeros(ROOM, np.uint8))
    """How often each frame came back."""
    latest: int = -1
    """The last frame that came back, by number."""
    _first: int = -1
    _last_at_ns: int = 0
    _silent_ns: int = 0

    def say(self, at_ns: int) -> int:
        """The number of the next frame."""
        if self.said == len(self._back):
            self._back = np.concatenate([self._back, np.zeros_like(self._back)])
        self.said += 1
        self.last_said_at_ns = at_ns
        return self.said - 1

    def came_back(self, number: int, at_ns: int) -> None:
        if number >= self.said:
            self.foreign += 1
            return
        if self._first < 0:
            self._first = number
        else:
            self._silent_ns = max(self._silent_ns, at_ns - self._last_at_ns)
        self._last_at_ns = at_ns
        self.latest = max(self.latest, number)
        self._back[number] = min(255, int(self._back[number]) + 1)

    @property
    def up(self) -> bool:
        """Something came back."""
        return self._first >= 0

    @property
    def missing(self) -> int:
        """Frames that have not come back so far."""
        return int((self._back[max(0, self._first) : self.said] == 0).sum())

    @property
    def whole(self) -> bool:
        """The last frame that was said is back."""
        return self.up and bool(self._back[self.said - 1])

    def back_since(self, at_ns: int) -> bool:
        """Something came back after this moment."""
        return self._last_at_ns > at_ns

    def loss(self) -> Loss:
        # Whoever never hears anything again has been in silence up to the last word said.
        silent_ns = max(self._silent_ns, self.last_said_at_ns - self._last_at_ns if self.up else 0)
        repeated = int((self._back[: self.said] > 1).sum())
        return Loss(self.missing * FRAME_MS, max(0, silent_ns // 1_000_000 - FRAME_MS), repeated, self.foreign)
