"""Rungs that are no bot and no human on the phone: what the caller hears, and what is kept of it."""

import asyncio
import time
from pathlib import Path

import pytest

from controller.carrier import listening
from controller.carrier.carrier import Carrier
from controller.carrier.sounds import read_wav, tone
from tests.integration.ladder.conftest import Line
from tests.integration.ladder.records import ladder
from tests.integration.ladder.routes import routes
from tests.integration.stack.asterisks import PHONE_NUMBER
from tests.integration.stack.bot import Bot
from tests.integration.stack.parties import LOW, OTHER, human_takes_it, talking
from tests.integration.stack.stack import Stack

pytestmark = pytest.mark.integration


def message(stack: Stack) -> Path:
    (file,) = (stack.directory / "voicemail").glob("*.wav")
    return file


@pytest.mark.parametrize("end", ["presses the key", "hangs up"])
async def test_voicemail(stack: Stack, bot: Bot, carrier: Carrier, line: Line, end: str) -> None:
    stack.route(routes(stack, '{bot = "reception"}, {voicemail = "Speak after the tone."}'))
    bot.manner = "refuse_handshake"
    phone = await carrier.dial(PHONE_NUMBER)
    line.ladder("unreachable", next="voicemail", heard_next_rung=False)
    await phone.until_answered()
    await phone.until_sound(500)
    line.fields["heard_next_rung"] = True
    await phone.until_quiet(400)
    await phone.say(tone(OTHER, 1.0))
    if end == "hangs up":
        await phone.hang_up()
    else:
        await phone.press("#")
        await phone.until_ended()
    record = await stack.record()
    assert record.summary.ending == "voicemail"
    assert ladder(record) == ["bot", "unreachable", "voicemail"]
    file = message(stack)
    try:
        assert listening.tones(read_wav(file.read_bytes()), OTHER)
    finally:
        file.unlink()
    (left,) = record.voicemails
    assert left.recording == file.name
    line.record_right = True


async def test_callback(stack: Stack, bot: Bot, carrier: Carrier, line: Line) -> None:
    stack.route(routes(stack, '{bot = "reception"}, {callback = "We call you back."}'))
    bot.manner = "refuse_handshake"
    phone = await carrier.dial(PHONE_NUMBER)
    line.ladder("unreachable", next="callback", heard_next_rung=False)
    await phone.until_answered()
    await phone.until_sound(500)
    line.fields["heard_next_rung"] = True
    await phone.until_ended()
    record = await stack.record()
    assert record.summary.ending == "callback"
    assert [task.phone for task in record.callbacks] == [record.summary.from_number]
    line.record_right = True


async def test_announcement_then_human(stack: Stack, bot: Bot, carrier: Carrier, line: Line) -> None:
    stack.route(routes(stack, '{bot = "reception"}, {announcement = "One moment please."}, {human = "desk"}'))
    bot.manner = "refuse_handshake"
    phone = await carrier.dial(PHONE_NUMBER)
    line.ladder("unreachable", next="announcement", heard_next_rung=False)
    await phone.until_answered()
    await phone.until_sound(400)
    line.fields["heard_next_rung"] = True
    human = await human_takes_it(phone, carrier)
    await human.hang_up()
    await phone.until_ended()
    assert ladder(await stack.record()) == ["bot", "unreachable", "announcement", "human"]
    line.record_right = True


async def test_an_announcement_at_the_end(stack: Stack, bot: Bot, carrier: Carrier) -> None:
    stack.route(routes(stack, '{bot = "reception"}, {announcement = "Please call again tomorrow."}'))
    bot.manner = "refuse_handshake"
    phone = await carrier.dial(PHONE_NUMBER)
    await phone.until_answered()
    await phone.until_sound(500)
    await phone.until_ended()
    assert (await stack.record()).summary.ending == "announced"


async def test_busy_before_the_answer(stack: Stack, bot: Bot, carrier: Carrier, line: Line) -> None:
    stack.route(routes(stack, '{bot = "reception"}, {busy = 486}'))
    bot.manner = "refuse_handshake"
    phone = await carrier.dial(PHONE_NUMBER)
    line.ladder("unreachable", next="busy 486", heard_next_rung=False)
    await phone.until_ended()
    assert phone.moments.answered is None
    assert phone.sip_status == 486
    line.fields["heard_next_rung"] = True
    assert (await stack.record()).summary.ending == "refused"
    line.record_right = True


async def test_a_line_for_a_busy_bot(stack: Stack, bot: Bot, carrier: Carrier, line: Line) -> None:
    """The second caller hears the place in the line and music, and has the bot once the first has gone."""
    waiting = "calls_max = 1\nwaiting = {seconds_max = 30, calls_max = 1, announce_seconds = 20}"
    stack.route(routes(stack, '{bot = "reception"}, {human = "desk"}', bot=waiting))
    first, _ = await talking(carrier, bot)
    second = await carrier.dial(PHONE_NUMBER)
    line.ladder("busy", next="waiting line", heard_next_rung=False)
    await second.until_answered()
    await second.until_sound(1000)
    third = await carrier.dial(PHONE_NUMBER)  # for whom there is no room in the line
    human = await human_takes_it(third, carrier)
    await human.hang_up()
    await third.until_ended()
    await first.hang_up()
    call = await bot.call(2)
    await call.until_message("answered")
    since = time.monotonic()
    await call.speak(tone(OTHER, 0.5))
    await second.until_tone(OTHER, since=since)
    second.play(tone(LOW, 0.5))
    await call.until(lambda: bool(listening.tones(call.heard, LOW, 200)), "the caller's tone")
    line.fields["heard_next_rung"] = True
    await second.hang_up()
    await stack.until_closed(3)
    records = [await stack.record_of(call.id) for call in await stack.records()]
    waited = next(record for record in records if any(step.kind == "line" for step in record.steps))
    assert ladder(waited) == ["bot"]
    assert any(step.detail == "place 1" for step in waited.steps if step.kind == "line")
    line.record_right = True


async def test_who_waits_too_long_has_the_next_rung(stack: Stack, bot: Bot, carrier: Carrier, line: Line) -> None:
    waiting = "calls_max = 1\nwaiting = {seconds_max = 2, calls_max = 5, announce_seconds = 0}"
    stack.route(routes(stack, '{bot = "reception"}, {human = "desk"}', bot=waiting))
    first, _ = await talking(carrier, bot)
    second = await carrier.dial(PHONE_NUMBER)
    await second.until_answered()
    line.ladder("busy", waited=True, heard_next_rung=False)
    human = await human_takes_it(second, carrier)
    line.fields["heard_next_rung"] = True
    await human.hang_up()
    await second.until_ended()
    await first.hang_up()
    await stack.until_closed(2)
    records = [await stack.record_of(call.id) for call in await stack.records()]
    waited = next(record for record in records if any(step.kind == "waiting" for step in record.steps))
    assert ladder(waited) == ["bot", "busy", "human"]
    line.record_right = True


async def test_who_hangs_up_in_the_line_leaves_it(stack: Stack, bot: Bot, carrier: Carrier) -> None:
    waiting = "calls_max = 1\nwaiting = {seconds_max = 30, calls_max = 5}"
    stack.route(routes(stack, '{bot = "reception"}, {human = "desk"}', bot=waiting))
    first, _ = await talking(carrier, bot)
    second = await carrier.dial(PHONE_NUMBER)
    await second.until_answered()
    await second.hang_up()
    await first.hang_up()
    await asyncio.sleep(0.2)
    third, call = await talking(carrier, bot, 2)
    await call.speak(tone(OTHER, 0.3))
    await third.until_tone(OTHER)
    await third.hang_up()
    await stack.until_closed(3)


async def test_in_the_queue(stack: Stack, bot: Bot, carrier: Carrier, line: Line) -> None:
    stack.route(routes(stack, '{bot = "reception"}, {queue = "human"}'))
    bot.manner = "refuse_handshake"
    phone = await carrier.dial(PHONE_NUMBER)
    line.ladder("unreachable", next="queue", heard_next_rung=False)
    human = await human_takes_it(phone, carrier)
    line.fields["heard_next_rung"] = True
    await phone.hang_up()
    await human.until_ended()
    record = await stack.record()
    assert record.summary.ending == "handed_over"
    assert ladder(record) == ["bot", "unreachable", "queue"]
    line.record_right = True
