"""Everything by which records are kept: the store, what waits on disk for it, and the way there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from controller.records.spool import Spool
from controller.records.spooled_store import SpooledStore
from controller.records.store import RecordStore
from controller.records.targets import Audience
from controller.records.writer import RecordWriter

CLOSE_SECONDS: Final = 3.0
"""For what is waiting to be written when we stop."""

REPLAY_SECONDS_MAX: Final = 30.0
"""At the start, for what an earlier controller has left on disk: some 100,000 items. What takes longer comes later."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """Open. `store` reads, `writer` writes."""

    store: RecordStore
    writer: RecordWriter
    spool: SpooledStore

    @property
    def waiting(self) -> int:
        """Items that are not in the database yet."""
        return self.writer.waiting + self.spool.waiting

    @property
    def lost(self) -> int:
        """Items that will never be there."""
        return self.writer.lost + self.spool.lost


@asynccontextmanager
async def keeping(url: str, node: str, audience: Audience, folder: Path) -> AsyncIterator[Keeping]:
    """`node`: what this controller is called among those that share the database; `folder`: for what waits for it."""
    store = await RecordStore.open(url, node=node, audience=audience)
    spool = SpooledStore(store, Spool(folder / node))
    writer = RecordWriter(spool)
    try:
        await spool.open(REPLAY_SECONDS_MAX)
        writer.start()
        yield Keeping(store, writer, spool)
    finally:
        await writer.close(CLOSE_SECONDS)
        await spool.close()
        await store.close()
