"""The writer never blocks, batches what waits, retries what failed, says so once, and gives up nothing in silence."""

import asyncio
from collections.abc import Callable, Sequence

import pytest
from structlog.testing import capture_logs

from controller.records import writer as writer_module
from controller.records.items import LogWritten, StepTaken, Writable
from controller.records.store import ItemsRefused, RecordStore, StoreAway
from controller.records.writer import BATCH_ITEMS_MAX, RecordWriter
from tests.unit.records.examples import RESULTS, STEPS, opened, whole_call

LONG_SECONDS = 30.0
"""Never waited for: what ends is awaited."""


def step(number: int) -> StepTaken:
    return StepTaken("c1", number, float(number), "step")


def log(number: int) -> LogWritten:
    return LogWritten("c1", str(number), 0, "info", "line")


class Disk:
    """A store whose failures are chosen; `batches` are the ones it took."""

    def __init__(self) -> None:
        self.batches: list[list[Writable]] = []
        self.failures: list[Exception] = []
        self.refused: list[Writable] = []
        self.gone = False
        self.attempts = 0
        self.attempted = asyncio.Event()

    async def write(self, items: Sequence[Writable]) -> None:
        self.attempts += 1
        self.attempted.set()
        await asyncio.sleep(0)
        if self.gone:
            raise StoreAway("disk is full")
        if self.failures:
            raise self.failures.pop(0)
        if any(item in self.refused for item in items):
            raise ItemsRefused("does not fit")
        self.batches.append(list(items))

    @property
    def items(self) -> list[Writable]:
        return [item for batch in self.batches for item in batch]


def names_into(names: list[str], name: str) -> Callable[[], None]:
    return lambda: names.append(name)


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def writer(disk: Disk) -> RecordWriter:
    return RecordWriter(disk, retry_seconds=0.0)


async def test_what_waits_becomes_one_transaction_in_its_order(disk: Disk, writer: RecordWriter) -> None:
    for number in range(10):
        writer.submit(step(number))
    assert writer.waiting == 10
    assert disk.attempts == 0, "submit only queues"
    writer.start()
    await writer.close(LONG_SECONDS)
    assert disk.batches == [[step(number) for number in range(10)]]
    assert (writer.waiting, writer.lost) == (0, 0)


async def test_a_transaction_is_bounded(disk: Disk, writer: RecordWriter) -> None:
    for number in range(2 * BATCH_ITEMS_MAX + 1):
        writer.submit(step(number))
    writer.start()
    await writer.close(LONG_SECONDS)
    assert [len(batch) for batch in disk.batches] == [BATCH_ITEMS_MAX, BATCH_ITEMS_MAX, 1]


async def test_it_sleeps_until_there_is_something(disk: Disk, writer: RecordWriter) -> None:
    writer.start()
    stored = asyncio.Event()
    for number in range(3):
        stored.clear()
        writer.submit(step(number), stored.set)
        await stored.wait()
    assert disk.batches == [[step(0)], [step(1)], [step(2)]]
    await writer.close(LONG_SECONDS)


async def test_stored_is_called_after_the_commit_and_only_then(disk: Disk, writer: RecordWriter) -> None:
    disk.gone = True
    names: list[str] = []
    done = asyncio.Event()
    writer.submit(step(0), names_into(names, "first"))
    writer.submit(step(1), done.set)
    writer.start()
    for _ in range(3):
        disk.attempted.clear()
        await disk.attempted.wait()
    assert names == []
    disk.gone = False
    await done.wait()
    assert names == ["first"]
    assert disk.items == [step(0), step(1)]
    await writer.close(LONG_SECONDS)


async def test_a_callback_that_fails_does_not_end_the_writer(writer: RecordWriter) -> None:
    reported: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: reported.append(context["exception"]))

    def broken() -> None:
        raise RuntimeError("bot is gone")

    writer.start()
    stored = asyncio.Event()
    writer.submit(step(0), broken)
    writer.submit(step(1), stored.set)
    await stored.wait()
    await writer.close(LONG_SECONDS)
    assert [str(error) for error in reported] == ["bot is gone"]


async def test_a_failing_database_is_said_once_and_so_is_its_return(disk: Disk, writer: RecordWriter) -> None:
    disk.failures = [StoreAway("database is locked") for _ in range(5)]
    stored = asyncio.Event()
    with capture_logs() as logs:
        writer.start()
        writer.submit(step(0), stored.set)
        await stored.wait()
        await writer.close(LONG_SECONDS)
    assert [line["event"] for line in logs] == ["records cannot be stored, trying again", "records are stored again"]
    assert logs[0]["reason"] == "database is locked"
    assert logs[0]["setting"] == "DATABASE_URL"
    assert disk.attempts == 6
    assert writer.lost == 0


async def test_the_pause_doubles_up_to_its_bound(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []

    async def pause(_self: RecordWriter, seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(RecordWriter, "_pause", pause)
    disk.failures = [StoreAway("locked") for _ in range(9)]
    writer = RecordWriter(disk)
    writer.submit(step(0))
    writer.start()
    await writer.close(LONG_SECONDS)
    assert pauses == [0.25, 0.5, 1, 2, 4, 8, 16, 30, 30]


async def test_a_refused_item_does_not_take_the_others_with_it(disk: Disk, writer: RecordWriter) -> None:
    disk.refused = [step(1)]
    names: list[str] = []
    for number in range(3):
        writer.submit(step(number), names_into(names, str(number)))
    with capture_logs() as logs:
        writer.start()
        await writer.close(LONG_SECONDS)
    await asyncio.sleep(0)
    assert disk.items == [step(0), step(2)]
    assert names == ["0", "2"], "a lost item is never acknowledged"
    assert writer.lost == 1
    assert "does not fit" in logs[0]["reason"]


async def test_the_oldest_logs_go_first(disk: Disk, writer: RecordWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "LOGS_WAITING_MAX", 3)
    writer.submit(step(0))
    with capture_logs() as logs:
        for number in range(5):
            writer.submit(log(number))
    writer.submit(step(1))
    writer.start()
    await writer.close(LONG_SECONDS)
    assert disk.items == [step(0), step(1), log(2), log(3), log(4)]
    assert writer.lost == 2
    assert len(logs) == 1, "a flood is said once"


async def test_a_full_queue_keeps_what_it_has(
    disk: Disk, writer: RecordWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "RECORDS_WAITING_MAX", 2)
    for number in range(4):
        writer.submit(step(number))
    writer.start()
    await writer.close(LONG_SECONDS)
    assert disk.items == [step(0), step(1)]
    assert writer.lost == 2


async def test_close_waits_for_the_database_and_then_no_longer(disk: Disk, writer: RecordWriter) -> None:
    disk.gone = True
    writer.start()
    writer.submit(step(0))
    writer.submit(step(1))
    await disk.attempted.wait()
    with capture_logs() as logs:
        await writer.close(timeout_seconds=0.05)
    assert writer.lost == 2
    assert logs[-1] == {
        "event": "records are lost",
        "log_level": "error",
        "lost": 2,
        "reason": "the database did not come back before the end",
    }


async def test_close_stores_at_once_what_was_waiting_for_a_retry(disk: Disk) -> None:
    disk.gone = True
    writer = RecordWriter(disk, retry_seconds=0.01)
    writer.submit(step(0))
    writer.start()
    await disk.attempted.wait()
    disk.gone = False
    await writer.close(LONG_SECONDS)
    assert disk.items == [step(0)]


async def test_close_without_start_counts_what_is_left(writer: RecordWriter) -> None:
    writer.submit(step(0))
    await writer.close(LONG_SECONDS)
    assert writer.lost == 1


async def test_into_a_real_database(store: RecordStore) -> None:
    writer = RecordWriter(store)
    names: list[str] = []
    writer.start()
    for item in whole_call():
        writer.submit(item, names_into(names, type(item).__name__))
        await asyncio.sleep(0)
    writer.submit(StepTaken("nobody's", 0, 0, "arrived"))
    await writer.close(LONG_SECONDS)
    await asyncio.sleep(0)
    call = await store.show_call("c1")
    assert (call.steps, call.results) == (STEPS, RESULTS)
    assert len(names) == len(whole_call())
    assert writer.lost == 1


async def test_a_write_that_is_cut_off_at_the_end_leaves_a_sound_database(store: RecordStore) -> None:
    writer = RecordWriter(store)
    writer.start()
    writer.submit(opened())
    for number in range(2000):
        writer.submit(step(number))
    await asyncio.sleep(0)
    await writer.close(timeout_seconds=0)
    stored = (await store.show_call("c1")).steps if await store.list_calls() else ()
    assert stored == tuple(step(number) for number in range(len(stored)))
    await store.write([opened(), step(5000)])
