import asyncio
from collections.abc import Sequence

import pytest

from controller.api import event_log
from controller.api.event_log import Entry, EventLog, Filter, Reader, TooManyReaders
from controller.errors import ControllerError
from controller.records.events import Event, StoredEvent
from controller.routing.webhook import EventType

ALL = Filter()


def stored(number: int, call_id: str = "c1", kind: EventType = EventType.RESULT) -> StoredEvent:
    return StoredEvent(number, Event(f"evt_{number}", call_id, "reception", kind, f'{{"n":{number}}}'))


def entry(number: int) -> Entry:
    return Entry(number, "result", "c1", "reception", f'{{"n":{number}}}')


async def read(reader: Reader, seconds: float = 0.01) -> list[int]:
    entries, lost = await reader.read(seconds)
    assert not lost
    return [entry.number for entry in entries]


async def test_a_reader_sees_what_comes_after_it() -> None:
    log = EventLog()
    log.publish_stored([stored(1)])
    reader = Reader(log, ALL)
    assert await read(reader) == []
    waiting = asyncio.create_task(read(reader, 5))
    await asyncio.sleep(0)
    log.publish_stored([stored(2), stored(4)])
    assert await waiting == [2, 4]


async def test_filters() -> None:
    log = EventLog()
    readers = [
        Reader(log, ALL),
        Reader(log, Filter(call_id="c2")),
        Reader(log, Filter(types=frozenset({"log", "dtmf"}))),
        Reader(log, Filter(route="other")),
    ]
    log.publish_stored([stored(1), stored(2, "c2"), stored(3, "c2", EventType.LOG)])
    assert [await read(reader) for reader in readers] == [[1, 2, 3], [2, 3], [3], []]


async def test_who_comes_back_goes_on_where_it_left_off() -> None:
    log = EventLog()
    log.publish_stored([stored(1), stored(2), stored(3)])
    assert await read(Reader(log, ALL, after=1)) == [2, 3]
    of_another_database = Reader(log, ALL, after=99)
    assert await read(of_another_database) == []
    log.publish_stored([stored(4)])
    assert await read(of_another_database) == [4]


async def test_what_memory_has_no_more_comes_from_the_database() -> None:
    everything = [entry(number) for number in range(1, 11)]

    async def earlier(number: int, _wanted: Filter) -> Sequence[Entry]:
        return [one for one in everything if one.number > number][:3]

    log = EventLog(kept_max=3, earlier=earlier)
    log.begin_after(5)
    log.publish_stored([stored(number) for number in range(6, 11)])
    assert log.floor == 7
    reader = Reader(log, ALL, after=1)
    assert [await read(reader) for _ in range(3)] == [[2, 3, 4], [5, 6, 7], [8, 9, 10]]
    slow = Reader(log, ALL, after=9)
    log.publish_stored([stored(number) for number in range(11, 16)])
    everything += [entry(number) for number in range(11, 16)]
    assert [number for _ in range(3) for number in await read(slow)] == [10, 11, 12, 13, 14, 15]


async def test_nothing_is_lost_of_what_comes_while_the_database_is_read() -> None:
    log = EventLog(kept_max=1)

    async def earlier(number: int, _wanted: Filter) -> Sequence[Entry]:
        found = [entry(one) for one in range(number + 1, log.newest + 1)]
        if log.newest < 3:
            log.publish_stored([stored(3), stored(4)])
            return []
        return found

    log.earlier = earlier
    log.publish_stored([stored(1), stored(2)])
    log.floor = 1
    reader = Reader(log, ALL, after=0)
    assert [number for _ in range(3) for number in await read(reader)] == [2, 3, 4]


async def test_a_slow_reader_is_told_what_nobody_can_give_it() -> None:
    async def away(_number: int, _wanted: Filter) -> Sequence[Entry]:
        raise ControllerError("the database is away")

    for log in (EventLog(kept_max=2), EventLog(kept_max=2, earlier=away)):
        reader = Reader(log, ALL)
        log.publish_stored([stored(number) for number in range(1, 6)])
        entries, lost = await reader.read(0.01)
        assert ([one.number for one in entries], lost) == ([4, 5], True)
        assert await read(reader) == []


async def test_what_is_stored_nowhere_is_kept_for_readers_only() -> None:
    log = EventLog()
    log.publish("ChannelCreated", "{}")
    with Reader(log, ALL) as reader:
        log.publish("ChannelDestroyed", "{}")
        entries, _ = await reader.read(0.01)
    assert [one.type for one in entries] == ["ChannelDestroyed"]


def passing(call_id: str, text: str) -> Entry:
    return Entry(0, "speaking", call_id, "reception", text)


async def test_what_passes_comes_to_those_who_asked_for_it_and_the_newest_only() -> None:
    log = EventLog()
    log.publish_passing([passing("c1", "nobody listened")])
    wanted = Filter(types=frozenset({"speaking", "result"}))
    with Reader(log, wanted) as reader, Reader(log, ALL) as other, Reader(log, Filter("c2", "", wanted.types)) as one:
        log.publish_passing([passing("c1", "a"), passing("c2", "b")])
        log.publish_stored([stored(1)])
        log.publish_passing([passing("c1", "c")])
        entries, lost = await reader.read(0.01)
        assert ([one.text for one in entries], lost) == (['{"n":1}', "b", "c"], False)
        assert [one.text for one in (await other.read(0.01))[0]] == ['{"n":1}']
        assert [one.text for one in (await one.read(0.01))[0]] == ["b"]
        assert (reader.position, await read(reader)) == (1, [])
        waiting = asyncio.create_task(reader.read(30))
        await asyncio.sleep(0)
        log.publish_passing([passing("c2", "d")])
        assert [one.text for one in (await waiting)[0]] == ["d"]


def test_what_passes_takes_no_more_room_than_there_are_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_log, "PASSING_MAX", 2)
    kept = event_log.Passing()
    for call_id in ("c1", "c2", "c1", "c3"):
        kept.add(passing(call_id, call_id))
    assert [one.call_id for one in kept.after(0)] == ["c1", "c3"]
    assert [one.call_id for one in kept.after(3)] == ["c3"]


def test_readers_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_log, "READERS_MAX", 1)

    async def go() -> None:
        log = EventLog()
        with Reader(log, ALL), pytest.raises(TooManyReaders), Reader(log, ALL):
            pass
        with Reader(log, ALL):
            pass
        assert log.readers == 0

    asyncio.run(go())


async def test_the_end_wakes_everybody() -> None:
    log = EventLog()
    reader = Reader(log, ALL)
    waiting = asyncio.create_task(reader.read(60))
    await asyncio.sleep(0)
    log.close()
    await asyncio.wait_for(waiting, 5)
    assert reader.over
