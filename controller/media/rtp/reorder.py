"""Packets that overtook each other, put back in order: a jitter buffer that is not on the path of a clean network.

A packet that is next goes on at once. Only behind a gap are packets held, until the missing one comes or they have
waited long enough for the network's own unevenness.
"""

from dataclasses import dataclass, field
from typing import Final

from controller.media.rtp.sequence import MODULUS

WAIT_SECONDS_MIN: Final = 0.020
WAIT_SECONDS_MAX: Final = 0.100
"""One packet's length; and what a caller bears before the bot seems slow."""

JITTER_FACTOR: Final = 4.0
"""Of the mean unevenness: a packet later than this is hardly ever on its way."""

HELD_MAX: Final = 16
"""More packets than WAIT_SECONDS_MAX has, at 10 ms each; a burst beyond it is let through."""

_HALF: Final = MODULUS // 2


@dataclass(slots=True)
class Reorder:
    """One stream. `due_at` is when `expire` has something to do, None while nothing is held."""

    due_at: float | None = None
    _next: int | None = None
    _held: dict[int, bytes] = field(default_factory=dict)

    def next_is(self, sequence: int) -> bool:
        """True, and noted, when this packet can go on at once: nearly always."""
        if self._held or (self._next is not None and sequence != self._next):
            return False
        self._next = (sequence + 1) % MODULUS
        return True

    def restart(self, sequence: int) -> list[bytes]:
        """A new stream begins with this packet; what is still held of the old one goes on before it."""
        released = [self._held[held] for held in self._in_order()]
        self._held.clear()
        self.due_at = None
        self._next = sequence
        return released

    def hold(self, sequence: int, payload: bytes, now: float, jitter_seconds: float) -> list[bytes]:
        """Take a packet that is not next; return what can go on now. One that comes too late goes nowhere."""
        if self._next is None or (sequence - self._next) % MODULUS >= _HALF:
            return []
        if self.due_at is None:
            wait_seconds = min(max(JITTER_FACTOR * jitter_seconds, WAIT_SECONDS_MIN), WAIT_SECONDS_MAX)
            self.due_at = now + wait_seconds
        self._held[sequence] = payload
        if len(self._held) > HELD_MAX:
            self._next = self._in_order()[0]
        return self._release()

    def expire(self, now: float) -> list[bytes]:
        """Give up on the missing packet once its time is over; return what can go on then."""
        if self.due_at is None or now < self.due_at:
            return []
        self._next = self._in_order()[0]
        released = self._release()
        if self._held:
            self.due_at = now + WAIT_SECONDS_MIN
        return released

    def _release(self) -> list[bytes]:
        released = []
        while self._next in self._held:
            released.append(self._held.pop(self._next))
            self._next = (self._next + 1) % MODULUS
        if not self._held:
            self.due_at = None
        return released

    def _in_order(self) -> list[int]:
        first = self._next or 0
        return sorted(self._held, key=lambda sequence: (sequence - first) % MODULUS)
