"""What makes the engine run: one task, on a grid of instants that never drifts."""

import asyncio
import time
from collections.abc import Callable
from typing import Final, Protocol

DRAIN_SECONDS: Final = 0.005
"""How long a caller's packet may wait in the socket: a quarter of a packet's length."""

TICK_SECONDS: Final = 0.020
"""One packet to every caller."""

TURNS: Final = 4
"""How often the event loop goes round between two drains of a busy worker: so many steps on has a connection that is
being made, or an order of the controller, after 5 ms."""

WATCH_SECONDS: Final = 1.0
"""Pings, watchdogs: what is measured in tens of seconds."""


class Engine(Protocol):
    """What is run."""

    @property
    def busy(self) -> bool:
        """So many calls are carried that their messages come all the time."""

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
    """Drive `engine` until cancelled.

    A busy worker sleeps between two drains, sockets and all, as a network card holds its interrupts back: what the
    bots have sent meanwhile is read in one go right before the tick that plays it, and not message by message, each at
    the cost of waking up. Nobody is later for it: the caller's ear waits for the tick anyway.
    """
    now = clock()
    drains, ticks, seconds = (Grid(now, period) for period in (DRAIN_SECONDS, TICK_SECONDS, WATCH_SECONDS))
    while True:
        wait = max(0.0, drains.next_at - clock())
        if engine.busy:
            time.sleep(wait)  # noqa: ASYNC251
            for _ in range(TURNS):
                await asyncio.sleep(0)
        else:
            # Sleeping for no time at all still lets the sockets have their turn.
            await asyncio.sleep(wait)
        now = clock()
        if drains.due(now):
            engine.drain(now)
        if due := ticks.due(now):
            engine.tick(due)
        if seconds.due(now):
            engine.watch(now)
