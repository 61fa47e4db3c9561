"""What makes the engine run: one task, on a grid of instants that never drifts."""

import asyncio
import time
from collections.abc import Callable
from typing import Final, Protocol

DRAIN_SECONDS: Final = 0.005
"""How long a caller's packet may wait in the socket: a quarter of a packet's length."""

TICK_SECONDS: Final = 0.020
"""One packet to every caller."""

TICK_AFTER_DRAIN_SECONDS: Final = DRAIN_SECONDS / 2
"""The tick stands between two drains, with nothing before it whose length differs from one time to the next: packets
leave on the grid. Time enough to read the bots of some hundred calls, and what they said is that much late at most."""

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

    A busy worker sleeps between drains and ticks, sockets and all, as a network card holds its interrupts back: what
    the bots have sent meanwhile is read in one go before a drain, and not message by message, each at the cost of
    waking up. Hardly anybody is later for it: the caller's ear waits for the tick anyway.
    """
    now = clock()
    drains, seconds = Grid(now, DRAIN_SECONDS), Grid(now, WATCH_SECONDS)
    ticks = Grid(now + TICK_AFTER_DRAIN_SECONDS - TICK_SECONDS, TICK_SECONDS)
    while True:
        # Sleeping for no time at all still lets the sockets have their turn.
        wait = max(0.0, min(drains.next_at, ticks.next_at) - clock())
        if engine.busy:
            time.sleep(wait)  # noqa: ASYNC251
        else:
            await asyncio.sleep(wait)
        if due := ticks.due(clock()):
            engine.tick(due)
        if drains.next_at > clock():
            continue
        if engine.busy:
            for _ in range(TURNS):
                await asyncio.sleep(0)
        now = clock()
        drains.due(now)
        engine.drain(now)
        if seconds.due(now):
            engine.watch(now)
