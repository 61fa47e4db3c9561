"""What the bot has sent and the caller has not yet heard: bytes of one call, with marks between them."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

BYTES_PER_MS: Final = 8
"""G.711: 8,000 samples of one byte a second."""

FRAME_MS: Final = 20
FRAME_BYTES: Final = FRAME_MS * BYTES_PER_MS
"""One tick, one packet: what Asterisk sends and what every phone expects."""

PLAYOUT_MS_MAX: Final = 60_000
"""A bot may send this far ahead of the caller's ear: the longest announcement, and 480 kB of one call's memory."""

MARKS_MAX: Final = 1_000
"""Marks that wait in one call: more than one for each tick of audio that sounds like speech, no flood."""

MarkT = TypeVar("MarkT")


@dataclass(frozen=True, slots=True)
class Discarded(Generic[MarkT]):
    """What `clear` threw away."""

    ms: int
    marks: list[MarkT]


class Playout(Generic[MarkT]):
    """A bounded queue of audio. Positions count bytes from the first one ever written.

    A mark stands behind all audio that was written before it, and is reached when that audio has been taken.
    """

    def __init__(self, capacity_ms: int = PLAYOUT_MS_MAX) -> None:
        self._capacity_bytes = capacity_ms * BYTES_PER_MS
        self._waiting = bytearray()
        self._taken_bytes = 0
        self._marks: deque[tuple[int, MarkT]] = deque()

    @property
    def waiting_bytes(self) -> int:
        return len(self._waiting)

    @property
    def taken_bytes(self) -> int:
        return self._taken_bytes

    def marks(self) -> Iterator[MarkT]:
        """The marks that wait, in order."""
        return (mark for _, mark in self._marks)

    def write(self, audio: bytes | memoryview) -> int:
        """Append as much of `audio` as there is room for; return how many bytes that was."""
        room = self._capacity_bytes - len(self._waiting)
        if len(audio) <= room:
            self._waiting += audio
            return len(audio)
        self._waiting += audio[:room]
        return room

    def mark(self, mark: MarkT) -> bool:
        """Set a mark behind everything written so far; False (and nothing done) when there are too many."""
        if len(self._marks) >= MARKS_MAX:
            return False
        self._marks.append((self._taken_bytes + len(self._waiting), mark))
        return True

    def take(self, size: int = FRAME_BYTES) -> bytes:
        """Remove up to `size` bytes from the front; less when less is waiting."""
        frame = bytes(self._waiting[:size])
        del self._waiting[:size]
        self._taken_bytes += len(frame)
        return frame

    def reached(self) -> Iterator[MarkT]:
        """Remove, in order, the marks with no waiting audio before them."""
        while self._marks and self._marks[0][0] <= self._taken_bytes:
            yield self._marks.popleft()[1]

    def clear(self) -> Discarded[MarkT]:
        """Forget all waiting audio and every mark that it has not reached."""
        discarded = Discarded(len(self._waiting) // BYTES_PER_MS, [mark for _, mark in self._marks])
        self._waiting.clear()
        self._marks.clear()
        return discarded
