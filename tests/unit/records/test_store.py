"""What is written is read back, once; what cannot be stored leaves nothing; what is committed survives kill -9."""

import asyncio
import os
import signal
import sqlite3
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import TimeoutError as NoConnection

from controller.records import database
from controller.records.items import (
    CallClosed,
    CallHeld,
    CallOpened,
    Item,
    LogWritten,
    ResultReported,
    StepTaken,
    TranscriptSaid,
)
from controller.records.store import CallUnknown, ItemsRefused, RecordStore, StoreAway
from tests import postgres
from tests.unit.records.examples import LOGS, RESULTS, START, STEPS, TRANSCRIPTS, closed, opened, whole_call


async def test_when_a_call_was_answered_that_nobody_closed(store: RecordStore) -> None:
    began = datetime(2026, 11, 22, 14, 15, 7, tzinfo=UTC)
    opened = CallOpened("c", began, None, None, None, "reception")
    await store.write([opened, StepTaken("c", 0, 0.0, "arrived")])
    assert (await store.show_call("c")).answered_by_steps is None
    await store.write([StepTaken("c", 1, 1500.0, "answered")])
    assert (await store.show_call("c")).answered_by_steps == began + timedelta(seconds=1.5)


async def test_a_call_reads_as_it_was_written(store: RecordStore) -> None:
    await store.write(whole_call())
    call = await store.show_call("c1")
    assert (call.steps, call.transcripts, call.results, call.logs) == (STEPS, TRANSCRIPTS, RESULTS, LOGS)
    assert (call.cause, call.statistics) == (16, {"rtp_in": 3250})
    assert call.summary == (await store.list_calls())[0]
    assert call.summary.started_at == START
    assert call.summary.started_at.tzinfo is UTC
    assert call.summary.answered_at == START + timedelta(seconds=0.142)
    assert call.summary.ended_at == START + timedelta(seconds=65)
    assert call.summary.ending == "bot_hung_up"
    assert call.summary.results == ("Appointment confirmed",)
    assert (call.summary.from_number, call.summary.from_name) == ("+493012345678", "Ada")
    assert (call.summary.to_number, call.summary.route) == ("+493023125000", "reception")


async def test_writing_again_changes_nothing(store: RecordStore) -> None:
    await store.write(whole_call())
    before = await store.show_call("c1")
    await store.write(whole_call())
    await store.write([TranscriptSaid("c1", "t1", 99, "bot", "something else"), closed(ending="failed")])
    assert await store.show_call("c1") == before


async def test_the_order_in_a_batch_does_not_matter(store: RecordStore) -> None:
    await store.write([closed(), *STEPS[::-1], opened()])
    call = await store.show_call("c1")
    assert call.steps == STEPS
    assert call.summary.ending == "bot_hung_up"


async def test_an_id_counts_within_its_call_and_kind_only(store: RecordStore) -> None:
    said = [TranscriptSaid(call, "1", 0, "bot", call) for call in ("c1", "c2")]
    await store.write([opened("c1"), opened("c2"), *said, LogWritten("c1", "1", 0, "info", "log")])
    assert (await store.show_call("c1")).transcripts == (said[0],)
    assert (await store.show_call("c2")).transcripts == (said[1],)


async def test_what_was_said_keeps_its_order(store: RecordStore) -> None:
    said = tuple(TranscriptSaid("c1", str(99 - n), 0, "bot", str(n)) for n in range(50))
    await store.write([opened()])
    for start in range(0, 50, 7):
        await store.write(said[start : start + 7])
    assert (await store.show_call("c1")).transcripts == said


async def test_times_of_any_zone_are_kept_in_utc(store: RecordStore) -> None:
    berlin = timezone(timedelta(hours=1))
    await store.write([CallOpened("c1", START.astimezone(berlin), None, None, None, "r")])
    assert (await store.list_calls())[0].started_at == START


async def test_a_live_call_has_no_ending(store: RecordStore) -> None:
    await store.write([opened("live"), opened("over"), closed("over")])
    assert {call.id: call.ending for call in await store.list_calls()} == {"live": None, "over": "bot_hung_up"}
    assert [call.id for call in await store.list_calls(live_only=True)] == ["live"]
    assert (await store.show_call("live")).summary.ended_at is None


async def test_the_newest_calls_come_first(store: RecordStore) -> None:
    await store.write([opened(f"c{n}", after_seconds=n) for n in (2, 0, 3, 1)])
    assert [call.id for call in await store.list_calls(limit=3)] == ["c3", "c2", "c1"]


async def test_a_call_is_found_by_the_beginning_of_its_id(store: RecordStore) -> None:
    await store.write([opened("2026-a"), opened("2026-ab"), opened("2027-x"), opened("A%_")])
    assert (await store.show_call("2027")).summary.id == "2027-x"
    assert (await store.show_call("2026-a")).summary.id == "2026-a", "the whole id outranks a beginning"
    assert (await store.show_call("A%")).summary.id == "A%_"
    with pytest.raises(CallUnknown, match="Several calls begin with '2026'"):
        await store.show_call("2026")
    for nobody in ("", "2028", "2026_a", "%", "a%"):
        with pytest.raises(CallUnknown, match="There is no call"):
            await store.show_call(nobody)


@pytest.mark.parametrize(
    "item",
    [
        StepTaken("nobody's", 0, 0, "arrived"),
        CallOpened("c2", datetime(2026, 1, 1), None, None, None, "r"),  # noqa: DTZ001 - that is the point
        ResultReported("c1", "r2", 0, "x", {"price": float("nan")}),
        ResultReported("c1", "r2", 0, "x", {"price": object()}),
        TranscriptSaid("c1", "t3", 0, "bot", "half a \ud800 letter"),
        StepTaken("c1", 2**70, 0, "arrived"),
        TranscriptSaid("c1", "t3", 0, "bot", ["a list"]),  # type: ignore[arg-type]
        TranscriptSaid("c1", "t3", 0, "bot", None),  # type: ignore[arg-type]
    ],
    ids=lambda item: type(item).__name__,
)
async def test_one_bad_item_is_refused_with_its_whole_batch(store: RecordStore, item: Item) -> None:
    await store.write([opened()])
    with pytest.raises(ItemsRefused):
        await store.write([StepTaken("c1", 7, 0, "good"), item])
    assert (await store.show_call("c1")).steps == ()
    await store.write(whole_call())


async def test_the_end_of_an_unknown_call_is_nothing(store: RecordStore) -> None:
    await store.write([CallClosed("nobody's", START, "failed")])
    assert await store.list_calls() == []


async def test_nothing_to_write_is_nothing(store: RecordStore) -> None:
    await store.write([])


async def test_a_locked_database_is_away_and_comes_back(
    sqlite_url: str, sqlite_file: Callable[[], sqlite3.Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "LOCK_SECONDS_MAX", 0.0)
    store = await RecordStore.open(sqlite_url)
    other = sqlite_file()
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreAway, match="locked"):
        await store.write(whole_call())
    assert await store.list_calls() == [], "readers are not locked out"
    other.execute("ROLLBACK")
    other.close()
    await store.write(whole_call())
    assert len(await store.list_calls()) == 1
    await store.close()


async def test_a_full_disk_is_away_and_comes_back(sqlite_store: RecordStore) -> None:
    store = sqlite_store

    async def pages(count: int) -> None:
        async with store.database.reading() as connection:  # stands for the disk
            await connection.exec_driver_sql(f"PRAGMA max_page_count={count}")

    await store.write([opened()])
    await pages(1)  # as small as the file is
    long = [TranscriptSaid("c1", str(n), 0, "bot", "x" * 10_000) for n in range(10)]
    with pytest.raises(StoreAway, match="full"):
        await store.write(long)
    assert (await store.show_call("c1")).transcripts == ()
    await pages(1_000_000)
    await store.write(long)
    assert len((await store.show_call("c1")).transcripts) == 10


async def test_no_free_connection_is_away(store: RecordStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def writing() -> Any:
        raise NoConnection("QueuePool limit of size 10 overflow 0 reached")

    monkeypatch.setattr(store.database, "writing", writing)
    with pytest.raises(StoreAway, match="limit"):
        await store.write(whole_call())


async def test_a_postgres_that_dropped_all_connections_is_connected_to_again(
    postgres_url: str, cluster: postgres.Postgres
) -> None:
    await postgres.empty(postgres_url)
    store = await RecordStore.open(postgres_url)
    await store.write([opened()])
    await cluster.cut_connections()
    await store.write(whole_call())
    assert (await store.show_call("c1")).results == RESULTS
    await store.close()


KILLED = """
import asyncio, sys
from controller.records.store import RecordStore
from tests import postgres
from tests.unit.records.examples import whole_call, opened

async def main():
    store = await RecordStore.open(sys.argv[1])
    await store.write(whole_call())
    print("stored", flush=True)
    for n in range(10**6):
        await store.write([opened(f"later-{n}")])

asyncio.run(main())
"""


async def test_what_is_committed_survives_kill_9(url: str, kind: str) -> None:
    writer = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        KILLED,
        url,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )
    assert writer.stdout is not None
    assert await writer.stdout.readline() == b"stored\n"
    writer.send_signal(signal.SIGKILL)
    await writer.communicate()
    store = await RecordStore.open(url)
    call = await store.show_call("c1")
    assert (call.transcripts, call.results) == (TRANSCRIPTS, RESULTS)
    await store.write([opened("after")])
    await store.close()
    if kind == "sqlite":
        assert integrity(url) == [("ok",)]


def integrity(url: str) -> Sequence[Any]:
    connection = sqlite3.connect(url.removeprefix("sqlite+aiosqlite:///"))
    try:
        return connection.execute("PRAGMA integrity_check").fetchall()
    finally:
        connection.close()


async def test_what_is_known_of_a_call_in_progress_is_kept_until_it_ends(store: RecordStore) -> None:
    states = [CallHeld("c1", {"state": number}) for number in range(3)]
    await store.write([opened(), *STEPS, *states[:2]])
    await store.write([states[2]])
    (held,) = await store.held_calls("")
    assert (held.call_id, held.state, held.steps) == ("c1", {"state": 2}, len(STEPS))
    assert await store.held_calls("another node") == []
    await store.write([closed()])
    assert await store.held_calls("") == []
