"""What the bot has sent and the caller has not yet heard: bytes of one call, with marks between them."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

SAMPLES_PER_MS: Final = 8
"""Of the telephone; G.711 has one byte for each."""

FRAME_MS: Final = 20
FRAME_BYTES: Final = FRAME_MS * SAMPLES_PER_MS
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
    A unit is as many bytes as make one telephone sample: chunks may end anywhere, but only whole units are taken
    and thrown away, so that what follows never starts in the middle of one.
    """

    def __init__(self, unit_bytes: int = 1, capacity_ms: int = PLAYOUT_MS_MAX) -> None:
        self._unit_bytes = unit_bytes
        self._bytes_per_ms = unit_bytes * SAMPLES_PER_MS
        self._capacity_bytes = capacity_ms * self._bytes_per_ms
        self._waiting = bytearray()
        self._taken_bytes = 0
        self._skip_bytes = 0
        """The rest of a unit of which the beginning was refused."""
        self._marks: deque[tuple[int, MarkT]] = deque()

    @property
    def waiting_ms(self) -> int:
        return len(self._waiting) // self._bytes_per_ms

    @property
    def taken_ms(self) -> int:
        return self._taken_bytes // self._bytes_per_ms

    def marks(self) -> Iterator[MarkT]:
        """The marks that wait, in order."""
        return (mark for _, mark in self._marks)

    def write(self, audio: bytes | memoryview) -> int:
        """Append as much of `audio` as there is room for; return how many bytes there was none for."""
        room = self._capacity_bytes - len(self._waiting)
        if not self._skip_bytes and len(audio) <= room:
            self._waiting += audio
            return 0
        skipped = min(self._skip_bytes, len(audio))
        kept = min(len(audio) - skipped, room)
        refused = len(audio) - skipped - kept
        self._skip_bytes += -refused % self._unit_bytes - skipped
        self._waiting += audio[skipped : skipped + kept]
        return skipped + refused

    def mark(self, mark: MarkT) -> bool:
        """Set a mark behind everything written so far; False (and nothing done) when there are too many."""
        if len(self._marks) >= MARKS_MAX:
            return False
        self._marks.append((self._taken_bytes + self._whole(len(self._waiting)), mark))
        return True

    def take(self, samples: int = FRAME_BYTES) -> bytes:
        """Remove up to `samples` units from the front; less when less is waiting."""
        size = min(samples * self._unit_bytes, self._whole(len(self._waiting)))
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
        discarded = Discarded(self.waiting_ms, [mark for _, mark in self._marks])
        del self._waiting[: self._whole(len(self._waiting))]
        self._marks.clear()
        return discarded

    def _whole(self, size: int) -> int:
        return size - size % self._unit_bytes
