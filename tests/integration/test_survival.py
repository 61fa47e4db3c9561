"""Live calls survive the controller: what is heard goes on while it is dead, and the next one goes on with each."""

import asyncio
import time
from collections import Counter

import pytest

from controller.carrier.carrier import Carrier
from controller.carrier.phone import Phone
from tests.integration.stack.bot import Bot, BotCall
from tests.integration.stack.parties import bot_has, human_takes_it, talking
from tests.integration.stack.stack import Stack
from tests.integration.stack.throughout import adopted, both_speak, heard_throughout, in_order

pytestmark = pytest.mark.integration

CALLS = 10


async def test_of_ten_calls_none_is_lost_and_all_go_on(stack: Stack, bot: Bot, carrier: Carrier) -> None:
    calls = [await talking(carrier, bot, number) for number in range(1, CALLS + 1)]
    await both_speak(calls)
    stack.controller.kill()
    dead_since, bots_had = time.monotonic(), [len(call.heard) for _, call in calls]
    # A word that is said while nobody writes it down is written down later.
    await calls[3][1].send("result", id="late", name="Said to nobody")
    left_early = calls[4][0]
    await left_early.hang_up()
    await asyncio.to_thread(stack.start_controller)
    for (phone, call), bot_had in zip(calls, bots_had, strict=True):
        if phone is not left_early:
            await heard_throughout(phone, call, dead_since, bot_had)
    await adopted(stack, CALLS - 1)

    left, moved, ended = calls[0][0], calls[1], calls[2]
    await left.hang_up()
    await moved[1].send("transfer")
    human = await human_takes_it(moved[0], carrier)
    await human.hang_up()
    await ended[1].send("hangup")
    await ended[0].until_ended()
    await bot_has(*calls[3])
    await calls[3][0].press("5")
    await calls[3][1].until_message("dtmf", digit="5")
    for phone, _ in calls[3:]:
        if phone is not left_early:
            await phone.hang_up()
    await stack.until_closed(CALLS)
    await complete(stack, calls)


async def complete(stack: Stack, calls: list[tuple[Phone, BotCall]]) -> None:
    """Every call has one record, closed by what ended it, in order."""
    records = {call.start["call_id"]: await stack.record_of(call.start["call_id"]) for _, call in calls}
    endings = Counter(record.summary.ending for record in records.values())
    assert endings == {"caller_hung_up": CALLS - 2, "human_hung_up": 1, "bot_hung_up": 1}
    assert all(in_order(record) for record in records.values())
    assert [result.name for result in records[calls[3][1].start["call_id"]].results] == ["Said to nobody"]
