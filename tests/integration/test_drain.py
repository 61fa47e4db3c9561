"""A controller that is told to end: live calls are left to the next one, or waited for, and new ones are not taken."""

import asyncio
import time
from collections.abc import Callable

import pytest

from controller.carrier.carrier import Carrier
from tests.integration.stack.asterisks import PHONE_NUMBER
from tests.integration.stack.bot import Bot
from tests.integration.stack.parties import bot_has, human_takes_it, talking
from tests.integration.stack.processes import healthy
from tests.integration.stack.stack import Stack
from tests.integration.stack.throughout import adopted, both_speak, heard_throughout

pytestmark = pytest.mark.integration

CALLS = 4
PATIENCE_SECONDS = 30.0


async def test_calls_are_left_to_the_next_controller(stack: Stack, bot: Bot, carrier: Carrier) -> None:
    """As an upgrade does it."""
    stack.restart_controller(ON_STOP="hand_over")
    calls = [await talking(carrier, bot, number) for number in range(1, CALLS + 1)]
    await both_speak(calls)
    stopped, bots_had = time.monotonic(), [len(call.heard) for _, call in calls]
    for _, call in calls:
        await call.send("result", id="last", name="Said at the last moment")
    assert await asyncio.to_thread(stack.controller.stop) == 0
    await calls[0][1].send("result", id="late", name="Said to nobody")
    await calls[1][0].hang_up()
    await asyncio.to_thread(stack.start_controller, ON_STOP="hand_over")
    for (phone, call), bot_had in zip(calls, bots_had, strict=True):
        if phone is not calls[1][0]:
            await heard_throughout(phone, call, stopped, bot_had)
    await adopted(stack, CALLS - 1)
    await bot_has(*calls[0])
    await calls[2][1].send("transfer")
    human = await human_takes_it(calls[2][0], carrier)
    await human.hang_up()
    await calls[0][0].hang_up()
    await calls[3][1].send("hangup")
    await stack.until_closed(CALLS)

    records = [await stack.record_of(call.start["call_id"]) for _, call in calls]
    endings = [record.summary.ending for record in records]
    assert endings == ["caller_hung_up", "caller_hung_up", "human_hung_up", "bot_hung_up"]
    for record in records:
        kinds = [step.kind for step in record.steps]
        assert kinds.index("controller_left") < kinds.index("adopted")
        assert "Said at the last moment" in [result.name for result in record.results]
    assert [result.name for result in records[0].results] == ["Said at the last moment", "Said to nobody"]


async def test_calls_are_waited_for_and_new_ones_refused(stack: Stack, bot: Bot, carrier: Carrier) -> None:
    stack.restart_controller(ON_STOP="finish", DRAIN_NEW_CALLS="refuse", DRAIN_SECONDS="600")
    phone, call = await talking(carrier, bot)
    stack.controller.terminate()
    await until(lambda: not healthy(f"http://127.0.0.1:{stack.api_port}/readyz"))
    assert stack.health()["draining"]
    turned_away = await carrier.dial(PHONE_NUMBER)
    await turned_away.until_ended(PATIENCE_SECONDS)
    assert (turned_away.moments.answered, turned_away.sip_status) == (None, 503)
    await bot_has(phone, call)
    await phone.hang_up()
    assert await asyncio.to_thread(stack.controller.until_ended) == 0
    assert (await stack.record()).summary.ending == "caller_hung_up"


async def test_a_second_signal_waits_for_nothing(stack: Stack, bot: Bot, carrier: Carrier) -> None:
    stack.restart_controller(ON_STOP="finish", DRAIN_SECONDS="600")
    phone, call = await talking(carrier, bot)
    stack.controller.terminate()
    await until(lambda: "waiting for calls to end" in stack.controller.log())
    sent_on = await carrier.dial(PHONE_NUMBER)
    human = await human_takes_it(sent_on, carrier)
    await human.hang_up()
    stack.controller.terminate()
    assert await asyncio.to_thread(stack.controller.until_ended) == 0
    await asyncio.to_thread(stack.start_controller)
    await bot_has(phone, call)
    await phone.hang_up()
    assert (await stack.record()).summary.ending == "caller_hung_up"


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not true():  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)
