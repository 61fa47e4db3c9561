"""From the bot to the human: both hear each other, and whoever does not take the call costs nothing."""

import time

import pytest

from controller.carrier import listening
from controller.carrier.carrier import Carrier
from controller.carrier.phone import Phone
from controller.carrier.sounds import tone
from tests.integration.stack.asterisks import HUMAN_NUMBER, PHONE_NUMBER
from tests.integration.stack.bot import Bot, BotCall
from tests.integration.stack.stack import Stack

pytestmark = pytest.mark.integration

LOW, HIGH, OTHER = 440.0, 1300.0, 620.0  # Hz


async def talking(carrier: Carrier, bot: Bot) -> tuple[Phone, BotCall]:
    phone = await carrier.dial(PHONE_NUMBER)
    call = await bot.call()
    await phone.until_answered()
    await call.until_message("answered")
    return phone, call


async def assert_hear_each_other(caller: Phone, human: Phone) -> None:
    since = time.monotonic()
    caller.play(tone(LOW, 0.5))
    human.play(tone(HIGH, 0.5))
    await human.until_tone(LOW, since=since)
    await caller.until_tone(HIGH, since=since)


async def assert_bot_has_the_caller(caller: Phone, call: BotCall) -> None:
    since = time.monotonic()
    await call.speak(tone(OTHER, 0.5))
    await caller.until_tone(OTHER, since=since)
    heard = len(call.heard)
    caller.play(tone(LOW, 0.5))
    await call.until(lambda: bool(listening.tones(call.heard[heard:], LOW, 200)), "the caller's tone")


async def test_caller_and_human_hear_each_other(stack: Stack, bot: Bot, carrier: Carrier) -> None:
    caller, call = await talking(carrier, bot)
    await call.send("transfer", summary="wants to cancel")
    human = await carrier.incoming()
    assert (human.number, human.peer) == (HUMAN_NUMBER, caller.peer)
    await call.until_message("transfer_progress", state="ringing")
    await human.answer()
    await call.until_message("transfer_progress", state="connected")
    assert (await call.until_message("end"))["reason"] == "transferred"
    await assert_hear_each_other(caller, human)
    await caller.hang_up()
    await human.until_ended()
    record = await stack.record()
    assert record.summary.ending == "caller_hung_up"
    steps = [step.kind for step in record.steps]
    for earlier, later in [("transfer_requested", "human_ringing"), ("human_ringing", "human_answered")]:
        assert steps.index(earlier) < steps.index(later)


async def test_the_caller_hears_ringing_meanwhile(stack: Stack, bot: Bot, carrier: Carrier) -> None:
    caller, call = await talking(carrier, bot)
    since = time.monotonic()
    await call.send("transfer")
    human = await carrier.incoming()
    await caller.until_sound(300, since=since)
    await human.answer()
    await call.until_message("end")
    await caller.until_quiet(1000)
    await assert_hear_each_other(caller, human)
    await human.hang_up()
    await caller.until_ended()
    assert (await stack.record()).summary.ending == "human_hung_up"


@pytest.mark.parametrize(
    ("cause", "state"), [(17, "busy"), (21, "declined"), (None, "declined"), (34, "unreachable"), (19, "no_answer")]
)
async def test_a_human_who_does_not_take_it(
    stack: Stack, bot: Bot, carrier: Carrier, cause: int | None, state: str
) -> None:
    caller, call = await talking(carrier, bot)
    await call.send("transfer")
    human = await carrier.incoming()
    await human.decline(cause)
    await call.until_message("transfer_progress", state=state)
    await assert_bot_has_the_caller(caller, call)
    await call.send("hangup")
    await caller.until_ended()
    record = await stack.record()
    assert record.summary.ending == "bot_hung_up"
    assert any(step.kind == "human_gone" and step.detail.startswith(state) for step in record.steps)


async def test_a_phone_that_rings_on_and_on(stack: Stack, bot: Bot, carrier: Carrier) -> None:
    stack.restart_controller(HUMAN_RING_SECONDS="1")
    caller, call = await talking(carrier, bot)
    await call.send("transfer")
    human = await carrier.incoming()
    await call.until_message("transfer_progress", state="no_answer")
    await human.until_ended()
    await assert_bot_has_the_caller(caller, call)
    await caller.hang_up()
    await stack.until_closed(1)


async def test_a_human_who_does_not_exist(stack: Stack, bot: Bot, carrier: Carrier) -> None:
    stack.restart_controller(HUMAN_ENDPOINT="PJSIP/human")  # an account without a phone
    caller, call = await talking(carrier, bot)
    await call.send("transfer")
    await call.until_message("transfer_progress", state="unreachable")
    await assert_bot_has_the_caller(caller, call)
    await caller.hang_up()
    await stack.until_closed(1)


async def test_the_caller_leaves_while_the_phone_rings(stack: Stack, bot: Bot, carrier: Carrier) -> None:
    caller, call = await talking(carrier, bot)
    await call.send("transfer")
    human = await carrier.incoming()
    await caller.hang_up()
    await human.until_ended()
    assert (await call.until_message("end"))["reason"] == "caller_hung_up"
    record = await stack.record()
    assert record.summary.ending == "caller_hung_up"
    assert [step.detail for step in record.steps if step.kind == "human_gone"] == ["cancelled"]


async def test_the_bot_drops_while_the_phone_rings(stack: Stack, bot: Bot, carrier: Carrier) -> None:
    caller, call = await talking(carrier, bot)
    await call.send("transfer")
    human = await carrier.incoming()
    await call.drop()
    await human.answer()
    await assert_hear_each_other(caller, human)
    await human.hang_up()
    await caller.until_ended()
    await stack.until_closed(1)


async def test_a_transfer_while_one_is_under_way(stack: Stack, bot: Bot, carrier: Carrier) -> None:
    caller, call = await talking(carrier, bot)
    await call.send("transfer")
    await carrier.incoming()
    await call.send("transfer")
    await call.until_message("error", code="not_now")
    await caller.hang_up()
    await stack.until_closed(1)


async def test_a_second_transfer_after_the_first_was_declined(stack: Stack, bot: Bot, carrier: Carrier) -> None:
    caller, call = await talking(carrier, bot)
    await call.send("transfer")
    await (await carrier.incoming()).decline()
    await call.until_message("transfer_progress", state="declined")
    await call.send("transfer")
    human = await carrier.incoming()
    await human.answer()
    await assert_hear_each_other(caller, human)
    await caller.hang_up()
    await stack.until_closed(1)
