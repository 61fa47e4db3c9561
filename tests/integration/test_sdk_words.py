"""What else a bot on the library can do to a call: record, hold, learn, transfer in vain; and a broken connection."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from controller.bot import sdk
from controller.carrier.carrier import Carrier
from controller.carrier.sounds import tone
from controller.media.audio import g711
from tests.integration.ladder.routes import routes
from tests.integration.stack.asterisks import PHONE_NUMBER
from tests.integration.stack.stack import Stack

pytestmark = pytest.mark.integration

LOW, HIGH = 440.0, 1300.0  # Hz
LADDER = '{bot = "reception"}, {human = "desk"}'
ON_DEMAND = f"""
[[routes]]
name = "recorded"
match = {{to = "{PHONE_NUMBER}"}}
recording = "on_demand"
ladder = [{LADDER}]
"""

Outcomes = list[str]


@pytest.fixture
def outcomes() -> Outcomes:
    return []


@pytest.fixture
async def bot(running_stack: Stack, outcomes: Outcomes) -> AsyncIterator[sdk.Bot]:
    """The caller's keys say what it does."""
    bot = sdk.Bot()

    async def act(call: sdk.Call, key: str) -> None:
        match key:
            case "1":
                outcomes.append(await call.recording("start"))
                outcomes.append(await call.recording("pause"))
            case "2":
                call.hold()
            case "3":
                call.unhold()
                call.metadata({"customer": 4711})
                await call.send(g711.encode_mulaw(tone(HIGH, 0.5)).tobytes())
            case "4":
                outcomes.append(await call.transfer(summary="wants a human"))

    @bot.call
    async def lead(call: sdk.Call) -> None:
        await call.accept()
        acting: set[asyncio.Task[None]] = set()
        async for event in call:
            if isinstance(event, sdk.Dtmf) and event.digit == "9":
                return
            if isinstance(event, sdk.Dtmf):
                acting.add(asyncio.create_task(act(call, event.digit)))

    async with bot.serving(port=running_stack.bot_port):
        yield bot


async def until(outcomes: Outcomes, wanted: Outcomes) -> None:
    async with asyncio.timeout(8):
        while outcomes != wanted:  # noqa: ASYNC110 - the bot's own list
            await asyncio.sleep(0.01)


async def test_recording_hold_metadata_and_a_transfer_that_nobody_takes(
    stack: Stack, bot: sdk.Bot, outcomes: Outcomes, carrier: Carrier
) -> None:
    stack.route(routes(stack, LADDER, more=ON_DEMAND))
    caller = await carrier.dial(PHONE_NUMBER)
    await caller.until_answered()
    await caller.press("1")
    await until(outcomes, ["recording", "paused"])
    since = time.monotonic()
    await caller.press("2")
    await caller.until_sound(500, since=since)
    await caller.press("3")
    await caller.until_quiet(300)
    await caller.press("3")
    await caller.until_tone(HIGH)
    await caller.press("4")
    human = await carrier.incoming()
    await human.busy()
    await until(outcomes, ["recording", "paused", "busy"])
    await caller.press("9")
    await caller.until_ended()
    record = await stack.record()
    assert record.summary.ending == "bot_hung_up"
    kinds = [step.kind for step in record.steps]
    assert kinds.index("bot_holds") < kinds.index("bot_resumes") < kinds.index("transfer_requested")
    assert not bot.calls


async def test_a_connection_that_breaks_is_resumed_and_the_caller_hears_on(
    stack: Stack, bot: sdk.Bot, carrier: Carrier
) -> None:
    stack.route(routes(stack, LADDER).replace("reconnect_seconds = 0", "reconnect_seconds = 5"))
    caller = await carrier.dial(PHONE_NUMBER)
    await caller.until_answered()
    await caller.press("3")
    await caller.until_tone(HIGH)
    (call,) = bot.calls.values()
    (line,) = bot._lines.values()  # noqa: SLF001
    assert line.socket
    first = line.socket
    transport = first._req.transport if first._req else None  # noqa: SLF001
    assert transport
    transport.abort()
    async with asyncio.timeout(8):
        while line.socket in {None, first}:  # noqa: ASYNC110 - the library tells nobody
            await asyncio.sleep(0.01)
    since = time.monotonic()
    await caller.press("3")
    await caller.until_tone(HIGH, since=since)
    assert list(bot.calls.values()) == [call], "it is the same call to the bot"
    await caller.press("9")
    await caller.until_ended()
    record = await stack.record()
    assert record.summary.ending == "bot_hung_up"
    assert [step.detail for step in record.steps if step.kind == "rung"] == ["bot reception"]
