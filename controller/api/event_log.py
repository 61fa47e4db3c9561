"""The latest events in memory, for any number of readers who each go at their own pace.

A reader is a place in the log and nothing else: whoever is slow holds up nobody, and costs no memory. Who has fallen
behind what is kept, or comes back after a while, is given the rest from the database.
"""

import asyncio
import itertools
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, Self

from controller.errors import ControllerError
from controller.records.events import StoredEvent

PASSING_MAX: Final = 10_000
"""Calls of which the latest passing event is remembered: more than are in progress."""

EVENTS_KEPT_MAX: Final = 10_000
"""In memory: some 10 MB, and half a minute of a busy controller."""
READERS_MAX: Final = 200
"""Every event is shown to every reader: a wall of dashboards, not an audience."""


class TooManyReaders(ControllerError):
    """As many as there may be."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One event. `number` counts upwards, with gaps; 0: it passes, and nobody comes back to it. `text` is JSON."""

    number: int
    type: str
    call_id: str
    route: str
    text: str

    @classmethod
    def of(cls, stored: StoredEvent) -> "Entry":
        event = stored.event
        return cls(stored.number, event.type, event.call_id, event.route, event.payload)


@dataclass(frozen=True, slots=True)
class Filter:
    """What a reader wants; what is empty lets all through."""

    call_id: str = ""
    route: str = ""
    types: frozenset[str] = frozenset()

    def wants(self, entry: Entry) -> bool:
        return (
            (not self.call_id or entry.call_id == self.call_id)
            and (not self.route or entry.route == self.route)
            and (not self.types or entry.type in self.types)
        )


Earlier = Callable[[int, Filter], Awaitable[Sequence[Entry]]]
"""The next events after a number, from where they are all kept; none: that was all. Raises ControllerError."""


class Passing:
    """What is so just now. Of each call the newest only: who is slow is given less, and nobody is held up."""

    def __init__(self) -> None:
        self.newest = 0
        self._latest: dict[str, tuple[int, Entry]] = {}
        """By call, the newest last."""

    def add(self, entry: Entry) -> None:
        self.newest += 1
        self._latest.pop(entry.call_id, None)
        self._latest[entry.call_id] = self.newest, entry
        if len(self._latest) > PASSING_MAX:
            del self._latest[next(iter(self._latest))]

    def after(self, place: int) -> list[Entry]:
        """What came after this, oldest first."""
        newer = itertools.takewhile(lambda one: one[0] > place, reversed(self._latest.values()))
        return [entry for _, entry in newer][::-1]


class EventLog:
    """Takes events, wakes readers."""

    def __init__(self, kept_max: int = EVENTS_KEPT_MAX, earlier: Earlier | None = None) -> None:
        self.earlier = earlier
        self.floor = 0
        """Number of the newest event that is not in memory any more, or never was."""
        self.newest = 0
        self.passing = Passing()
        self.readers = 0
        self.closed = False
        self._kept: deque[Entry] = deque()
        self._kept_max = kept_max
        self._changed = asyncio.Event()

    def begin_after(self, number: int) -> None:
        """Events up to this number were stored before we came."""
        self.floor = number
        self.newest = max(self.newest, number)

    def publish_stored(self, events: Sequence[StoredEvent]) -> None:
        """What is on disk now: a listener of `RecordStore.subscribe`."""
        for stored in events:
            self._add(Entry.of(stored))
        self._wake()

    def publish(self, event_type: str, text: str) -> None:
        """An event that is stored nowhere: its number is ours. Nothing is kept for nobody."""
        if self.readers:
            self._add(Entry(self.newest + 1, event_type, "", "", text))
            self._wake()

    def publish_passing(self, entries: Sequence[Entry]) -> None:
        """What is so just now, and stored nowhere; nothing is kept for nobody."""
        if self.readers:
            for entry in entries:
                self.passing.add(entry)
            self._wake()

    def close(self) -> None:
        """Let every reader come to an end."""
        self.closed = True
        self._wake()

    def after(self, number: int) -> list[Entry]:
        """What is kept and newer than this, oldest first."""
        found: list[Entry] = []
        for entry in reversed(self._kept):
            if entry.number <= number:
                break
            found.append(entry)
        return found[::-1]

    async def changed(self, seconds: float) -> bool:
        """Wait for something new, for so long at most. False: nothing came."""
        try:
            await asyncio.wait_for(self._changed.wait(), seconds)
        except TimeoutError:
            return False
        return True

    def _add(self, entry: Entry) -> None:
        self._kept.append(entry)
        self.newest = entry.number
        if len(self._kept) > self._kept_max:
            self.floor = self._kept.popleft().number

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


class Reader:
    """One subscriber. Used as a context manager, so that it is counted."""

    def __init__(self, log: EventLog, wanted: Filter, after: int | None = None) -> None:
        """`after`: the number of the last event that was seen; None: only what is new."""
        self._log = log
        self._filter = wanted
        self.position = log.newest if after is None else min(after, log.newest)
        """Number of the last event that was dealt with."""
        self._passed = log.passing.newest

    def __enter__(self) -> Self:
        if self._log.readers >= READERS_MAX:
            raise TooManyReaders(f"there are {READERS_MAX} readers of events already")
        self._log.readers += 1
        return self

    def __exit__(self, *_error: object) -> None:
        self._log.readers -= 1

    @property
    def over(self) -> bool:
        return self._log.closed

    async def read(self, seconds: float) -> tuple[list[Entry], bool]:
        """The next events, and whether some before them are lost. Nothing for so long: no events."""
        log = self._log
        up_to_date = self.position == log.newest and self._passed == log.passing.newest
        if up_to_date and not log.closed and not await log.changed(seconds):
            return [], False
        passing = self._passing()
        stored, lost = await self._stored()
        return [*stored, *passing], lost

    def _passing(self) -> list[Entry]:
        """What is so just now; for those who have asked for it by its type."""
        passing, self._passed = self._log.passing.after(self._passed), self._log.passing.newest
        return [entry for entry in passing if entry.type in self._filter.types and self._filter.wants(entry)]

    async def _stored(self) -> tuple[list[Entry], bool]:
        lost = False
        floor = self._log.floor
        if self.position < floor:
            earlier = await self._earlier()
            if earlier:
                self.position = earlier[-1].number
                return list(earlier), False
            lost = earlier is None
            # Not the floor of now: what came meanwhile, and is gone from memory, is in the database.
            self.position = floor
            if floor < self._log.floor:
                return [], lost
        entries = self._log.after(self.position)
        self.position = max(self.position, self._log.newest)
        return [entry for entry in entries if self._filter.wants(entry)], lost

    async def _earlier(self) -> Sequence[Entry] | None:
        """From the database, as many as come at once; None: nobody can say."""
        if self._log.earlier is None:
            return None
        try:
            return await self._log.earlier(self.position, self._filter)
        except ControllerError:
            return None
