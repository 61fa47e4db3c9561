"""A media worker dies or is told to end under live calls: another one, or the same again, goes on with each of them."""

import asyncio
import time
from collections.abc import Sequence

import pytest

from controller.carrier.carrier import Carrier
from controller.carrier.phone import Phone
from tests.integration.stack.bot import Bot, BotCall
from tests.integration.stack.parties import bot_has, talking
from tests.integration.stack.stack import Stack

pytestmark = pytest.mark.integration

CALLS = 4
PATIENCE_SECONDS = 30.0

Talk = tuple[Phone, BotCall]


async def test_killed_its_calls_go_on_with_another(stack: Stack, bot: Bot, carrier: Carrier) -> None:
    """Those that are on the other do not notice."""
    calls = await on_two_workers(stack, bot, carrier)
    since = time.monotonic()
    stack.media.kill()
    calls, moved = await moved_calls(bot, calls, since)
    for phone, call in calls:
        await bot_has(phone, call)
    await end(stack, calls, moved)


async def test_told_to_end_it_leaves_its_calls_to_another(stack: Stack, bot: Bot, carrier: Carrier) -> None:
    calls = await on_two_workers(stack, bot, carrier)
    since = time.monotonic()
    await asyncio.to_thread(stack.media.stop)
    calls, moved = await moved_calls(bot, calls, since)
    for phone, call in calls:
        await bot_has(phone, call)
    assert not [call for call in bot.calls for message in call.messages if message["type"] == "end"]
    await end(stack, calls, moved)


async def test_the_only_one_killed_its_calls_wait_for_it(stack: Stack, bot: Bot, carrier: Carrier) -> None:
    bot.resumable = True
    calls = [await talking(carrier, bot)]
    await bot_has(*calls[0])
    since = time.monotonic()
    stack.media.kill()
    await asyncio.to_thread(stack.start_media)
    calls, moved = await moved_calls(bot, calls, since)
    await bot_has(*calls[0])
    await end(stack, calls, moved)


async def on_two_workers(stack: Stack, bot: Bot, carrier: Carrier) -> list[Talk]:
    """The first half is on the one that will die; where the others are, their loads decide."""
    bot.resumable = True
    calls = [await talking(carrier, bot, number) for number in range(1, CALLS // 2 + 1)]
    await asyncio.to_thread(stack.start_second_media)
    calls += [await talking(carrier, bot, number) for number in range(CALLS // 2 + 1, CALLS + 1)]
    for phone, call in calls:
        await bot_has(phone, call)
    return calls


async def moved_calls(bot: Bot, calls: Sequence[Talk], since: float) -> tuple[list[Talk], int]:
    """The calls as they are now, and how many bots have got theirs anew."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not any(call.closed.is_set() for _, call in calls):  # noqa: ASYNC110 - sockets of another process
            await asyncio.sleep(0.01)
    lost = {call.start["call_id"] for _, call in calls if call.closed.is_set()}
    anew = {}
    for number in range(len(calls) + 1, len(calls) + len(lost) + 1):
        again = await bot.call(number)
        assert (again.start["resumed"], again.start["resume"]) == (True, {"token": again.start["call_id"]})
        await again.until_message("answered")
        anew[again.start["call_id"]] = again
    print(f"{len(lost)} calls open again {time.monotonic() - since:.2f} s after the end")  # noqa: T201
    assert anew.keys() == lost
    return [(phone, anew.get(call.start["call_id"], call)) for phone, call in calls], len(lost)


async def end(stack: Stack, calls: Sequence[Talk], moved: int) -> None:
    """The records say what happened, and nothing else."""
    for phone, _ in calls:
        await phone.hang_up()
    await stack.until_closed(len(calls))
    records = [await stack.record_of(call.start["call_id"]) for _, call in calls]
    assert {record.summary.ending for record in records} == {"caller_hung_up"}
    kinds = [[step.kind for step in record.steps] for record in records]
    assert sum(steps.count("worker_lost") for steps in kinds) == moved
    assert all(steps.count("rung") == 1 and "rung_left" not in steps for steps in kinds)
