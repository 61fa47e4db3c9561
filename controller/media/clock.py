"""What makes the engine run: one task, on a grid of instants that never drifts."""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

DRAIN_SECONDS: Final = 0.005
"""How long a caller's packet may wait in the socket: a quarter of a packet's length."""

TICK_SECONDS: Final = 0.020
"""One packet to every caller."""

WATCH_SECONDS: Final = 1.0
"""Pings, watchdogs: what is measured in tens of seconds."""


class Engine(Protocol):
    """What is run."""

    def drain(self, now: float) -> None: ...

    def tick(self, due: int) -> None: ...

    def watch(self, now: float) -> None: ...


class Grid:
    """Instants `period` seconds apart, counted from `start`, so that a late one does not delay those after it."""

    def __init__(self, start: float, period: float) -> None:
        self._start = start
        self._period = period
        self._passed = 0

    @property
    def next_at(self) -> float:
        return self._start + (self._passed + 1) * self._period

    def due(self, now: float) -> int:
        """How many instants have come since the last call."""
        passed = max(self._passed, int((now - self._start) / self._period))
        due, self._passed = passed - self._passed, passed
        return due


async def run(engine: Engine, clock: Callable[[], float]) -> None:
    """Drive `engine` until cancelled."""
    now = clock()
    drains, ticks, seconds = (Grid(now, period) for period in (DRAIN_SECONDS, TICK_SECONDS, WATCH_SECONDS))
    while True:
        # Sleeping for no time at all still lets the sockets have their turn.
        await asyncio.sleep(max(0.0, drains.next_at - clock()))
        now = clock()
        if drains.due(now):
            engine.drain(now)
        if due := ticks.due(now):
            engine.tick(due)
        if seconds.due(now):
            engine.watch(now)
