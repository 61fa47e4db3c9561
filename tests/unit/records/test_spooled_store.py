"""Away is only where database and disk are: what is on disk comes into the database, in order and once."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest

from controller.records import spooled_store as module
from controller.records.items import StepTaken, Writable
from controller.records.spool import Spool
from controller.records.spooled_store import SpooledStore
from controller.records.store import ItemsRefused, RecordStore, StoreAway
from controller.records.writer import RecordWriter
from tests.unit.records.examples import STEPS, opened, whole_call

LONG_SECONDS = 30.0
"""Never waited for: what ends is awaited."""


def step(number: int) -> StepTaken:
    return StepTaken("c1", number, float(number), "step")


class Disk:
    """A database whose failures are chosen."""

    def __init__(self) -> None:
        self.items: list[Writable] = []
        self.gone = False
        self.refused: list[Writable] = []
        self.hangs = asyncio.Event()
        self.hangs.set()

    async def write(self, items: Sequence[Writable]) -> None:
        await self.hangs.wait()
        if self.gone:
            raise StoreAway("connection refused")
        if any(item in self.refused for item in items):
            raise ItemsRefused("does not fit")
        self.items += items


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that stands still is no database that hangs."""
    monkeypatch.setattr(module, "WRITE_SECONDS_MAX", LONG_SECONDS)


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
async def store(disk: Disk, tmp_path: Path) -> AsyncIterator[SpooledStore]:
    store = SpooledStore(disk, Spool(tmp_path), retry_seconds=0.01)
    yield store
    await store.close()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(LONG_SECONDS):
        while not condition():  # noqa: ASYNC110 - a thread and a task in turn
            await asyncio.sleep(0.005)


async def test_what_the_database_cannot_have_is_stored_all_the_same(store: SpooledStore, disk: Disk) -> None:
    disk.gone = True
    await store.write([step(0)])
    await store.write([step(1), step(2)])
    assert store.waiting == 3
    disk.gone = False
    await store.write([step(3)])
    await until(lambda: not store.waiting)
    await store.write([step(4)])
    assert disk.items == [step(number) for number in range(5)]


async def test_a_database_that_hangs_is_away(store: SpooledStore, disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WRITE_SECONDS_MAX", 0.01)
    disk.hangs.clear()
    await store.write([step(0)])
    await store.write([step(1)])
    assert store.waiting == 2
    disk.hangs.set()
    await until(lambda: not store.waiting)
    assert disk.items == [step(0), step(0), step(1)], "the store keeps each once"


async def test_where_the_disk_takes_nothing_either_the_writer_keeps_it(disk: Disk, tmp_path: Path) -> None:
    (tmp_path / "no-folder").write_text("")
    store = SpooledStore(disk, Spool(tmp_path / "no-folder"), retry_seconds=0.01)
    writer = RecordWriter(store, retry_seconds=0.01)
    acknowledged = asyncio.Event()
    disk.gone = True
    writer.start()
    writer.submit(step(0), acknowledged.set)
    with pytest.raises(StoreAway, match="the disk takes nothing"):
        await store.write([step(9)])
    assert writer.waiting == 1
    assert not acknowledged.is_set()
    disk.gone = False
    await asyncio.wait_for(acknowledged.wait(), LONG_SECONDS)
    assert disk.items == [step(0)]
    await writer.close(LONG_SECONDS)
    await store.close()


async def test_a_bad_item_does_not_take_the_others_with_it(store: SpooledStore, disk: Disk) -> None:
    disk.gone, disk.refused = True, [step(1)]
    await store.write([step(0), step(1), step(2)])
    with pytest.raises(ItemsRefused):
        await store.write([StepTaken("c1", 3, 0, "\ud800")])
    disk.gone = False
    await until(lambda: not store.waiting)
    assert disk.items == [step(0), step(2)]
    assert store.lost == 1


async def test_a_refusal_is_no_absence(store: SpooledStore, disk: Disk) -> None:
    disk.refused = [step(1)]
    with pytest.raises(ItemsRefused):
        await store.write([step(1)])
    assert store.waiting == 0


async def test_the_next_controller_writes_it_first(disk: Disk, tmp_path: Path) -> None:
    disk.gone = True
    killed = SpooledStore(disk, Spool(tmp_path), retry_seconds=LONG_SECONDS)
    await killed.write([step(0), step(1)])
    await killed.close()
    disk.gone = False
    after = SpooledStore(disk, Spool(tmp_path))
    await after.open(LONG_SECONDS)
    assert disk.items == [step(0), step(1)]
    assert after.waiting == 0
    await after.close()


async def test_a_killed_controllers_call_is_whole_in_the_real_store(
    store: SpooledStore, url: str, tmp_path: Path
) -> None:
    """And once, though half of it was in the database before."""
    del store
    real = await RecordStore.open(url)
    gone = Disk()
    gone.gone = True
    killed = SpooledStore(gone, Spool(tmp_path / "spool"), retry_seconds=LONG_SECONDS)
    await real.write([opened(), *STEPS])
    await killed.write(whole_call())
    await killed.close()
    after = SpooledStore(real, Spool(tmp_path / "spool"))
    await after.open(LONG_SECONDS)
    call = await real.show_call("c1")
    assert [step.kind for step in call.steps] == [step.kind for step in STEPS]
    assert (call.summary.ending, len(call.results), len(call.transcripts)) == ("bot_hung_up", 1, 2)
    await after.close()
    await real.close()


async def test_a_locked_file_is_away(
    sqlite_store: RecordStore,
    sqlite_file: Callable[[], sqlite3.Connection],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "WRITE_SECONDS_MAX", 0.05)
    locking = sqlite_file()
    locking.execute("BEGIN EXCLUSIVE")
    store = SpooledStore(sqlite_store, Spool(tmp_path / "spool"), retry_seconds=0.01)
    await store.write(whole_call())
    assert store.waiting == len(whole_call())
    locking.execute("ROLLBACK")
    locking.close()
    await until(lambda: not store.waiting)
    assert (await sqlite_store.show_call("c1")).summary.ending == "bot_hung_up"
    await store.close()
