"""Recordings of callers in the line, sent away, who leave a message; wideband ones; and of what may go wrong."""

import asyncio
import time

import pytest

from controller.ari import ids
from controller.carrier import listening
from controller.carrier.carrier import Carrier
from controller.carrier.sounds import tone
from controller.records.privacy import forget
from controller.records.store import RecordStore
from tests.integration.ladder.routes import BOT_THEN_DESK, routes
from tests.integration.stack import wideband_phone
from tests.integration.stack.asterisks import PHONE_NUMBER
from tests.integration.stack.bot import Bot
from tests.integration.stack.parties import HIGH, LOW, OTHER, talking
from tests.integration.stack.recorded import recordings, sides, spans
from tests.integration.stack.stack import SETTLE_SECONDS, Stack
from tests.integration.test_wideband import level
from tests.integration.test_wideband import tone as wideband_tone

pytestmark = pytest.mark.integration


@pytest.fixture
def settings(running_stack: Stack) -> dict[str, str]:
    """One file, read again for each test."""
    running_stack.routes_file.write_text(recorded(running_stack, BOT_THEN_DESK))
    return {"ROUTES_FILE": str(running_stack.routes_file)}


def recorded(stack: Stack, ladder: str, *, bot: str = "", more: str = "") -> str:
    """As `routes`, and every call is recorded."""
    return routes(stack, ladder, bot=bot, more=more).replace(
        'name = "default"', 'name = "default"\nrecording = "always"'
    )


async def test_what_is_heard_in_the_line_is_recorded(stack: Stack, bot: Bot, carrier: Carrier) -> None:
    waiting = "calls_max = 1\nwaiting = {seconds_max = 30, calls_max = 1, announce_seconds = 20}"
    stack.route(recorded(stack, BOT_THEN_DESK, bot=waiting))
    first, _ = await talking(carrier, bot)
    second = await carrier.dial(PHONE_NUMBER)
    await second.until_answered()
    await second.until_sound(1000)
    await first.hang_up()
    call = await bot.call(2)
    await call.until_message("answered")
    since = time.monotonic()
    await call.speak(tone(HIGH, 0.5))
    await second.until_tone(HIGH, since=since)
    second.play(tone(LOW, 0.5))
    await call.until(lambda: bool(listening.tones(call.heard, LOW, 200)), "the caller's tone")
    await second.hang_up()
    await stack.until_closed(2)
    (made,) = await recordings(stack, of=call.start["call_id"])
    said, heard = sides(stack, made)
    assert len(spans(said, LOW)) == 1
    (spoken,) = spans(heard, HIGH)
    assert listening.sounds(heard[: spoken.start], 500), "the place in the line, and music"
    await recordings(stack, of=bot.calls[0].start["call_id"])


async def test_who_is_sent_away_is_recorded_until_then(stack: Stack, bot: Bot, carrier: Carrier) -> None:
    port = stack.asterisks.carrier.sip_port
    outside = f'[humans.outside]\nrefer = "sip:+493023125109@127.0.0.1:{port}"'
    stack.route(recorded(stack, BOT_THEN_DESK, more=outside))
    caller, call = await talking(carrier, bot)
    since = time.monotonic()
    caller.play(tone(LOW, 0.5))
    await call.speak(tone(HIGH, 0.5))
    await caller.until_tone(HIGH, since=since)
    await call.until(lambda: bool(listening.tones(call.heard, LOW, 200)), "the caller's tone")
    await call.send("transfer", to="outside", way="refer")
    human = await carrier.incoming()
    await human.answer()
    await call.until_message("end", reason="transferred")
    since = time.monotonic()
    human.play(tone(OTHER, 0.5))
    await caller.until_tone(OTHER, since=since)
    await human.hang_up()
    (made,) = await recordings(stack)
    assert (await stack.record()).summary.ending == "referred"
    said, heard = sides(stack, made)
    assert len(spans(said, LOW)) == len(spans(heard, HIGH)) == 1
    assert not spans(heard, OTHER), "they talk without us"


async def test_a_message_and_its_greeting(stack: Stack, bot: Bot, carrier: Carrier) -> None:
    stack.route(recorded(stack, '{bot = "reception"}, {voicemail = "Speak after the tone."}'))
    bot.manner = "refuse_handshake"
    phone = await carrier.dial(PHONE_NUMBER)
    await phone.until_answered()
    await phone.until_sound(500)
    await phone.until_quiet(400)
    await phone.say(tone(OTHER, 1.0))
    await phone.press("#")
    await phone.until_ended()
    (made,) = await recordings(stack)
    (left,) = (await stack.record()).voicemails
    (stack.directory / "voicemail" / left.recording).unlink()
    said, heard = sides(stack, made)
    (message,) = spans(said, OTHER)
    assert listening.sounds(heard[: message.start], 300), "the greeting"


async def test_a_wideband_phone_is_recorded_with_all_it_has(stack: Stack, bot: Bot) -> None:
    rate = wideband_phone.SAMPLE_RATE
    stack.route(recorded(stack, BOT_THEN_DESK))
    async with wideband_phone.calling(stack.asterisks.carrier, PHONE_NUMBER, "provider-g722") as phone:
        call = await bot.call()
        await call.until_message("answered")
        await call.until_message("recording_state", state="recording")
        await phone.say(wideband_tone(5_000.0, rate))
        await phone.say(wideband_tone(1_000.0, rate))
        await call.until(lambda: bool(listening.tones(call.heard, 1_000.0, 200)), "the caller's low tone")
        await asyncio.sleep(0.1)
    (made,) = await recordings(stack)
    said, _ = sides(stack, made, rate)
    assert level(said, 5_000.0, rate) > 0.5


async def test_a_side_that_asterisk_loses_is_said_and_the_rest_recorded_anew(
    stack: Stack, bot: Bot, carrier: Carrier
) -> None:
    stack.route(recorded(stack, BOT_THEN_DESK))
    caller, call = await talking(carrier, bot)
    await call.until_message("recording_state", state="recording")
    del call.messages[1:]
    async with stack.ari() as ari:
        await ari.hangup(ids.heard_id(call.start["call_id"], 1))
    await call.until_message("recording_state", state="failed")
    await call.until_message("recording_state", state="recording")
    since = time.monotonic()
    await call.speak(tone(HIGH, 0.5))
    await caller.until_tone(HIGH, since=since)
    await caller.until_quiet(200, since=since)
    await caller.hang_up()
    _, second = await recordings(stack, 2)
    assert len(spans(sides(stack, second)[1], HIGH)) == 1
    steps = [step.detail for step in (await stack.record()).steps if step.kind == "recording_failed"]
    assert steps == ["what the caller hears was not recorded any more"]


async def test_who_is_forgotten_in_mid_call_leaves_no_recording(stack: Stack, bot: Bot, carrier: Carrier) -> None:
    stack.route(recorded(stack, BOT_THEN_DESK))
    caller, call = await talking(carrier, bot)
    await call.until_message("recording_state", state="recording")
    call_id = call.start["call_id"]
    store = await RecordStore.open(stack.settings["DATABASE_URL"])
    assert (await forget(store.database, call.start["from"]["number"])).calls
    await store.close()
    await caller.hang_up()
    await stack.until_nothing_left()
    async with asyncio.timeout(SETTLE_SECONDS), stack.ari() as ari:
        while [name for name in await ari.stored_recordings() if call_id in name] or kept(stack, call_id):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert "recording of a forgotten call removed" in stack.controller.log()


def kept(stack: Stack, call_id: str) -> list[str]:
    return [path.name for path in (stack.directory / "recordings").iterdir() if call_id in path.name]
