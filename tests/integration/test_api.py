"""The API of a running controller, while somebody calls."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import numpy as np
import pytest

from controller.carrier.carrier import Carrier
from controller.carrier.sounds import SAMPLE_RATE, Samples, tone
from tests.integration.stack.asterisks import PHONE_NUMBER
from tests.integration.stack.bot import Bot
from tests.integration.stack.stack import API_TOKEN, Stack

pytestmark = pytest.mark.integration

WAIT_SECONDS = 20.0
BOT_HERTZ = 500.0


class Api:
    """A client with the token of the tests."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self.session = session
        self.url = url

    async def get(self, path: str) -> Any:
        async with self.session.get(self.url + path) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json(content_type=None)

    async def text(self, path: str) -> str:
        async with self.session.get(self.url + path) as answer:
            assert answer.status == 200
            return await answer.text()

    async def events(self, query: str = "") -> "Events":
        return Events(await self.session.get(f"{self.url}/v1/events?{query}"))


class Events:
    """A subscription."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer
        self.seen: list[dict[str, Any]] = []

    async def until(self, kind: str) -> dict[str, Any]:
        """The next event of this type."""
        async with asyncio.timeout(WAIT_SECONDS):
            async for line in self._answer.content:
                if line.startswith(b"data: "):
                    self.seen.append(json.loads(line.removeprefix(b"data: ")))
                    if self.seen[-1]["type"] == kind:
                        return self.seen[-1]
        raise AssertionError(f"no {kind}; there were {self.seen}")

    def close(self) -> None:
        self._answer.close()


@pytest.fixture
async def api(stack: Stack) -> AsyncIterator[Api]:
    headers = {"Authorization": f"Bearer {API_TOKEN}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        yield Api(session, f"http://127.0.0.1:{stack.api_port}")


async def test_a_call_is_followed_from_its_arrival_to_its_end(
    stack: Stack, api: Api, bot: Bot, carrier: Carrier
) -> None:
    events = await api.events()
    phone = await carrier.dial(PHONE_NUMBER)
    started = await events.until("call.started")
    call = await bot.call()
    await phone.until_answered()
    await call.until_message("answered")
    await call.send("transcript", id="t1", role="caller", text="I would like to book", final=True, end_ms=0)
    assert (await events.until("transcript"))["data"]["text"] == "I would like to book"
    await call.send("result", id="r1", name="Booked", data={"day": "Monday"})
    assert (await events.until("result"))["data"]["data"] == {"day": "Monday"}
    await call.speak(tone(500, 0.1))
    await call.send("mark", name="said")
    await call.until_message("mark_reached", name="said")
    await phone.hang_up()
    ended = await events.until("call.ended")
    events.close()
    assert (ended["call_id"], ended["data"]["ending"]) == (started["call_id"], "caller_hung_up")
    steps = [event["data"]["kind"] for event in events.seen if event["type"] == "call.step"]
    assert steps.index("bot_accepted") < steps.index("answered") < steps.index("caller_gone")

    record = await api.get(f"/v1/calls/{started['call_id']}")
    assert record["ending"] == "caller_hung_up"
    assert [one["name"] for one in record["results"]] == ["Booked"]
    metrics = await api.text("/metrics")
    assert 'ari_controller_calls_total{ending="caller_hung_up",route="default"} ' in metrics
    for times in ("call_setup", "bot_response", "added_delay"):
        assert f'ari_controller_{times}_seconds_count{{route="default"}} ' in metrics
    assert record["statistics"]["bot_responses"] == 1
    await stack.until_closed(1)


async def test_how_soon_a_bot_is_silent_when_the_caller_speaks(
    stack: Stack, api: Api, bot: Bot, carrier: Carrier
) -> None:
    stack.restart_controller(BOT_VOICE="barge_in")
    phone = await carrier.dial(PHONE_NUMBER)
    call = await bot.call()
    await phone.until_answered()
    await call.until_message("answered")
    await call.speak(tone(BOT_HERTZ, 10.0))
    await phone.until_tone(BOT_HERTZ)
    phone.play(vowel(1.0))
    started = await call.until_message("speech_started")
    assert started["paused"]
    await call.send("clear")
    await call.until_message("speech_stopped")
    await phone.hang_up()
    record = await stack.record()
    assert record.statistics["barge_ins"] == 1
    assert 0 < record.statistics["barge_in_ms"] < 1000, "60 ms of speech are needed to tell it from a click"
    assert 'ari_controller_barge_in_seconds_count{route="default"} 1.0' in await api.text("/metrics")


def vowel(seconds: float) -> Samples:
    """A voice of 140 Hz, loud and soft four times a second, as syllables are."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    voice = sum(np.sin(2 * np.pi * 140 * harmonic * time) / harmonic for harmonic in range(1, 20))
    return np.asarray(4_000 * voice * (0.7 + 0.3 * np.sin(8 * np.pi * time))).astype(np.int16)


async def test_search_and_timeline(stack: Stack, api: Api, bot: Bot, carrier: Carrier) -> None:
    phone = await carrier.dial(PHONE_NUMBER)
    call = await bot.call()
    await phone.until_answered()
    await call.send("transcript", id="t1", role="caller", text="a wombat in the cellar", final=True)
    await call.until_message("ack", id="t1")
    await phone.hang_up()
    await stack.until_closed(1)
    (found,) = (await api.get("/v1/calls?text=wombat"))["calls"]
    line = await api.get(f"/v1/calls/{found['id']}/timeline")
    said = [moment["type"] for moment in line["moments"]]
    assert "transcript" in said
    assert (await api.get("/v1/calls?text=wombat&ending=bot_hung_up"))["calls"] == []


async def test_where_a_call_would_go(stack: Stack, api: Api) -> None:
    assert stack.controller.running
    question = {"to_number": PHONE_NUMBER}
    async with api.session.post(f"{api.url}/v1/routes/decide", json=question) as answer:
        decided = await answer.json()
    assert (decided["route"], [rung["kind"] for rung in decided["ladder"]]) == ("default", ["bot", "human"])


async def test_asterisks_own_events(stack: Stack, api: Api, bot: Bot, carrier: Carrier) -> None:
    events = await api.events("raw=true")
    phone = await carrier.dial(PHONE_NUMBER)
    arrived = await events.until("StasisStart")
    assert arrived["channel"]["dialplan"]["app_name"] == "Stasis"
    await bot.call()
    await phone.hang_up()
    await events.until("ChannelDestroyed")
    events.close()
    await stack.until_closed(1)


async def test_the_controller_stops_at_once_although_somebody_listens(stack: Stack, api: Api) -> None:
    events = await api.events()
    stack.restart_controller()
    with pytest.raises((AssertionError, aiohttp.ClientError)):
        await events.until("call.started")
    assert (await api.get("/readyz"))["ready"]
