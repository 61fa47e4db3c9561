"""The way into the store for code that must never wait: a bounded queue, and one task that empties it.

Whatever is waiting becomes one transaction. While the database is away its items are kept and tried again, and
that is said once, not once per item. When more waits than may, the oldest logs go first; what makes up a call's
record is never thrown away for something newer.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, Protocol

import structlog

from controller.records.items import LogWritten, Writable
from controller.records.store import ItemsRefused, StoreAway

RECORDS_WAITING_MAX: Final = 20_000
"""Items other than logs: some 600 calls of 30 items, 20 MB at 1 kB each. Beyond it new ones are refused."""

LOGS_WAITING_MAX: Final = 5_000
"""Bots' logs, about 5 MB. Beyond it the oldest go."""

BATCH_ITEMS_MAX: Final = 500
"""Items in one transaction: some ms of work, so that readers and other writers never wait for long."""

RETRY_SECONDS_MIN: Final = 0.25
"""First pause after a failure: a lock is usually gone by then."""

RETRY_SECONDS_MAX: Final = 30.0
"""Longest pause between attempts, doubled up to here: a mended disk is noticed within half a minute."""

_logger = structlog.get_logger(__name__)


class Store(Protocol):
    """Where the items go; `RecordStore` outside tests."""

    async def write(self, items: Sequence[Writable]) -> object:
        """Raises StoreAway, ItemsRefused."""


class _Entry(NamedTuple):
    item: Writable
    stored: Callable[[], None] | None
    refused: Callable[[], None] | None


class RecordWriter:
    """Writes items in the background, in order, each until it is stored or refused."""

    def __init__(self, store: Store, retry_seconds: float = RETRY_SECONDS_MIN) -> None:
        self._store = store
        self._retry_seconds = retry_seconds
        self._records: deque[_Entry] = deque()
        self._logs: deque[_Entry] = deque()
        self._batch: list[_Entry] = []
        self._awake = asyncio.Event()
        self._closing = asyncio.Event()
        self._away = False
        self._task: asyncio.Task[None] | None = None
        self.lost = 0
        """Items that will never be stored: thrown away, refused, or left over at the end."""

    @property
    def waiting(self) -> int:
        """Items that are not stored yet."""
        return len(self._records) + len(self._logs) + len(self._batch)

    def start(self) -> None:
        """Begin to write. Items submitted before wait for it."""
        self._task = asyncio.create_task(self._run(), name="record-writer")

    def submit(
        self, item: Writable, stored: Callable[[], None] | None = None, refused: Callable[[], None] | None = None
    ) -> None:
        """Have an item stored; never blocks. `stored` is called in the event loop once it is on disk.

        `refused` is called when the database does not take it: its call is not there, or not any more. Neither is
        called for an item that is lost on the way.
        """
        entry = _Entry(item, stored, refused)
        if isinstance(item, LogWritten):
            if len(self._logs) >= LOGS_WAITING_MAX:
                self._logs.popleft()
                self._lose(1, "the oldest log was thrown away, too many are waiting")
            self._logs.append(entry)
        elif len(self._records) >= RECORDS_WAITING_MAX:
            self._lose(1, "a record was refused, too many are waiting")
        else:
            self._records.append(entry)
        self._awake.set()

    async def close(self, timeout_seconds: float) -> None:
        """Store what is waiting, for at most this long, and end. What is left then is counted in `lost`."""
        self._closing.set()
        self._awake.set()
        if self._task is not None:
            _, unfinished = await asyncio.wait([self._task], timeout=timeout_seconds)
            for task in unfinished:
                task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if self.waiting:
            self._lose(self.waiting, "the database did not come back before the end")

    async def _run(self) -> None:
        while True:
            self._batch = self._take()
            if self._batch:
                await self._write(self._batch)
                self._batch = []
            elif self._closing.is_set():
                return
            else:
                self._awake.clear()
                await self._awake.wait()

    def _take(self) -> list[_Entry]:
        """The next batch: records before logs, since a log refers to its call."""
        batch: list[_Entry] = []
        for queue in (self._records, self._logs):
            while queue and len(batch) < BATCH_ITEMS_MAX:
                batch.append(queue.popleft())
        return batch

    async def _write(self, batch: Sequence[_Entry]) -> None:
        """Write until the store has taken or refused everything. One bad item does not take the others with it."""
        pause = self._retry_seconds
        while True:
            try:
                await self._store.write([entry.item for entry in batch])
            except StoreAway as error:
                self._say_away(error)
                await self._pause(pause)
                pause = min(2 * pause, RETRY_SECONDS_MAX)
            except ItemsRefused as error:
                if len(batch) == 1:
                    item = batch[0].item
                    self._lose(1, f"the database refused {type(item).__name__} of call {item.call_id}: {error}")
                    _call_back([batch[0].refused])
                    return
                for entry in batch:
                    await self._write([entry])
                return
            else:
                self._say_back()
                _call_back([entry.stored for entry in batch])
                return

    async def _pause(self, seconds: float) -> None:
        """Wait before the next attempt; not for long any more when the end has come."""
        if self._closing.is_set():
            await asyncio.sleep(self._retry_seconds)
            return
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            pass

    def _say_away(self, error: StoreAway) -> None:
        if not self._away:
            self._away = True
            _logger.error("records cannot be stored, trying again", reason=str(error), setting="DATABASE_URL")

    def _say_back(self) -> None:
        if self._away:
            self._away = False
            _logger.info("records are stored again", waiting=self.waiting)

    def _lose(self, count: int, reason: str) -> None:
        """Count every loss, and say the first and then one in a thousand: a flood must not become two."""
        before, self.lost = self.lost, self.lost + count
        if before == 0 or before // 1000 != self.lost // 1000:
            _logger.error("records are lost", reason=reason, lost=self.lost)


def _call_back(waiting: Sequence[Callable[[], None] | None]) -> None:
    # Through the loop: what a callback raises is the loop's to report, and not the end of the writer.
    loop = asyncio.get_running_loop()
    for callback in waiting:
        if callback is not None:
            loop.call_soon(callback)
