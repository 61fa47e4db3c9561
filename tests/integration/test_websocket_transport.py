"""What calls are like over RTP they are over chan_websocket: scenarios of the other modules, run again."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from controller.carrier.carrier import Carrier
from controller.carrier.sounds import tone
from tests.integration import test_conversation, test_endings, test_speaking, test_transfer
from tests.integration.stack.asterisks import PHONE_NUMBER
from tests.integration.stack.bot import Bot
from tests.integration.stack.parties import human_takes_it
from tests.integration.stack.stack import Stack

pytestmark = pytest.mark.integration

Scenario = Callable[[Stack, Bot, Carrier], Awaitable[None]]

LOW = 440.0  # Hz

SCENARIOS: list[Scenario] = [
    test_conversation.test_both_hear_each_other,
    test_conversation.test_audio_is_whole,
    test_conversation.test_keys_reach_the_bot,
    test_conversation.test_clear_silences_the_bot_at_once,
    test_conversation.test_marks_come_when_the_caller_has_been_sent_the_audio,
    test_speaking.test_who_speaks,
    test_transfer.test_caller_and_human_hear_each_other,
    test_transfer.test_a_second_transfer_after_the_first_was_declined,
    test_endings.TestBot().test_hangs_up_after_its_last_word,
    test_endings.TestBot().test_rejects,
    test_endings.TestBot().test_is_lost_in_the_middle,
]


@pytest.fixture
def settings() -> dict[str, str]:
    return {"MEDIA_TRANSPORT": "websocket"}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__.removeprefix("test_"))
async def test_over_websocket(stack: Stack, bot: Bot, carrier: Carrier, scenario: Scenario) -> None:
    await scenario(stack, bot, carrier)


async def media_channels(stack: Stack) -> list[str]:
    async with stack.ari() as ari:
        return [channel.id for channel in await ari.channels() if channel.name.startswith("WebSocket/")]


async def test_a_socket_that_ends_is_made_anew(stack: Stack, bot: Bot, carrier: Carrier) -> None:
    phone = await carrier.dial(PHONE_NUMBER)
    call = await bot.call()
    await phone.until_answered()
    await call.speak(tone(LOW, 0.5))
    await phone.until_tone(LOW)
    (channel,) = await media_channels(stack)
    async with stack.ari() as ari:
        await ari.hangup(channel)
    assert (await call.until_message("end"))["reason"] == "failed"
    second = await bot.call(2)
    assert second.start["resumed"]
    since = time.monotonic()
    await second.speak(tone(LOW, 0.5))
    await phone.until_tone(LOW, since=since)
    await phone.hang_up()
    record = await stack.record()
    assert ("worker_lost", "the media channel ended") in [(step.kind, step.detail) for step in record.steps]
    assert record.statistics["packets_out"] > 3
    assert record.statistics["audio_frames_dropped_to_asterisk"] == 0


async def test_a_killed_worker_costs_its_bots_and_not_their_callers(stack: Stack, bot: Bot, carrier: Carrier) -> None:
    phone = await carrier.dial(PHONE_NUMBER)
    call = await bot.call()
    await phone.until_answered()
    await call.speak(tone(LOW, 5.0))
    await phone.until_tone(LOW)
    stack.media.kill()
    await human_takes_it(phone, carrier)
    await phone.hang_up()
    await stack.until_closed(1)


async def test_a_killed_workers_calls_are_taken_over(stack: Stack, bot: Bot, carrier: Carrier) -> None:
    phone = await carrier.dial(PHONE_NUMBER)
    await bot.call()
    await phone.until_answered()
    await asyncio.to_thread(stack.start_second_media)
    stack.media.kill()
    second = await bot.call(2)
    assert second.start["resumed"]
    since = time.monotonic()
    await second.speak(tone(LOW, 0.5))
    await phone.until_tone(LOW, since=since)
    await phone.hang_up()
    await stack.until_closed(1)


async def test_a_worker_that_cannot_reach_asterisk_costs_no_call(stack: Stack, bot: Bot, carrier: Carrier) -> None:
    del bot
    stack.restart_controller(MEDIA_TRANSPORT="websocket", MEDIA_ASTERISK_URL="http://127.0.0.1:1")
    phone = await carrier.dial(PHONE_NUMBER)
    await human_takes_it(phone, carrier)
    await phone.hang_up()
    assert test_endings.ladder(await test_endings.steps_of(stack)) == ["bot", "unreachable", "human"]
