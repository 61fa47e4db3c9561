"""What is older than it may be goes, and nothing else."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from controller.config import load
from controller.errors import ControllerError
from controller.records import outbox, retention
from controller.records.feed import events_after
from controller.records.items import (
    CallClosed,
    CallOpened,
    Item,
    LogWritten,
    RecordingMade,
    TranscriptSaid,
    VoicemailLeft,
)
from controller.records.retention import Retention, Sweeper
from controller.records.search import CallQuery, search
from controller.records.store import RecordStore
from controller.records.targets import Audience
from controller.routing.webhook import Target

NOW = datetime.now(UTC)


def call(days_ago: float, *, over: bool = True) -> list[Item]:
    call_id = f"c{days_ago:g}"
    began = NOW - timedelta(days=days_ago)
    items: list[Item] = [
        CallOpened(call_id, began, "+493012345678", None, None, "reception"),
        TranscriptSaid(call_id, "t", 0, "bot", "hello there"),
        LogWritten(call_id, "l", 0, "info", "a line"),
        VoicemailLeft(call_id, "v", 0, f"{call_id}-voicemail", 1000, "call me"),
        RecordingMade(call_id, "r", 0, f"{call_id}-recording", "wav", 1000),
    ]
    return [*items, CallClosed(call_id, began, "bot_hung_up")] if over else items


@pytest.fixture
async def calls(store: RecordStore, monkeypatch: pytest.MonkeyPatch) -> RecordStore:
    monkeypatch.setattr(retention, "BATCH_ROWS_MAX", 2)
    for days_ago in (1.0, 5.0, 10.0, 10.5, 11.0, 12.0):
        await store.write(call(days_ago))
    await store.write(call(13.0, over=False))
    return store


async def test_nothing_goes_unless_it_is_asked_for(calls: RecordStore) -> None:
    removed = await Sweeper(calls.database, Retention.of(load({}))).sweep(NOW)
    assert not any(removed.values())


async def gone(_name: str) -> None:
    """The file is removed."""


async def test_old_calls_go_with_everything_but_not_one_that_lasts(calls: RecordStore) -> None:
    removed = await Sweeper(calls.database, Retention(calls=7), gone).sweep(NOW)
    assert removed["calls"] == 4
    assert [call.id for call in await calls.list_calls()] == ["c1", "c5", "c13"]
    assert len((await search(calls.database, CallQuery(text="hello"))).calls) == 3
    assert {e.event.call_id for e in await events_after(calls.database, 0)} == {"c1", "c5", "c13"}


async def test_old_words_go_and_are_not_found_any_more(calls: RecordStore) -> None:
    removed = await Sweeper(calls.database, Retention(transcripts=7, logs=2)).sweep(NOW)
    assert (removed["transcripts"], removed["logs"]) == (10, 6)
    old, new = await calls.show_call("c11"), await calls.show_call("c5")
    assert (old.transcripts, old.voicemails[0].text, old.logs) == ((), "", ())
    assert (len(new.transcripts), new.voicemails[0].text, new.logs) == (1, "call me", ())
    found = await search(calls.database, CallQuery(text="hello"))
    assert [call.id for call in found.calls] == ["c1", "c5"]
    assert len((await search(calls.database, CallQuery(route="reception"))).calls) == 7


async def test_files_of_old_recordings_are_removed_once(calls: RecordStore) -> None:
    removed: list[str] = []

    async def remove(name: str) -> None:
        if name == "c12-recording":
            raise ControllerError("Asterisk is away")
        removed.append(name)

    sweeper = Sweeper(calls.database, Retention(recordings=10.7), remove)
    for _ in range(2):
        await sweeper.sweep(NOW)
    files = ["c11-recording", "c11-voicemail", "c12-voicemail", "c13-recording", "c13-voicemail"]
    assert sorted(removed) == files


async def test_a_call_whose_file_could_not_be_removed_stays_until_it_is(calls: RecordStore) -> None:
    async def remove(name: str) -> None:
        if name == "c12-recording":
            raise ControllerError("Asterisk is away")

    assert (await Sweeper(calls.database, Retention(calls=11.5), remove).sweep(NOW))["calls"] == 0
    assert (await Sweeper(calls.database, Retention(calls=11.5)).sweep(NOW))["calls"] == 0, "nobody to remove it"
    assert (await Sweeper(calls.database, Retention(calls=11.5), gone).sweep(NOW))["calls"] == 1


async def test_old_events_go_unless_somebody_waits_for_them(url: str) -> None:
    crm = Target("crm", "https://crm.example.com/", "x" * 16)
    store = await RecordStore.open(url, audience=Audience((crm,)))
    await store.write(call(1.0))
    told = [event for event in await events_after(store.database, 0) if event.event.type == "log"]
    sweeper = Sweeper(store.database, Retention(events=1))
    await sweeper.sweep(NOW + timedelta(days=2))
    left = await events_after(store.database, 0)
    assert {json.loads(event.event.payload)["type"] for event in left}.isdisjoint({"log"})
    assert len(left) == 5, "all that a target waits for"
    assert len(told) == 1
    await sweeper.sweep(NOW + timedelta(days=31))
    assert await events_after(store.database, 0) == []
    assert await outbox.states(store.database) == []
    assert len((await store.show_call("c1")).logs) == 1
    await store.close()
