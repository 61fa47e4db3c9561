"""ARI's connection is cut, or leads nowhere: audio goes on, what was missed is found out, and control is back."""

import asyncio
import time
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest

from controller.carrier.carrier import Carrier
from controller.carrier.phone import Phone
from tests.chaos.proxy import Proxy, proxying
from tests.integration.stack.asterisks import PHONE_NUMBER
from tests.integration.stack.bot import Bot, BotCall
from tests.integration.stack.parties import bot_has, human_takes_it, talking
from tests.integration.stack.stack import Stack
from tests.integration.stack.throughout import both_speak, heard_throughout

pytestmark = pytest.mark.integration

CALLS = 10
PATIENCE_SECONDS = 30.0


@pytest.fixture
async def proxy(stack: Stack) -> AsyncIterator[Proxy]:
    """The controller knows Asterisk by it."""
    port = urlsplit(stack.asterisks.bundled.url).port
    assert port
    async with proxying(port) as proxy:
        await asyncio.to_thread(stack.restart_controller, ARI_URL=f"http://127.0.0.1:{proxy.port}")
        yield proxy
        await asyncio.to_thread(stack.restart_controller)


async def test_cut_under_ten_calls(stack: Stack, proxy: Proxy, bot: Bot, carrier: Carrier) -> None:
    calls = [await talking(carrier, bot, number) for number in range(1, CALLS + 1)]
    await both_speak(calls)
    since, bots_had = time.monotonic(), [len(call.heard) for _, call in calls]
    await proxy.cut()
    await left(calls[0][0], stack)
    await proxy.listen()
    await connected(stack, 2)
    for (phone, call), bot_had in zip(calls[1:], bots_had[1:], strict=True):
        await heard_throughout(phone, call, since, bot_had)
    await controlled(calls, stack, carrier)


async def test_half_open(stack: Stack, proxy: Proxy, bot: Bot, carrier: Carrier) -> None:
    """Nothing says that the connection is gone: only that nothing comes any more."""
    calls = [await talking(carrier, bot, number) for number in range(1, 5)]
    await both_speak(calls)
    since, bots_had = time.monotonic(), [len(call.heard) for _, call in calls]
    proxy.swallow()
    await left(calls[0][0], stack)
    late = await carrier.dial(PHONE_NUMBER)
    await connected(stack, 2)
    for (phone, call), bot_had in zip(calls[1:], bots_had[1:], strict=True):
        await heard_throughout(phone, call, since, bot_had)
    calls.append((late, await bot.call(len(calls) + 1)))
    await late.until_answered(PATIENCE_SECONDS)
    await controlled(calls, stack, carrier)


async def left(phone: Phone, stack: Stack) -> None:
    """A caller hangs up, and the controller cannot know."""
    asked = stack.controller.log().count("caller_gone")
    await phone.hang_up()
    await phone.until_ended(PATIENCE_SECONDS)
    assert stack.controller.log().count("caller_gone") == asked


async def connected(stack: Stack, times: int) -> None:
    """Since the test's own controller was started."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while stack.controller.log(stack.controller.started_at).count("asterisk connected") < times:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def controlled(calls: list[tuple[Phone, BotCall]], stack: Stack, carrier: Carrier) -> None:
    """The first caller is gone; the second is transferred, the third told goodbye, the others hang up."""
    for phone, call in calls[1:3] + calls[-1:]:
        await bot_has(phone, call)
    await calls[1][1].send("transfer")
    human = await human_takes_it(calls[1][0], carrier)
    await human.hang_up()
    await calls[2][1].send("hangup")
    await calls[2][0].until_ended(PATIENCE_SECONDS)
    for phone, _ in calls[3:]:
        await phone.hang_up()
    await stack.until_closed(len(calls))
    endings = [(await stack.record_of(call.start["call_id"])).summary.ending for _, call in calls]
    assert endings == ["caller_hung_up", "human_hung_up", "bot_hung_up", *["caller_hung_up"] * (len(calls) - 3)]
