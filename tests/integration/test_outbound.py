"""Calls that we place: somebody picks up and talks with a bot, or does not."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from controller.carrier import listening
from controller.carrier.carrier import Carrier
from controller.carrier.sounds import tone
from tests.integration.ladder.routes import routes
from tests.integration.stack.asterisks import HUMAN_NUMBER
from tests.integration.stack.bot import Bot
from tests.integration.stack.stack import API_TOKEN, SETTLE_SECONDS, Stack

pytestmark = pytest.mark.integration

LOW, HIGH = 900.0, 1300.0  # Hz
CALLEE = "+493023125177"
BUSY, RINGS_FOR_EVER, DECLINES = (f"+4930231251{number}" for number in ("01", "02", "03"))
OWN = "+493023125299"


@pytest.fixture
def settings(running_stack: Stack) -> dict[str, str]:
    """One file for all tests, so one controller."""
    file = running_stack.directory / "outbound.toml"
    fence = '[fence]\nprefixes = ["+4930"]'
    file.write_text(routes(running_stack, '{bot = "reception"}, {human = "desk"}', more=fence))
    return {"ROUTES_FILE": str(file), "PHONE_NUMBER": OWN}


class Api:
    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url

    async def place(self, **body: Any) -> tuple[int, dict[str, Any]]:
        async with self._session.post(f"{self._url}/v1/calls", json=body) as answer:
            said: dict[str, Any] = await answer.json()
            return answer.status, said

    async def placed(self, **body: Any) -> str:
        status, said = await self.place(**body)
        assert status == 201, said
        call_id: str = said["id"]
        return call_id

    async def call(self, call_id: str) -> dict[str, Any]:
        async with self._session.get(f"{self._url}/v1/calls/{call_id}") as answer:
            found: dict[str, Any] = await answer.json()
            return found

    async def hang_up(self, call_id: str) -> int:
        async with self._session.post(f"{self._url}/v1/calls/{call_id}/hangup") as answer:
            return answer.status


@pytest.fixture
async def api(stack: Stack) -> AsyncIterator[Api]:
    # A connection for each request: one that is kept may be one to a controller that was killed.
    connector = aiohttp.TCPConnector(force_close=True)
    headers = {"Authorization": f"Bearer {API_TOKEN}"}
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
        yield Api(session, f"http://127.0.0.1:{stack.api_port}")


async def test_who_picks_up_talks_with_the_bot(stack: Stack, bot: Bot, carrier: Carrier, api: Api) -> None:
    asked = {"to": CALLEE, "metadata": {"order": 7}, "idempotency_key": "order-7"}
    call_id = await api.placed(**asked)
    assert await api.placed(**asked) == call_id, "nobody is called twice"
    phone = await carrier.incoming()
    assert (phone.number, phone.peer) == (CALLEE, OWN)
    call = await bot.call()
    start = call.start
    assert (start["call_id"], start["direction"], start["to"]["number"]) == (call_id, "outbound", CALLEE)
    assert start["metadata"]["order"] == 7
    await asyncio.sleep(0.3)
    assert not [m for m in call.messages if m["type"] == "answered"], "nobody talks to a phone that rings"
    await phone.answer()
    await call.until_message("answered")
    since = time.monotonic()
    await call.speak(tone(HIGH, 0.5))
    phone.play(tone(LOW, 0.5))
    await phone.until_tone(HIGH, since=since)
    await call.until(lambda: bool(listening.tones(call.heard, LOW, 200)), "the callee's tone")
    await call.send("hangup")
    await phone.until_ended()
    record = await stack.record()
    assert (record.summary.direction, record.summary.ending) == ("outbound", "bot_hung_up")
    assert (record.summary.from_number, record.summary.to_number) == (OWN, CALLEE)
    assert record.summary.answered_at
    assert [step.detail for step in record.steps if step.kind == "placed"] == [f"{OWN} to {CALLEE}, by tests"]
    assert [dict(known.data) for known in record.metadata] == [{"order": 7}]
    assert (await api.call(call_id))["direction"] == "outbound"


async def test_from_the_bot_to_a_human(stack: Stack, bot: Bot, carrier: Carrier, api: Api) -> None:
    await api.placed(to=CALLEE, from_number="+493023125250")
    phone = await carrier.incoming()
    assert phone.peer == "+493023125250"
    await phone.answer()
    call = await bot.call()
    await call.until_message("answered")
    await call.send("transfer")
    human = await carrier.incoming()
    assert (human.number, human.peer) == (HUMAN_NUMBER, CALLEE)
    await human.answer()
    await call.until_message("end")
    since = time.monotonic()
    phone.play(tone(LOW, 0.5))
    human.play(tone(HIGH, 0.5))
    await human.until_tone(LOW, since=since)
    await phone.until_tone(HIGH, since=since)
    await phone.hang_up()
    await human.until_ended()
    assert (await stack.record()).summary.ending == "caller_hung_up"


@pytest.mark.parametrize(("number", "ending"), [(BUSY, "busy"), (RINGS_FOR_EVER, "no_answer"), (DECLINES, "declined")])
async def test_who_does_not_pick_up(stack: Stack, bot: Bot, api: Api, number: str, ending: str) -> None:
    await api.placed(to=number, ring_seconds=1)
    record = await stack.record()
    assert (record.summary.ending, record.summary.answered_at) == (ending, None)
    for call in bot.calls:
        await call.until(call.closed.is_set, "the end")
        assert not [m for m in call.messages if m["type"] == "answered"]


async def test_a_bot_that_is_not_there_calls_nobody(stack: Stack, bot: Bot, api: Api) -> None:
    bot.manner = "refuse_handshake"
    await api.placed(to=CALLEE)
    assert (await stack.record()).summary.ending == "refused"


async def test_we_hang_up_while_it_rings(stack: Stack, bot: Bot, carrier: Carrier, api: Api) -> None:
    call_id = await api.placed(to=CALLEE)
    phone = await carrier.incoming()
    await bot.call()
    assert await api.hang_up(call_id) == 202
    await phone.until_ended()
    assert (await stack.record()).summary.ending == "operator_hung_up"


@pytest.mark.parametrize("picked_up", [True, False])
async def test_a_controller_that_dies_calls_nobody_twice(
    stack: Stack, bot: Bot, carrier: Carrier, api: Api, picked_up: bool
) -> None:
    asked = {"to": CALLEE, "idempotency_key": f"killed {picked_up}"}
    call_id = await api.placed(**asked)
    phone = await carrier.incoming()
    call = await bot.call()
    if picked_up:
        await phone.answer()
        await call.until_message("answered")
        async with asyncio.timeout(SETTLE_SECONDS):
            while not (await stack.record_of(call_id)).answered_by_steps:  # noqa: ASYNC110 - another process writes it
                await asyncio.sleep(0.02)
    stack.controller.kill()
    stack.start_controller(**stack.custom)
    assert await api.placed(**asked) == call_id
    await phone.hang_up()
    record = await stack.record()
    assert (record.summary.id, record.summary.direction) == (call_id, "outbound")
    assert bool(record.summary.answered_at) == picked_up


async def test_what_is_not_allowed_is_not_dialled(stack: Stack, api: Api) -> None:
    assert (await api.place(to="+19005550000"))[0] == 403
    assert (await api.place(to="+44207946000"))[0] == 403
    assert (await api.place(to=CALLEE, route="nowhere"))[0] == 403
    assert (await api.place(to="sip:x@y"))[0] == 422
    assert await stack.records() == []
