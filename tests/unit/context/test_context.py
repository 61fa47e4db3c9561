"""What is known in time is told; what is late, broken or too much is left out, and nothing is raised."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from controller.config import load
from controller.context.context import CallContext, Context
from controller.errors import SettingError
from controller.records.items import CallbackAsked, ResultReported
from controller.records.store import RecordStore
from controller.routing.route import Arrival
from controller.tracing import identity
from controller.tracing.spans import Span
from controller.tracing.tracer import Tracer
from tests.integration.stack.processes import free_port
from tests.unit.records.examples import closed, opened
from tests.unit.webhooks.receiver import SECRET, Receiver

ARRIVAL = Arrival("trunk", "+493012345678", "Ada", "+493023125000", "+493055", "carrier", {"x-customer": "7"})


@asynccontextmanager
async def asking(url: str, context_url: str = "", **settings: str) -> AsyncIterator[tuple[RecordStore, Context]]:
    store = await RecordStore.open(url)
    loaded = load({"CONTEXT_URL": context_url, "CONTEXT_SECRET": SECRET, "CONTEXT_DEADLINE_MS": "2000", **settings})
    async with Context(store.database, loaded) as context:
        yield store, context
    await store.close()


async def answer(url: str, context_url: str, **settings: str) -> CallContext:
    async with asking(url, context_url, **settings) as (_, context):
        with capture_logs() as logs:
            found = await context.gather("c9", ARRIVAL, "reception")
        assert "t0ken" not in str(logs)
        return found


async def test_nothing_is_known_of_a_first_call(url: str) -> None:
    found = await answer(url, "")
    assert (found.metadata(), found.missing) == ({}, ())


async def test_earlier_calls_and_open_callbacks(url: str) -> None:
    async with asking(url) as (store, context):
        result = ResultReported("c1", "r", 0, "Booked", {"seats": 2, "summary": "two seats"})
        long = ResultReported("c1", "l", 1, "Long", {"text": "x" * 5000})
        callback = CallbackAsked("c1", "b", 0, ARRIVAL.from_number, "about the seats")
        await store.write([opened(), result, long, callback, closed()])
        found = await context.gather("c9", ARRIVAL, "reception")
    assert found.metadata() == {
        "previous_calls": [
            {
                "call_id": "c1",
                "started_at": "2026-11-22T14:15:07Z",
                "route": "reception",
                "ending": "bot_hung_up",
                "summary": "two seats",
                "results": [{"name": "Booked", "data": {"seats": 2, "summary": "two seats"}}, {"name": "Long"}],
            }
        ],
        "open_callbacks": [{"call_id": "c1", "asked_at": "2026-11-22T14:15:07Z", "note": "about the seats"}],
    }


async def test_the_company_is_asked_and_its_answer_told(url: str, receiver: Receiver) -> None:
    receiver.answer = lambda _: 200
    receiver.body = json.dumps({"customer": "Ada Lovelace", "vip": True}).encode()
    found = await answer(url, receiver.url)
    assert found.metadata() == {"customer": "Ada Lovelace", "vip": True}
    assert receiver.taken == [
        {
            "type": "call.arriving",
            "call_id": "c9",
            "from": {"number": "+493012345678", "name": "Ada"},
            "to": {"number": "+493023125000"},
            "forwarded_from": "+493055",
            "trunk": "carrier",
            "route": "reception",
            "headers": {"x-customer": "7"},
        }
    ]


async def test_bot_and_company_are_told_of_the_same_trace(url: str, receiver: Receiver) -> None:
    receiver.answer = lambda _: 200
    receiver.body = b'{"traceparent": "somebody else", "vip": true}'
    spans: list[Span] = []
    store = await RecordStore.open(url)
    loaded = load({"CONTEXT_URL": receiver.url, "CONTEXT_SECRET": SECRET, "CONTEXT_DEADLINE_MS": "2000"})
    async with Context(store.database, loaded, Tracer(spans.append)) as context:
        found = await context.gather("c9", ARRIVAL, "reception")
        receiver.answer = lambda _: 500
        await context.gather("c9", ARRIVAL, "reception")
    await store.close()
    assert found.metadata() == {"vip": True, "traceparent": identity.of_call("c9")}
    assert receiver.traceparents == [identity.traceparent("c9", span.id) for span in spans]
    assert [(span.name, span.error) for span in spans] == [("context webhook", ""), ("context webhook", "NoContext")]


@pytest.mark.parametrize(
    ("status", "body", "missing"),
    [
        (200, b"[1]", "not a JSON object"),
        (200, b"{", "not JSON"),
        (200, b'{"a": "' + b"x" * 20_000 + b'"}', "more than 16384 bytes"),
        (500, b"{}", "HTTP 500"),
        (302, b"{}", "HTTP 302"),
    ],
)
async def test_an_answer_of_no_use(url: str, receiver: Receiver, status: int, body: bytes, missing: str) -> None:
    receiver.answer = lambda _: status
    receiver.body = body
    found = await answer(url, receiver.url)
    assert found.answer == {}
    assert missing in found.missing[0]


async def test_no_answer_is_one_too(url: str, receiver: Receiver) -> None:
    assert (await answer(url, receiver.url)).missing == ()


async def test_a_late_answer_is_not_waited_for(url: str, receiver: Receiver) -> None:
    receiver.delay_seconds = 10
    found = await answer(url, receiver.url, CONTEXT_DEADLINE_MS="50")
    assert "context webhook: not in 50 ms" in found.missing


async def test_nobody_is_there(url: str) -> None:
    found = await answer(url, f"http://127.0.0.1:{free_port()}/?t0ken")
    assert found.missing[0].startswith("context webhook: ")
    assert "t0ken" not in found.missing[0]


async def test_a_database_that_is_gone_costs_the_caller_nothing(sqlite_url: str) -> None:
    async with asking(sqlite_url) as (store, context):
        async with store.database.writing() as connection:
            await connection.exec_driver_sql("DROP TABLE callbacks")
        found = await context.gather("c9", ARRIVAL, "reception")
    assert found.missing == ("previous calls: no such table: callbacks",)


async def test_a_url_without_a_secret_is_refused(sqlite_url: str) -> None:
    store = await RecordStore.open(sqlite_url)
    with pytest.raises(SettingError, match="CONTEXT_SECRET"):
        Context(store.database, load({"CONTEXT_URL": "https://crm.example.com/"}))
    await store.close()
