"""A store that is never away as long as there is room on the disk: what the database cannot have goes to the spool.

What is on disk is as good as stored: a bot is told so. One task brings it into the database, in order; what is new
goes behind it until all of it is there.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Final

import structlog

from controller.records.item_lines import NoLine
from controller.records.items import Writable
from controller.records.spool import Spool, SpoolFull
from controller.records.store import ItemsRefused, StoreAway
from controller.records.writer import BATCH_ITEMS_MAX, RETRY_SECONDS_MIN, Store

WRITE_SECONDS_MAX: Final = 2.0
"""A database that hangs is away after this. Below the time that the records have when we stop."""

RETRY_SECONDS_MAX: Final = 5.0
"""Longest pause between attempts: nobody waits for them, and one costs a connection."""

_logger = structlog.get_logger(__name__)


class SpooledStore:
    """For one `RecordWriter`."""

    def __init__(self, store: Store, spool: Spool, retry_seconds: float = RETRY_SECONDS_MIN) -> None:
        self._store = store
        self._spool = spool
        self._retry_seconds = retry_seconds
        self._hanging: asyncio.Task[object] | None = None
        """A write that the database has not answered. Its items are on disk too."""
        self._emptying: asyncio.Task[None] | None = None
        self._refused = 0

    @property
    def waiting(self) -> int:
        """Items on disk."""
        return self._spool.waiting

    @property
    def size(self) -> int:
        """Their bytes."""
        return self._spool.size

    @property
    def lost(self) -> int:
        """Items that were on disk and that the database refused, or that could not be read."""
        return self._refused + self._spool.unreadable

    async def open(self, seconds: float) -> None:
        """Begin with what an earlier controller has left; return when it is stored, or after so long."""
        try:
            await self._spool.open()
        except OSError as error:
            _logger.warning("the spool cannot be read", reason=str(error), mend="make its folder ours")
        if self._spool.waiting:
            await asyncio.wait([self._empty()], timeout=seconds)

    async def write(self, items: Sequence[Writable]) -> None:
        """In the database or on disk when this returns. Raises StoreAway where both are away, and ItemsRefused."""
        reason = "earlier ones wait"
        if not self._spool.waiting:
            try:
                if await self._write_in_time(items):
                    return
                reason = f"no answer within {WRITE_SECONDS_MAX:g} s"
            except StoreAway as error:
                reason = str(error)
        try:
            await self._spool.append(items)
        except NoLine as error:
            raise ItemsRefused(str(error)) from error
        except (OSError, SpoolFull) as error:
            raise StoreAway(f"{reason}; and the disk takes nothing: {error}") from error
        if self._emptying is None or self._emptying.done():
            _logger.error("records wait on disk, the database is away", reason=reason, setting="DATABASE_URL")
            self._empty()

    async def close(self) -> None:
        """What is on disk is left to the next controller."""
        running = [task for task in (self._emptying, self._hanging) if task]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        self._spool.close()

    async def _write_in_time(self, items: Sequence[Writable]) -> bool:
        """Whether it is done. It is not cut off: what it comes to is kept once, whatever is written again."""
        writing: asyncio.Task[object] = asyncio.create_task(self._write(items))
        await asyncio.wait([writing], timeout=WRITE_SECONDS_MAX)
        if not writing.done():
            self._hanging = writing
            return False
        writing.result()
        return True

    async def _write(self, items: Sequence[Writable]) -> object:
        return await self._store.write(items)

    # --- from the disk into the database --------------------------------------------------------------------

    def _empty(self) -> "asyncio.Task[None]":
        self._emptying = asyncio.create_task(self._until_empty(), name="record-spool")
        return self._emptying

    async def _until_empty(self) -> None:
        if self._hanging:
            await asyncio.wait([self._hanging])
            with contextlib.suppress(StoreAway, ItemsRefused):
                self._hanging.result()
            self._hanging = None
        pause, stored = self._retry_seconds, 0
        while self._spool.waiting:
            try:
                batch = await self._spool.first(BATCH_ITEMS_MAX)
                await self._replay(batch)
                await self._spool.stored()
            except (StoreAway, OSError) as error:
                _logger.debug("the database is still away", reason=str(error), waiting=self._spool.waiting)
                await asyncio.sleep(pause)
                pause = min(2 * pause, RETRY_SECONDS_MAX)
            else:
                pause, stored = self._retry_seconds, stored + len(batch)
        _logger.info("records that waited on disk are in the database", items=stored)

    async def _replay(self, batch: Sequence[Writable]) -> None:
        """One bad item does not take the others with it. Raises StoreAway."""
        try:
            await self._store.write(batch)
        except ItemsRefused as error:
            if len(batch) == 1:
                self._refused += 1
                kind = type(batch[0]).__name__
                _logger.warning("records are lost", reason=f"the database refused {kind}: {error}", lost=self.lost)
                return
            for item in batch:
                await self._replay([item])
