"""Asterisk dies under calls: none is left open, bots are told, and the next call is served when it is back."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from controller.carrier.carrier import Carrier
from controller.carrier.phone import Phone
from tests.integration.stack.bot import Bot
from tests.integration.stack.parties import bot_has, human_takes_it, talking
from tests.integration.stack.stack import Stack

pytestmark = pytest.mark.integration

SILENCE_SECONDS = 8
"""Longer than a machine stands still while the caller still speaks."""
TOLD_SECONDS = 30
TOLD = ["failed", "failed", "transferred"]


@pytest.fixture
async def dying(stack: Stack) -> AsyncIterator[Stack]:
    """Its Asterisk may be killed, and runs again afterwards."""
    yield stack
    if not stack.asterisks.bundled.running:
        await asyncio.to_thread(stack.asterisks.bundled.start)


async def three_calls(carrier: Carrier, bot: Bot) -> list[Phone]:
    """Two talk with their bots, one with a human."""
    phones = [(await talking(carrier, bot, number))[0] for number in (1, 2)]
    moved, call = await talking(carrier, bot, 3)
    await call.send("transfer")
    return [*phones, moved, await human_takes_it(moved, carrier)]


async def all_lost(stack: Stack, bot: Bot, reasons: list[str]) -> None:
    """Each record is closed, and nothing was left with the bots and the media worker."""
    await stack.until_closed(len(reasons))
    for record in await stack.records():
        assert record.ending == "asterisk_lost"
        steps = (await stack.record_of(record.id)).steps
        assert [step.kind for step in steps].count("ended") == 1
    for call in bot.calls:
        await asyncio.wait_for(call.closed.wait(), TOLD_SECONDS)
    assert [call.messages[-1].get("reason") for call in bot.calls] == reasons
    assert stack.media_sessions() == 0


async def next_call_is_served(stack: Stack, bot: Bot, carrier: Carrier) -> None:
    await asyncio.to_thread(stack.until_ready)
    phone, call = await talking(carrier, bot, len(bot.calls) + 1)
    await bot_has(phone, call)
    await phone.hang_up()


async def test_killed_and_started_again(dying: Stack, bot: Bot, carrier: Carrier) -> None:
    phones = await three_calls(carrier, bot)
    dying.asterisks.bundled.kill()
    await asyncio.to_thread(dying.asterisks.bundled.start)
    await all_lost(dying, bot, TOLD)
    await next_call_is_served(dying, bot, carrier)
    for phone in phones:
        await phone.hang_up()
    await dying.until_closed(4)


async def test_with_the_controller_its_calls_are_not_gone_on_with(dying: Stack, bot: Bot, carrier: Carrier) -> None:
    """The next controller finds another Asterisk than the one that had them."""
    phones = await three_calls(carrier, bot)
    dying.controller.kill()
    dying.asterisks.bundled.kill()
    await asyncio.to_thread(dying.asterisks.bundled.start)
    await asyncio.to_thread(dying.start_controller)
    await all_lost(dying, bot, TOLD)
    await next_call_is_served(dying, bot, carrier)
    for phone in phones:
        await phone.hang_up()
    await dying.until_closed(4)


async def test_staying_away_its_bots_do_not_wait_for_it(dying: Stack, bot: Bot, carrier: Carrier) -> None:
    dying.media.stop()
    dying.start_media(MEDIA_SILENCE_SECONDS=f"{SILENCE_SECONDS}")
    await asyncio.to_thread(dying.until_ready)
    phone, call = await talking(carrier, bot)
    dying.asterisks.bundled.kill()
    await asyncio.wait_for(call.closed.wait(), TOLD_SECONDS)
    assert call.messages[-1]["reason"] == "failed"
    assert (await dying.record()).summary.ending == "asterisk_lost"
    await phone.hang_up()
    dying.media.stop()  # the next test has the usual one
    dying.start_media()
    await asyncio.to_thread(dying.asterisks.bundled.start)
    await next_call_is_served(dying, bot, carrier)
    await dying.until_closed(2)
