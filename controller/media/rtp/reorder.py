"""Packets that overtook each other, put back in order: a jitter buffer that is not on the path of a clean network.

A packet that is next goes on at once. Only behind a gap are packets held, until the missing one comes or they have
waited long enough for the network's own unevenness.
"""

import math
from typing import Final, NamedTuple

from controller.media.rtp.sequence import MODULUS
from controller.media.rtp.stream import Row

WAIT_SECONDS_MIN: Final = 0.020
WAIT_SECONDS_MAX: Final = 0.100
"""One packet's length; and what a caller bears before the bot seems slow."""

JITTER_FACTOR: Final = 4.0
"""Of the mean unevenness: a packet later than this is hardly ever on its way."""

HELD_MAX: Final = 16
"""More packets than WAIT_SECONDS_MAX has, at 10 ms each; a burst beyond it is let through."""

_HALF: Final = MODULUS // 2


class Released(NamedTuple):
    """What can go on now: so many packets given up, and the payloads behind them."""

    lost: int = 0
    payloads: tuple[bytes, ...] = ()


NOTHING: Final = Released()


class Reorder:
    """The payloads that one stream holds. The row's `due_at` is when `expire` has something to do."""

    def __init__(self) -> None:
        self._held: dict[int, bytes] = {}
        self._next = 0
        """Which packet is waited for, while any are held."""

    @property
    def holds(self) -> bool:
        return bool(self._held)

    def restart(self, row: Row) -> Released:
        """A new stream begins; what is still held of the old one goes on before it."""
        released = Released(0, tuple(self._held[held] for held in self._in_order()))
        self._held.clear()
        row["due_at"] = math.inf
        return released

    def hold(self, row: Row, sequence: int, expected: int, payload: bytes, now: float) -> Released:
        """Take a packet that is not the expected one. One that comes too late goes nowhere."""
        if not self._held:
            self._next = expected
        if (sequence - self._next) % MODULUS >= _HALF:
            return NOTHING
        if not self._held:
            row["due_at"] = now + min(max(JITTER_FACTOR * float(row["jitter"]), WAIT_SECONDS_MIN), WAIT_SECONDS_MAX)
        self._held[sequence] = payload
        lost = self._give_up() if len(self._held) > HELD_MAX else 0
        return Released(lost, self._release(row))

    def expire(self, row: Row, now: float) -> Released:
        """Give up on the missing packet once its time is over."""
        if now < row["due_at"]:
            return NOTHING
        released = Released(self._give_up(), self._release(row))
        if self._held:
            row["due_at"] = now + WAIT_SECONDS_MIN
        return released

    def _give_up(self) -> int:
        first = self._in_order()[0]
        lost, self._next = (first - self._next) % MODULUS, first
        return lost

    def _release(self, row: Row) -> tuple[bytes, ...]:
        released = []
        while self._next in self._held:
            released.append(self._held.pop(self._next))
            self._next = (self._next + 1) % MODULUS
        if not self._held:
            row["due_at"] = math.inf
        return tuple(released)

    def _in_order(self) -> list[int]:
        return sorted(self._held, key=lambda sequence: (sequence - self._next) % MODULUS)
