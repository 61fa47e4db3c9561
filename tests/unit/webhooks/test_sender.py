"""What is stored arrives, in order, whatever the target does; and it costs nobody else anything."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from structlog.testing import capture_logs

from controller.records import outbox
from controller.records.items import CallOpened, Item, TranscriptSaid
from controller.records.store import RecordStore
from controller.records.targets import Audience
from controller.routing.webhook import EventType, Target
from controller.tracing import identity
from controller.tracing.spans import Span
from controller.tracing.tracer import Tracer
from controller.webhooks import retry
from controller.webhooks import sender as sender_module
from controller.webhooks.sender import Sender
from tests.integration.stack.processes import free_port
from tests.unit.records.examples import START, opened
from tests.unit.webhooks.receiver import SECRET, Receiver, receiving


@asynccontextmanager
async def sending(url: str, *targets: Target, **of_routes: frozenset[str]) -> AsyncIterator[RecordStore]:
    store = await RecordStore.open(url, audience=Audience(targets, of_routes))
    task = asyncio.create_task(Sender(store).run())
    try:
        yield store
    finally:
        task.cancel()
        await asyncio.wait([task])
        await store.close()
    assert task.cancelled(), task.exception()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "RETRY_SECONDS", (0.01,) * 10)
    monkeypatch.setattr(sender_module, "AWAY_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(sender_module, "POLL_SECONDS", 0.05)


def target(receiver: Receiver, name: str = "crm", **fields: Any) -> Target:
    return Target(name, receiver.url, SECRET, **fields)


def said(number: int, call: str = "c1") -> TranscriptSaid:
    return TranscriptSaid(call, str(number), number, "bot", f"word {number}")


def words(taken: Sequence[dict[str, Any]], call: str = "c1") -> list[str]:
    return [m["data"]["text"] for m in taken if m["type"] == "transcript" and m["call_id"] == call]


async def until_empty(store: RecordStore) -> None:
    async with asyncio.timeout(20):
        while await outbox.states(store.database):  # noqa: ASYNC110 - the database tells nobody
            await asyncio.sleep(0.01)


async def test_all_of_many_calls_in_order(url: str, receiver: Receiver) -> None:
    calls = [f"c{n}" for n in range(8)]
    items: list[Item] = [opened(call) for call in calls]
    items += [said(n, call) for n in range(45) for call in calls]
    async with sending(url, target(receiver)) as store:
        for start in range(0, len(items), 100):
            await store.write(items[start : start + 100])
        await receiver.until(lambda: len(receiver.taken) >= len(items))
        await until_empty(store)
    for call in calls:
        assert words(receiver.taken, call) == [f"word {n}" for n in range(45)]
    assert len({message["id"] for message in receiver.taken}) == len(items), "none twice"


async def test_a_target_that_fails_gets_all_of_it_in_order_later(url: str, receiver: Receiver) -> None:
    receiver.answer = lambda _: 503 if receiver.tried % 3 else 200
    async with sending(url, target(receiver)) as store:
        await store.write([opened(), *(said(n) for n in range(10))])
        await receiver.until(lambda: len(receiver.taken) == 11)
        await until_empty(store)
    assert words(receiver.taken) == [f"word {n}" for n in range(10)]


async def test_a_target_that_is_not_there_yet_is_waited_for_and_it_is_said_once(url: str) -> None:
    port = free_port()
    nowhere = Target("crm", f"http://user:p4ss@127.0.0.1:{port}/calls?token=t0ken", SECRET)
    with capture_logs() as logs:
        async with sending(url, nowhere) as store:
            await store.write([opened(), said(0)])
            async with asyncio.timeout(20):
                while not any(s.error for s in await outbox.states(store.database)):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            async with receiving(port) as receiver:
                await receiver.until(lambda: len(receiver.taken) == 2)
                await until_empty(store)
    events = [line["event"] for line in logs]
    assert events == ["webhook target away, trying again", "webhook target is back"]
    assert "p4ss" not in str(logs)
    assert "t0ken" not in str(logs)
    assert SECRET not in str(logs)


async def test_targets_come_and_go_while_it_runs(url: str, receiver: Receiver) -> None:
    async with sending(url) as store, receiving() as other:
        store.tell(Audience((target(receiver),)))
        await store.write([opened()])
        await receiver.until(lambda: len(receiver.taken) == 1)
        store.tell(Audience((target(other, "archive"),)))
        await store.write([said(0)])
        await other.until(lambda: len(other.taken) == 1)
        await until_empty(store)
    assert (words(receiver.taken), words(other.taken)) == ([], ["word 0"])


async def test_what_was_given_up_is_listed_and_sent_again_by_command(url: str, receiver: Receiver) -> None:
    receiver.answer = lambda message: 422 if message["data"].get("text") == "word 1" else 200
    async with sending(url, target(receiver)) as store:
        await store.write([opened(), *(said(n) for n in range(3))])
        await receiver.until(lambda: len(receiver.taken) == 3)
        (dead,) = await outbox.dead_letters(store.database)
        assert dead.error == "HTTP 422"
        receiver.answer = lambda _: 200
        await outbox.resend(store.database, START, event_id=dead.event_id)
        await receiver.until(lambda: len(receiver.taken) == 4)
        await until_empty(store)
    assert words(receiver.taken) == ["word 0", "word 2", "word 1"]


async def test_a_dead_target_does_not_hold_up_another(url: str, receiver: Receiver) -> None:
    async with receiving() as silent:
        silent.delay_seconds = 30
        async with sending(url, target(silent, "silent"), target(receiver)) as store:
            for number in range(20):
                await store.write([opened(f"c{number}")])
            await receiver.until(lambda: len(receiver.taken) == 20)
            states = {state.target: state.waiting for state in await outbox.states(store.database)}
            assert states["silent"] == 20
    assert silent.taken == []


async def test_each_target_gets_its_types_and_routes(url: str, receiver: Receiver) -> None:
    async with receiving() as sales:
        targets = target(receiver), target(sales, "sales", events=frozenset({EventType.TRANSCRIPT}))
        async with sending(url, *targets, reception=frozenset({"crm"})) as store:
            sale = CallOpened("c2", START, None, None, None, "sales")
            await store.write([opened("c1"), said(0, "c1"), sale, said(0, "c2")])
            await receiver.until(lambda: len(receiver.taken) == 4)
            await sales.until(lambda: len(sales.taken) == 1)
            await until_empty(store)
    assert [(message["call_id"], message["type"]) for message in sales.taken] == [("c2", "transcript")]


async def test_each_delivery_is_a_span_of_the_call_and_names_itself_to_the_target(url: str, receiver: Receiver) -> None:
    receiver.answer = lambda _: 503 if receiver.tried == 1 else 200
    spans: list[Span] = []
    store = await RecordStore.open(url, audience=Audience((target(receiver),)))
    task = asyncio.create_task(Sender(store, Tracer(spans.append)).run())
    await store.write([opened("c1")])
    await receiver.until(lambda: len(receiver.taken) == 1)
    await until_empty(store)
    task.cancel()
    await asyncio.wait([task])
    await store.close()
    assert receiver.traceparents == [identity.traceparent("c1", span.id) for span in spans]
    assert [span.error for span in spans] == ["HTTP 503", ""]
    assert {span.parent for span in spans} == {identity.span_id("c1")}
    assert spans[0].attributes == {"target": "crm", "type": "call.started"}


async def test_a_redirect_is_not_followed(url: str, receiver: Receiver) -> None:
    receiver.answer = lambda _: 307
    async with sending(url, target(receiver)) as store:
        await store.write([opened()])
        await receiver.until(lambda: receiver.tried == 2)
        assert receiver.taken == []


async def test_two_senders_deliver_everything_once(url: str, receiver: Receiver) -> None:
    async with sending(url, target(receiver)) as store, sending(url, target(receiver)):
        for number in range(10):
            await store.write([opened(f"c{number}"), *(said(n, f"c{number}") for n in range(3))])
        await receiver.until(lambda: len(receiver.taken) == 40)
        await until_empty(store)
    assert len({message["id"] for message in receiver.taken}) == 40


async def test_what_a_sender_left_is_delivered_by_the_next(url: str, receiver: Receiver) -> None:
    store = await RecordStore.open(url, audience=Audience((target(receiver),)))
    await store.write([opened(), said(0)])
    await store.close()
    async with sending(url, target(receiver)):
        await receiver.until(lambda: len(receiver.taken) == 2)
