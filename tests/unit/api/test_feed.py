"""A subscriber who comes back after a restart of the controller."""

import pytest

from controller.api.event_log import Filter, Reader
from controller.api.feed import event_log
from controller.records import feed
from controller.records.database import Database
from controller.records.store import RecordStore
from tests.unit.records.examples import RESULTS, TRANSCRIPTS, closed, opened


async def test_what_was_stored_before_we_came(store: RecordStore) -> None:
    await store.write([opened(), *TRANSCRIPTS])
    log = await event_log(store)
    await store.write([*RESULTS, closed()])
    reader = Reader(log, Filter(types=frozenset({"transcript", "call.ended"})), after=0)
    seen = []
    for _ in range(3):
        entries, lost = await reader.read(0.01)
        assert not lost
        seen += [entry.type for entry in entries]
    assert seen == ["transcript", "transcript", "call.ended"]


async def test_what_passes_was_never_stored(store: RecordStore) -> None:
    await store.write([opened(), *TRANSCRIPTS])
    log = await event_log(store)
    for types, found in ((frozenset({"speaking"}), []), (frozenset({"speaking", "call.started"}), ["call.started"])):
        entries, lost = await Reader(log, Filter(types=types), after=0).read(0.01)
        assert ([entry.type for entry in entries], lost) == (found, False)


async def test_only_what_is_new_without_a_number(store: RecordStore) -> None:
    await store.write([opened()])
    reader = Reader(await event_log(store), Filter())
    await store.write([closed()])
    entries, _ = await reader.read(0.01)
    assert [entry.type for entry in entries] == ["call.ended"]


async def test_what_is_stored_while_we_ask(store: RecordStore, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = feed.last_number

    async def last_number(database: Database) -> int:
        number = await asked(database)
        await store.write([*RESULTS])
        return number

    await store.write([opened()])
    monkeypatch.setattr(feed, "last_number", last_number)
    log = await event_log(store)
    entries, _ = await Reader(log, Filter(), after=log.floor).read(0.01)
    assert [entry.type for entry in entries] == ["result"]


async def test_a_database_that_is_away(store: RecordStore, monkeypatch: pytest.MonkeyPatch) -> None:
    await store.write([opened(), closed()])
    log = await event_log(store)

    def away() -> None:
        raise ConnectionRefusedError("no database")

    monkeypatch.setattr(store.database, "reading", away)
    assert await Reader(log, Filter(), after=0).read(0.01) == ([], True)
