"""Caller and bot on real SIP, RTP and WebSocket: what each of them hears."""

import time

import numpy as np
import pytest

from controller.carrier import listening
from controller.carrier.carrier import Carrier
from controller.carrier.sounds import Samples, tone
from tests.integration.stack.asterisks import PHONE_NUMBER
from tests.integration.stack.bot import Bot
from tests.integration.stack.stack import Stack

pytestmark = pytest.mark.integration

LOW, HIGH = 440.0, 1300.0  # Hz; neither is a harmonic of the other


async def test_both_hear_each_other(stack: Stack, bot: Bot, carrier: Carrier) -> None:
    phone = await carrier.dial(PHONE_NUMBER, caller="+491713920012", name="Ada")
    call = await bot.call()
    assert call.start["from"] == {"number": "+491713920012", "name": "Ada"}
    assert call.start["to"]["number"] == PHONE_NUMBER
    await call.speak(tone(LOW, 1.0))
    await phone.until_answered()
    await phone.until_tone(LOW)
    phone.play(tone(HIGH, 1.0))
    await call.until(lambda: bool(listening.tones(call.heard, HIGH, 500)), "the caller's tone")
    await phone.hang_up()
    end = await call.until_message("end")
    assert end["reason"] == "caller_hung_up"
    record = await stack.record()
    assert record.summary.ending == "caller_hung_up"
    assert {"first_audio_to_caller", "first_audio_to_bot"} <= {step.kind for step in record.steps}


async def test_audio_is_whole(stack: Stack, bot: Bot, carrier: Carrier) -> None:
    """A tone of two seconds comes through in one piece, both ways: no gap, nothing repeated."""
    phone = await carrier.dial(PHONE_NUMBER)
    call = await bot.call()
    await phone.until_answered()
    await call.speak(tone(LOW, 2.0))
    await phone.say(tone(HIGH, 2.0))
    await phone.until_quiet(300)
    (at_caller,) = listening.tones(phone.heard, LOW)
    (at_bot,) = listening.tones(call.heard, HIGH)
    assert at_caller.milliseconds == pytest.approx(2000, abs=40)
    assert at_bot.milliseconds == pytest.approx(2000, abs=40)
    await phone.hang_up()
    await stack.until_closed(1)


async def test_the_phone_rings_until_the_bot_has_accepted(stack: Stack, bot: Bot, carrier: Carrier) -> None:
    bot.manner = "wait"
    phone = await carrier.dial(PHONE_NUMBER)
    call = await bot.call()
    await phone.until_ringing()
    assert phone.moments.answered is None
    await call.accept()
    await phone.until_answered()
    await call.until_message("answered")
    await phone.hang_up()
    steps = [step.kind for step in (await stack.record()).steps]
    assert steps.index("bot_accepted") < steps.index("answered")


async def test_keys_reach_the_bot(stack: Stack, bot: Bot, carrier: Carrier) -> None:
    phone = await carrier.dial(PHONE_NUMBER)
    call = await bot.call()
    await phone.until_answered()
    await phone.press("15#")
    for digit in "15#":
        assert (await call.until_message("dtmf", digit=digit))["duration_ms"] > 0
    await phone.hang_up()
    record = await stack.record()
    assert [step.detail for step in record.steps if step.kind == "dtmf"] == ["1", "5", "#"]
    assert record.statistics["lost"] == 0, "the packets of keys were never ours to get"


async def test_clear_silences_the_bot_at_once(stack: Stack, bot: Bot, carrier: Carrier) -> None:
    phone = await carrier.dial(PHONE_NUMBER)
    call = await bot.call()
    await phone.until_answered()
    await call.speak(tone(LOW, 10.0))
    await call.send("mark", name="end of sentence")
    await phone.until_tone(LOW)
    await call.send("clear")
    cleared = await call.until_message("cleared")
    assert cleared["discarded_ms"] > 5000
    assert cleared["marks"] == ["end of sentence"]
    # What was on its way when `clear` was carried out is one frame, and the test's own clocks some more.
    await phone.until_quiet(300, since=time.monotonic() + 0.1)
    assert sum(span.milliseconds for span in listening.tones(phone.heard, LOW)) < 3000
    await call.speak(tone(HIGH, 0.5))
    await phone.until_tone(HIGH)
    await phone.hang_up()
    await stack.until_closed(1)


async def test_marks_come_when_the_caller_has_been_sent_the_audio(stack: Stack, bot: Bot, carrier: Carrier) -> None:
    phone = await carrier.dial(PHONE_NUMBER)
    call = await bot.call()
    await phone.until_answered()
    await call.speak(tone(LOW, 0.4))
    await call.send("mark", name="first")
    await call.speak(tone(HIGH, 0.4))
    await call.send("mark", name="second")
    await call.until_message("mark_reached", name="second")
    reached = [message["name"] for message in call.messages if message["type"] == "mark_reached"]
    assert reached == ["first", "second"]
    assert listening.tones(phone.heard, LOW, 300)
    await phone.until_tone(HIGH)
    await phone.hang_up()
    await stack.until_closed(1)


async def test_what_the_bot_reports_is_stored_and_acknowledged(stack: Stack, bot: Bot, carrier: Carrier) -> None:
    phone = await carrier.dial(PHONE_NUMBER)
    call = await bot.call()
    await phone.until_answered()
    await call.send("transcript", id="t1", role="caller", text="Tuesday at ten, please.")
    await call.send("result", id="r1", name="Appointment confirmed", data={"day": "Tuesday", "hour": 10})
    await call.send("result", id="r1", name="Appointment confirmed", data={"day": "Tuesday", "hour": 10})
    await call.send("log", id="l1", level="warning", message="calendar was slow")
    for item_id in ("t1", "r1", "l1"):
        await call.until_message("ack", id=item_id)
    await call.send("hangup", reason="done")
    await phone.until_ended()
    record = await stack.record()
    assert [(said.role, said.text) for said in record.transcripts] == [("caller", "Tuesday at ten, please.")]
    assert [(result.name, result.data) for result in record.results] == [
        ("Appointment confirmed", {"day": "Tuesday", "hour": 10})
    ]
    assert [line.message for line in record.logs] == ["calendar was slow"]


async def test_messages_that_are_wrong_or_unknown_cost_nothing(stack: Stack, bot: Bot, carrier: Carrier) -> None:
    phone = await carrier.dial(PHONE_NUMBER)
    call = await bot.call()
    await phone.until_answered()
    await call.send("dance", steps=3)
    await call.send("mark", name=7)
    error = await call.until_message("error", code="malformed")
    assert error["field"] == "name"
    await call.send_text("{not json")
    await call.speak(tone(LOW, 0.5))
    await phone.until_tone(LOW)
    await phone.hang_up()
    statistics = (await stack.record()).statistics
    assert statistics["unknown_messages"] == 1
    assert statistics["malformed_messages"] == 2


@pytest.mark.parametrize("rate", [8000, 16000, 24000])
async def test_a_bot_with_linear_samples(stack: Stack, bot: Bot, carrier: Carrier, rate: int) -> None:
    stack.restart_controller(BOT_AUDIO=f"pcm16/{rate}", BOT_UPLINK_MS="60")
    phone = await carrier.dial(PHONE_NUMBER)
    call = await bot.call()
    assert call.start["audio"] == {"encoding": "pcm16", "sample_rate": rate, "channels": 1}
    await phone.until_answered()
    times = np.arange(rate // 2) / rate
    await call.speak_raw((10_000 * np.sin(2 * np.pi * LOW * times)).astype("<i2").tobytes())
    await phone.until_tone(LOW)
    phone.play(tone(HIGH, 0.6))

    def heard_at_8_khz() -> Samples:
        """A pure tone stays one when samples are left out."""
        return np.frombuffer(call.raw[: len(call.raw) // 2 * 2], "<i2")[:: rate // 8000]

    await call.until(lambda: bool(listening.tones(heard_at_8_khz(), HIGH, 400)), "the caller's tone")
    await phone.hang_up()
    await stack.until_closed(1)


async def test_two_calls_at_once_hear_their_own_bot(stack: Stack, bot: Bot, carrier: Carrier) -> None:
    phones = [await carrier.dial(PHONE_NUMBER, caller=f"+4917139200{number}") for number in (12, 13)]
    calls = {}
    for number in (1, 2):
        call = await bot.call(number)
        calls[call.start["from"]["number"]] = call
    for phone, hertz in zip(phones, (LOW, HIGH), strict=True):
        await phone.until_answered()
        await calls[phone.peer].speak(tone(hertz, 0.5))
    await phones[0].until_tone(LOW)
    await phones[1].until_tone(HIGH)
    assert not listening.tones(phones[0].heard, HIGH)
    assert not listening.tones(phones[1].heard, LOW)
    for phone in phones:
        await phone.hang_up()
    await stack.until_closed(2)
