"""Calls that are recorded: who is heard on which side, what a pause leaves out, and how it is kept."""

import hashlib
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from controller.carrier import listening
from controller.carrier.carrier import Carrier
from controller.carrier.phone import Phone
from controller.carrier.sounds import SAMPLE_RATE, tone
from tests.integration.ladder.routes import routes
from tests.integration.stack.bot import Bot, BotCall
from tests.integration.stack.recorded import recordings, sides, spans
from tests.integration.stack.stack import API_TOKEN, Stack

pytestmark = pytest.mark.integration

LOW, HIGH, OTHER = 900.0, 1300.0, 620.0  # Hz; ringing is at 425
ALWAYS, TOLD, ON_DEMAND, NEVER = (f"+4930231252{number:02}" for number in range(4))
LADDER = '{bot = "reception"}, {human = "desk"}'


@pytest.fixture
def settings(running_stack: Stack) -> dict[str, str]:
    """One file for all tests, so one controller."""
    rules = {
        ALWAYS: '"always"',
        TOLD: '{mode = "always", announcement = "This call is recorded."}',
        ON_DEMAND: '"on_demand"',
    }
    more = "\n".join(
        f'[[routes]]\nname = "{number[1:]}"\nmatch = {{to = "{number}"}}\nrecording = {rule}\nladder = [{LADDER}]'
        for number, rule in rules.items()
    )
    file = running_stack.directory / "recorded.toml"
    file.write_text(routes(running_stack, LADDER, more=more))
    return {"ROUTES_FILE": str(file)}


class Api:
    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url

    async def record(self, call: BotCall, action: str) -> int:
        path = f"{self._url}/v1/calls/{call.start['call_id']}/recording"
        async with self._session.post(path, json={"action": action}) as answer:
            return answer.status

    async def get(self, path: str, **headers: str) -> tuple[int, bytes]:
        async with self._session.get(f"{self._url}/v1/calls/{path}", headers=headers) as answer:
            return answer.status, await answer.read()

    async def call(self, call_id: str) -> dict[str, Any]:
        async with self._session.get(f"{self._url}/v1/calls/{call_id}") as answer:
            found: dict[str, Any] = await answer.json()
            return found


@pytest.fixture
async def api(stack: Stack) -> AsyncIterator[Api]:
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {API_TOKEN}"}) as session:
        yield Api(session, f"http://127.0.0.1:{stack.api_port}")


async def talking(carrier: Carrier, bot: Bot, number: str) -> tuple[Phone, BotCall]:
    phone = await carrier.dial(number)
    call = await bot.call()
    await phone.until_answered()
    await call.until_message("answered")
    return phone, call


async def both_speak(caller: Phone, call: BotCall) -> None:
    """The caller at 900 Hz, the bot at 1300, until each has heard the other."""
    since, heard = time.monotonic(), len(call.heard)
    caller.play(tone(LOW, 0.4))
    await call.speak(tone(HIGH, 0.4))
    await caller.until_tone(HIGH, since=since)
    await call.until(lambda: bool(listening.tones(call.heard[heard:], LOW, 200)), "the caller's tone")
    await caller.until_quiet(200, since=since)


async def test_the_bot_is_on_the_right_and_the_caller_on_the_left_also_after_a_transfer(
    stack: Stack, bot: Bot, carrier: Carrier
) -> None:
    caller, call = await talking(carrier, bot, ALWAYS)
    await call.until_message("recording_state", state="recording")
    await both_speak(caller, call)
    await call.send("transfer")
    human = await carrier.incoming()
    await human.answer()
    await call.until_message("end")
    await caller.until_quiet(300)
    since = time.monotonic()
    caller.play(tone(OTHER, 0.4))
    human.play(tone(HIGH, 0.4))
    await caller.until_tone(HIGH, since=since)
    await human.until_tone(OTHER)
    await caller.until_quiet(200, since=since)
    await caller.hang_up()
    await human.until_ended()
    (made,) = await recordings(stack)
    said, heard = sides(stack, made)
    assert len(spans(said, LOW)) == len(spans(said, OTHER)) == 1
    assert not spans(said, HIGH)
    assert len(spans(heard, HIGH)) == 2, "of the bot and of the human, once each"
    assert not spans(heard, LOW)
    assert not spans(heard, OTHER)


async def test_a_paused_stretch_is_silence(stack: Stack, bot: Bot, carrier: Carrier, api: Api) -> None:
    caller, call = await talking(carrier, bot, ALWAYS)
    await call.send("recording", action="stop")
    await call.until_message("error", code="not_now")
    await both_speak(caller, call)
    await call.send("recording", action="pause")
    await call.until_message("recording_state", state="paused")
    caller.play(tone(OTHER, 0.4))
    await call.until(lambda: bool(listening.tones(call.heard, OTHER, 200)), "the caller's secret")
    await call.speak(tone(OTHER, 0.4))
    await caller.until_tone(OTHER)
    await caller.until_quiet(500)
    del call.messages[1:]
    assert await api.record(call, "resume") == 202
    await call.until_message("recording_state", state="recording")
    assert await api.record(call, "resume") == 409
    await both_speak(caller, call)
    await caller.hang_up()
    (made,) = await recordings(stack)
    said, heard = sides(stack, made)
    assert not spans(said, OTHER)
    assert not spans(heard, OTHER)
    first, second = spans(said, LOW)
    assert second.start - first.end > SAMPLE_RATE, "the pause has its length"
    assert len(spans(heard, HIGH)) == 2
    steps = [(step.kind, step.detail) for step in (await stack.record()).steps if "recording" in step.kind]
    assert ("recording_asked", "pause") in steps
    assert ("recording_asked", "resume, by tests") in steps


async def test_it_is_announced_before_the_bot_is_heard_and_served(
    stack: Stack, bot: Bot, carrier: Carrier, api: Api
) -> None:
    caller = await carrier.dial(TOLD)
    call = await bot.call()
    await caller.until_answered()
    await caller.until_sound(300)
    assert not [m for m in call.messages if m["type"] == "answered"], "the bot waits until it has been said"
    await call.until_message("answered")
    await both_speak(caller, call)
    await caller.hang_up()
    (made,) = await recordings(stack)
    _, heard = sides(stack, made)
    (spoken,) = spans(heard, HIGH)
    assert listening.sounds(heard[: spoken.start], 300), "the announcement is in it"
    call_id = call.start["call_id"]
    (shown,) = (await api.call(call_id))["recordings"]
    assert (shown["number"], shown["sha256"], shown["duration_ms"]) == (1, made.sha256, made.duration_ms)
    status, whole = await api.get(f"{call_id}/recording")
    assert (status, hashlib.sha256(whole).hexdigest()) == (200, made.sha256)
    assert await api.get(f"{call_id}/recording", Range="bytes=100-199") == (206, whole[100:200])
    assert (await api.get(f"{call_id}/recording?number=2"))[0] == 404


async def test_on_demand_and_not_at_all(stack: Stack, bot: Bot, carrier: Carrier, api: Api) -> None:
    caller, call = await talking(carrier, bot, ON_DEMAND)
    assert await api.record(call, "pause") == 409
    await both_speak(caller, call)
    for _ in range(2):
        del call.messages[1:]
        assert await api.record(call, "start") == 202
        await call.until_message("recording_state", state="recording")
        await both_speak(caller, call)
        await call.send("recording", action="stop")
        await call.until_message("recording_state", state="stopped")
    await caller.hang_up()
    for made in await recordings(stack, 2):
        said, _ = sides(stack, made)
        assert len(spans(said, LOW)) == 1
        assert made.at_ms > 0
    stack.seen |= {record.id for record in await stack.records()}

    caller = await carrier.dial(NEVER)
    call = await bot.call(2)
    await call.until_message("answered")
    await call.send("recording", action="start")
    await call.until_message("error", code="not_now")
    assert await api.record(call, "start") == 403
    await caller.hang_up()
    assert await recordings(stack, 0) == []


async def test_a_controller_that_dies_loses_nothing_of_it(stack: Stack, bot: Bot, carrier: Carrier) -> None:
    caller, call = await talking(carrier, bot, ALWAYS)
    await both_speak(caller, call)
    stack.controller.kill()
    stack.start_controller(**stack.custom)
    # The next one goes on with the call, and begins a recording of its own.
    begun = {"type": "recording_state", "state": "recording"}
    await call.until(lambda: sum(begun.items() <= told.items() for told in call.messages) > 1, "another recording")
    await caller.hang_up()
    made, _ = sorted(await recordings(stack, 2), key=lambda one: one.name)
    said, heard = sides(stack, made)
    assert len(spans(said, LOW)) == len(spans(heard, HIGH)) == 1
