"""The outbox: written with the item, taken by one at a time, in order, until delivered or given up."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from controller.records import outbox
from controller.records.items import TranscriptSaid
from controller.records.outbox import MESSAGES_PER_TURN_MAX, Outcome, Stream
from controller.records.store import ItemsRefused, RecordStore
from controller.records.targets import Audience
from controller.routing.webhook import EventType, Target
from tests.unit.records.examples import closed, opened, whole_call

CRM = Target("crm", "https://crm.example.com/", "x" * 16, frozenset({EventType.TRANSCRIPT}))
LEASE_SECONDS = 60.0


def said(number: int, call: str = "c1") -> TranscriptSaid:
    return TranscriptSaid(call, str(number), number, "bot", f"word {number}")


@pytest.fixture
async def store(url: str) -> AsyncIterator[RecordStore]:
    store = await RecordStore.open(url, audience=Audience((CRM,)))
    yield store
    await store.close()


async def take(store: RecordStore, limit: int = 10, after_seconds: float = 0.1, *, target: str = "crm") -> list[Stream]:
    now = datetime.now(UTC) + timedelta(seconds=after_seconds)
    return await outbox.take(store.database, target, now, LEASE_SECONDS, limit)


async def settle(store: RecordStore, *outcomes: Outcome) -> None:
    await outbox.settle(store.database, outcomes, datetime.now(UTC))


def ids(stream: Stream) -> list[int]:
    return [message.number for message in stream.messages]


async def test_who_wants_an_event_has_a_message_once(store: RecordStore) -> None:
    for _ in range(2):
        await store.write(whole_call())
    (stream,) = await take(store)
    assert (stream.target, stream.call_id, stream.attempts) == ("crm", "c1", 0)
    assert [message.type for message in stream.messages] == ["transcript", "transcript"]
    assert '"text":"Grüß Gott 👋"' in stream.messages[0].payload


async def test_what_is_refused_leaves_no_message(store: RecordStore) -> None:
    with pytest.raises(ItemsRefused):
        await store.write([opened(), said(0), said(1, "nobody's")])
    assert await take(store) == []


async def test_what_is_delivered_is_gone_and_the_next_comes(store: RecordStore) -> None:
    await store.write([opened(), *(said(n) for n in range(3))])
    (stream,) = await take(store)
    await settle(store, Outcome(stream, 2))
    (rest,) = await take(store)
    assert ids(rest) == ids(stream)[2:]
    await settle(store, Outcome(rest, 1))
    assert await take(store) == []
    await store.write([said(3)])
    (more,) = await take(store)
    assert [message.payload for message in more.messages] != [message.payload for message in rest.messages]


async def test_a_stream_is_taken_by_one_until_its_lease_is_over(store: RecordStore) -> None:
    await store.write([opened("c1"), opened("c2"), said(0, "c1"), said(0, "c2")])
    taken = await asyncio.gather(*(take(store, limit=1) for _ in range(4)))
    assert sorted(stream.call_id for streams in taken for stream in streams) == ["c1", "c2"]
    assert await take(store) == []
    assert len(await take(store, after_seconds=LEASE_SECONDS + 1)) == 2


async def test_whose_lease_was_lost_changes_nothing_of_the_next_ones(store: RecordStore) -> None:
    await store.write([opened(), said(0), said(1)])
    (first,) = await take(store)
    (second,) = await take(store, after_seconds=LEASE_SECONDS + 1)
    await settle(store, Outcome(first, 0, "too late", datetime.now(UTC)))
    await settle(store, Outcome(first, 1))
    assert await take(store) == [], "the second still has it"
    await settle(store, Outcome(second, 2))
    assert await outbox.states(store.database) == []


async def test_what_comes_while_a_stream_is_out_is_not_forgotten(store: RecordStore) -> None:
    await store.write([opened(), said(0)])
    (stream,) = await take(store)
    await store.write([said(1)])
    assert await take(store) == []
    await settle(store, Outcome(stream, 1))
    (rest,) = await take(store)
    assert len(rest.messages) == 1


async def test_writers_and_senders_at_once_lose_nothing(store: RecordStore) -> None:
    """A stream that is found empty must not end while a message for it is on its way in."""
    await store.write([opened()])
    delivered: list[int] = []

    async def send() -> None:
        while len(delivered) < 60:
            for stream in await take(store):
                delivered.extend(ids(stream))
                await settle(store, Outcome(stream, len(stream.messages)))
            await asyncio.sleep(0)

    async def write() -> None:
        for number in range(60):
            await store.write([said(number)])

    async with asyncio.timeout(30):
        await asyncio.gather(send(), write())
    assert delivered == sorted(set(delivered))
    assert await outbox.states(store.database) == []


async def test_a_turn_is_bounded(store: RecordStore) -> None:
    await store.write([opened(), *(said(n) for n in range(MESSAGES_PER_TURN_MAX + 1))])
    (stream,) = await take(store)
    assert len(stream.messages) == MESSAGES_PER_TURN_MAX


async def test_a_failure_is_tried_again_at_its_time_and_counted(store: RecordStore) -> None:
    await store.write([opened(), said(0), said(1)])
    (stream,) = await take(store)
    await settle(store, Outcome(stream, 0, "HTTP 503", datetime.now(UTC) + timedelta(seconds=30)))
    assert await take(store) == []
    (state,) = await outbox.states(store.database)
    assert (state.target, state.waiting, state.dead, state.error) == ("crm", 2, 0, "HTTP 503")
    (again,) = await take(store, after_seconds=31)
    assert (again.attempts, ids(again)) == (1, ids(stream))
    await settle(store, Outcome(again, 1, "HTTP 503", datetime.now(UTC)))
    (other,) = await take(store)
    assert (other.attempts, ids(other)) == (1, ids(stream)[1:]), "another message has failed once"


async def test_one_bad_message_is_given_up_and_the_others_go_on(store: RecordStore) -> None:
    await store.write([opened(), *(said(n) for n in range(3))])
    (stream,) = await take(store)
    await settle(store, Outcome(stream, 1, "HTTP 422"))
    (rest,) = await take(store)
    assert (ids(rest), rest.attempts) == (ids(stream)[2:], 0)
    (dead,) = await outbox.dead_letters(store.database)
    assert (dead.event_number, dead.error, dead.type) == (ids(stream)[1], "HTTP 422", "transcript")


async def test_a_target_that_is_gone_gives_up_all_and_resend_brings_it_back_in_order(store: RecordStore) -> None:
    await store.write([opened(), *(said(n) for n in range(3)), closed()])
    (stream,) = await take(store)
    await settle(store, Outcome(stream, 0, "no answer in 10 s", with_all_after=True))
    assert await take(store) == []
    assert [letter.event_number for letter in await outbox.dead_letters(store.database)] == ids(stream)
    assert await outbox.dead_letters(store.database, "other") == []
    now = datetime.now(UTC)
    assert await outbox.resend(store.database, now, target="other") == 0
    assert await outbox.resend(store.database, now, event_id=stream.messages[1].id) == 1
    (one,) = await take(store)
    assert ids(one) == ids(stream)[1:2]
    assert await outbox.resend(store.database, now, call_id="c1") == 2
    (back,) = await take(store)
    assert ids(back) == ids(stream)


async def test_a_route_that_names_its_targets_tells_no_other(url: str) -> None:
    other = replace(CRM, name="other")
    audience = Audience((CRM, other), {"reception": frozenset({"other"}), "silent": frozenset()})
    store = await RecordStore.open(url, audience=audience)
    await store.write(whole_call())
    assert await take(store, target="crm") == []
    assert len(await take(store, target="other")) == 1
    store.tell(Audience((CRM,)))
    assert store.audience.of_routes == audience.of_routes, "calls of routes that are gone keep what they had"
    assert store.audience.targets == (CRM,)
    await store.close()


async def test_subscribers_are_told_of_what_is_new_in_order(store: RecordStore) -> None:
    told: list[int] = []
    end = store.subscribe(lambda stored: told.extend(new.number for new in stored))
    await store.write(whole_call())
    await store.write(whole_call())
    assert told == sorted(told)
    assert len(told) == len(whole_call())
    end()
    await store.write([opened("c2")])
    assert len(told) == len(whole_call())


async def test_a_clock_that_is_set_back_keeps_nothing_waiting(store: RecordStore) -> None:
    """What waits longer than anything may is due: a lease, or a pause after so many failures."""
    await store.write([opened(), said(0)])
    pauses = (LEASE_SECONDS, 6.0, 36.0)
    (stream,) = await take(store)
    now = datetime.now(UTC)
    assert await outbox.recall(store.database, "crm", now, pauses) == 0
    assert await outbox.recall(store.database, "other", now - timedelta(hours=3), pauses) == 0
    assert await outbox.recall(store.database, "crm", now - timedelta(hours=3), pauses) == 1
    assert [again.call_id for again in await take(store)] == ["c1"]
    await settle(store, replace(Outcome(stream, 0), error="503", retry_at=now + timedelta(seconds=30)))
    assert len(await take(store, after_seconds=LEASE_SECONDS + 1)) == 1


async def test_a_long_pause_after_many_failures_is_waited_for(store: RecordStore) -> None:
    await store.write([opened(), said(0)])
    pauses = (1.0, 6.0, 7200.0)
    for failures, wait in ((1, 5), (2, 7000)):
        (stream,) = await take(store, after_seconds=10)
        now = datetime.now(UTC)
        await settle(store, Outcome(stream, 0, "503", now + timedelta(seconds=wait)))
        assert stream.attempts == failures - 1
        assert await outbox.recall(store.database, "crm", now, pauses) == 0
    assert await outbox.recall(store.database, "crm", now - timedelta(hours=1), pauses) == 1
