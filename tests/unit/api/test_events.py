"""Events over HTTP: as a browser gets them, and over a WebSocket."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest

from controller.api import events
from controller.api.events import raw_type, tap
from controller.api.passing import speaking
from controller.media.control_messages import Speaking
from controller.records.items import StepTaken
from tests.unit.api.conftest import SECRETS, Api
from tests.unit.records.examples import RESULTS, TRANSCRIPTS, closed, opened

READ = {"Authorization": f"Bearer {SECRETS['read']}"}


async def next_event(answer: aiohttp.ClientResponse) -> dict[str, str]:
    """The next server-sent event; a comment is one with the field ''."""
    event: dict[str, str] = {}
    async with asyncio.timeout(5):
        async for raw in answer.content:
            line = raw.decode().rstrip("\n")
            if not line:
                return event
            name, _, value = line.partition(": ")
            event[name] = value
    raise AssertionError("the stream ended")


async def test_events_as_they_are_stored(api: Api) -> None:
    async with api.ask("GET", "/v1/events", "read") as answer:
        assert answer.content_type == "text/event-stream"
        assert answer.headers["X-Request-Id"]
        assert await next_event(answer) == {"retry": "2000"}
        await api.store.write([opened(), *TRANSCRIPTS, *RESULTS, closed()])
        got = [await next_event(answer) for _ in range(5)]
    assert [event["event"] for event in got] == ["call.started", "transcript", "transcript", "result", "call.ended"]
    numbers = [int(event["id"]) for event in got]
    assert numbers == sorted(numbers)
    assert json.loads(got[3]["data"])["data"]["name"] == "Appointment confirmed"


async def test_going_on_after_the_last_event_seen(api: Api) -> None:
    await api.store.write([opened(), *RESULTS, closed()])
    async with api.ask("GET", "/v1/events?after=0", "read") as answer:
        await next_event(answer)
        first = await next_event(answer)
    async with api.ask("GET", "/v1/events?type=call.ended", "read", headers={"Last-Event-ID": first["id"]}) as answer:
        await next_event(answer)
        assert (await next_event(answer))["event"] == "call.ended"


async def test_filters_of_the_query(api: Api) -> None:
    query = "call=c2&route=reception&type=result,call.step"
    async with api.ask("GET", f"/v1/events?{query}", "read") as answer:
        await next_event(answer)
        await api.store.write([opened(), opened("c2"), *RESULTS, StepTaken("c2", 0, 1.0, "arrived")])
        assert json.loads((await next_event(answer))["data"])["call_id"] == "c2"


@pytest.mark.parametrize("query", ["type=results", "after=-1", "after=x", "kind=result"])
async def test_a_query_that_does_not_fit(api: Api, query: str) -> None:
    await api.json("GET", f"/v1/events?{query}", "read", 422)


async def test_an_id_that_is_none(api: Api) -> None:
    await api.json("GET", "/v1/events", "read", 422, headers={"Last-Event-ID": "evt_1"})


async def test_a_sign_of_life(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "HEARTBEAT_SECONDS", 0.05)
    async with api.ask("GET", "/v1/events", "read") as answer:
        await next_event(answer)
        assert await next_event(answer) == {"": "still here"}


async def test_who_is_too_slow_is_told(api: Api) -> None:
    api.parts.events.earlier = None
    api.parts.events.begin_after(7)
    async with api.ask("GET", "/v1/events?after=3", "read") as answer:
        await next_event(answer)
        assert await next_event(answer) == {"event": "missed", "data": "{}"}


AT = datetime(2026, 11, 22, 14, 15, 16, 250_000, tzinfo=UTC)


async def test_who_speaks_has_no_number_and_disturbs_no_going_on(api: Api) -> None:
    await api.store.write([opened()])
    async with api.ask("GET", "/v1/events?type=speaking,result&after=0", "read") as answer:
        await next_event(answer)
        api.parts.events.publish_passing([speaking("c1", "reception", Speaking.CALLER, AT)])
        first = await next_event(answer)
        assert first.keys() == {"event", "data"}
        assert json.loads(first["data"]) == {
            "type": "speaking",
            "time": "2026-11-22T14:15:16.250Z",
            "call_id": "c1",
            "route": "reception",
            "data": {"speaking": "caller"},
        }
        await api.store.write([*RESULTS])
        assert (await next_event(answer))["event"] == "result"
        api.parts.events.publish_passing([speaking("c1", "reception", None, AT)])
        assert json.loads((await next_event(answer))["data"])["data"] == {"speaking": None}


async def test_who_speaks_over_a_websocket_to_those_who_ask(api: Api) -> None:
    async with (
        api.session.ws_connect(f"{api.url}/v1/events/ws?type=speaking", headers=READ) as socket,
        api.session.ws_connect(f"{api.url}/v1/events/ws", headers=READ) as other,
    ):
        api.parts.events.publish_passing([speaking("c1", "reception", Speaking.BOTH, AT)])
        said = await socket.receive_json(timeout=30)
        assert (said.keys(), said["event"]["data"]) == ({"event"}, {"speaking": "both"})
        await api.store.write([opened()])
        assert (await other.receive_json(timeout=30))["event"]["type"] == "call.started"


async def test_over_a_websocket(api: Api) -> None:
    await api.store.write([opened()])
    async with api.session.ws_connect(f"{api.url}/v1/events/ws?after=0", headers=READ) as socket:
        first = await socket.receive_json(timeout=5)
        assert first["event"]["type"] == "call.started"
        await socket.send_str("nobody listens to this")
        await api.store.write([*RESULTS])
        second = await socket.receive_json(timeout=5)
        assert second["number"] > first["number"]
        assert second["event"]["data"]["data"]["date"] == "2026-12-01"
        assert api.parts.events.readers == 1
    for _ in range(100):
        if api.parts.events.readers:
            await asyncio.sleep(0.01)
    assert api.parts.events.readers == 0


async def test_a_websocket_without_an_upgrade_and_without_a_token(api: Api) -> None:
    await api.json("GET", "/v1/events/ws", "read", 426)
    with pytest.raises(aiohttp.WSServerHandshakeError, match="401"):
        await api.session.ws_connect(f"{api.url}/v1/events/ws")


async def test_asterisks_own_events_are_for_admins(api: Api) -> None:
    await api.json("GET", "/v1/events?raw=true", "operate", 403)
    take = tap(api.parts.raw_events)
    async with api.ask("GET", "/v1/events?raw=true&type=ChannelCreated", "admin") as answer:
        await next_event(answer)
        for text in ('{"type": "StasisStart"}', "no JSON", "[]", '{\n "type": "ChannelCreated", "a": "\\n"}'):
            take(text)
        assert await next_event(answer) == {"event": "ChannelCreated", "data": '{"type":"ChannelCreated","a":"\\n"}'}


async def test_asterisks_own_events_over_a_websocket(api: Api) -> None:
    admin = {"Authorization": f"Bearer {SECRETS['admin']}"}
    async with api.session.ws_connect(f"{api.url}/v1/events/ws?raw=true", headers=admin) as socket:
        tap(api.parts.raw_events)('{"type": "StasisStart"}')
        assert await socket.receive_json(timeout=5) == {"event": {"type": "StasisStart"}}


def test_the_type_of_a_raw_event() -> None:
    said: Any = raw_type('{"type": "Dial", "x": 1}')
    assert said == ("Dial", '{"type":"Dial","x":1}')
