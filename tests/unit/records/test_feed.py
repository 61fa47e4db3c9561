"""Events of the past, from where a reader left off."""

from controller.records.feed import events_after, last_number
from controller.records.store import RecordStore
from controller.routing.webhook import EventType
from tests.unit.records.examples import opened, whole_call


async def test_from_where_a_reader_left_off(store: RecordStore) -> None:
    assert await last_number(store.database) == 0
    stored = await store.write(whole_call())
    await store.write([opened("c2")])
    assert (await events_after(store.database, 0))[:-1] == stored
    assert await events_after(store.database, stored[2].number, limit=2) == stored[3:5]
    assert [e.event.call_id for e in await events_after(store.database, 0, call_id="c2")] == ["c2"]
    wanted = await events_after(store.database, 0, types={EventType.RESULT, EventType.LOG})
    assert [e.event.type for e in wanted] == ["result", "log"]
    assert await events_after(store.database, 0, route="other") == []
    assert await last_number(store.database) == stored[-1].number + 1
