"""Calls are found by what they have, newest first, page by page, in both databases alike."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from controller.records import search as search_module
from controller.records.items import CallClosed, CallOpened, Item, ResultReported, TranscriptSaid
from controller.records.search import BadQuery, CallQuery, search
from controller.records.store import RecordStore
from tests.unit.records.examples import START


def call(
    number: int, *said: str, result: str = "", route: str = "reception", ending: str = "bot_hung_up"
) -> list[Item]:
    call_id = f"c{number}"
    began = START + timedelta(minutes=number)
    items: list[Item] = [
        CallOpened(call_id, began, f"+4930{number:08}", None, "+493023125000", route),
        *(TranscriptSaid(call_id, str(n), n, "caller", text) for n, text in enumerate(said)),
    ]
    if result:
        items.append(ResultReported(call_id, "r", 0, result))
    if ending:
        items.append(CallClosed(call_id, began + timedelta(seconds=30), ending))
    return items


@pytest.fixture
async def calls(store: RecordStore) -> RecordStore:
    await store.write(
        [
            *call(0, "I want a refund", "for the blue car", result="Refunded"),
            *call(1, "the car is blue", route="sales"),
            *call(2, "Grüße aus Köln", result="Appointment confirmed", ending="caller_hung_up"),
            *call(3, "an appointment please", result="Appointment confirmed", route="sales"),
            *call(4, "hello", ending=""),
        ]
    )
    return store


async def found(store: RecordStore, **query: Any) -> list[str]:
    return [call.id for call in (await search(store.database, CallQuery(**query))).calls]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ({}, ["c4", "c3", "c2", "c1", "c0"]),
        ({"text": "refund"}, ["c0"]),
        ({"text": "car blue"}, ["c1", "c0"]),
        ({"text": '"blue car"'}, ["c0"]),
        ({"text": "appoint*"}, ["c3"]),
        ({"text": "gruSSe KOLN"}, ["c2"]),
        ({"text": "number"}, []),
        ({"number": "+493000000002"}, ["c2"]),
        ({"number": "030 00000003"}, ["c3"]),
        ({"number": "+493023125000"}, ["c4", "c3", "c2", "c1", "c0"]),
        ({"result": "Appointment confirmed"}, ["c3", "c2"]),
        ({"result": "Appointment"}, []),
        ({"route": "sales"}, ["c3", "c1"]),
        ({"route": "sales", "result": "Appointment confirmed"}, ["c3"]),
        ({"route": "sales", "text": "refund"}, []),
        ({"ending": "caller_hung_up"}, ["c2"]),
        ({"live": True}, ["c4"]),
        ({"live": True, "number": "+493023125000"}, ["c4"]),
        ({"since": START + timedelta(minutes=2)}, ["c4", "c3", "c2"]),
        ({"until": START + timedelta(minutes=2)}, ["c1", "c0"]),
        ({"text": "blue", "since": START + timedelta(minutes=1)}, ["c1"]),
        ({"text": "blue", "until": START + timedelta(minutes=1)}, ["c0"]),
    ],
)
async def test_what_is_asked_is_found(calls: RecordStore, query: dict[str, Any], ids: list[str]) -> None:
    assert await found(calls, **query) == ids


@pytest.mark.parametrize("looked_at", [0, 1, 3, 100])
async def test_pages(calls: RecordStore, looked_at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many of the newest are looked at one by one, before the index is asked."""
    monkeypatch.setattr(search_module, "NEWEST_LOOKED_AT", looked_at)
    for query in (CallQuery(), CallQuery(number="+493023125000"), CallQuery(number="3125000")):
        ids, cursor, pages = [], None, 0
        while pages == 0 or cursor:
            page = await search(calls.database, query, 2, cursor)
            ids += [call.id for call in page.calls]
            cursor, pages = page.next, pages + 1
        assert (ids, pages) == (["c4", "c3", "c2", "c1", "c0"], 3)


async def test_what_is_said_after_the_end_is_found_too(calls: RecordStore) -> None:
    await calls.write([TranscriptSaid("c0", "late", 0, "bot", "goodbye")])
    assert await found(calls, text="goodbye refund") == ["c0"]


async def test_calls_of_the_same_moment_have_places_of_their_own(store: RecordStore) -> None:
    (first,) = call(0, ending="")
    assert isinstance(first, CallOpened)
    await store.write([replace(first, call_id=f"a{n}") for n in range(3)])
    await store.write([replace(first, call_id="b")])
    await store.write([replace(first, call_id="b")])
    listed = await store.list_calls()
    assert sorted(call.id for call in listed) == ["a0", "a1", "a2", "b"]
    assert len({call.number for call in listed}) == 4


@pytest.mark.parametrize(
    "query",
    [CallQuery(text="…"), CallQuery(text="ab*"), CallQuery(number="123"), CallQuery(since=START.replace(tzinfo=None))],
)
async def test_what_cannot_be_answered_is_said(store: RecordStore, query: CallQuery) -> None:
    with pytest.raises(BadQuery):
        await search(store.database, query)


@pytest.mark.parametrize("cursor", ["", "x", "-1", "9" * 30, "\N{ARABIC-INDIC DIGIT ONE}"])
async def test_a_cursor_of_somebody_elses(store: RecordStore, cursor: str) -> None:
    with pytest.raises(BadQuery, match="`next`"):
        await search(store.database, CallQuery(), 1, cursor)
