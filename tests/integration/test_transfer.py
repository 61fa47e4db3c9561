"""From the bot to the human: both hear each other, and whoever does not take the call costs nothing."""

import time

import pytest

from controller.carrier.carrier import Carrier
from tests.integration.stack.asterisks import HUMAN_NUMBER
from tests.integration.stack.bot import Bot
from tests.integration.stack.parties import bot_has, hear_each_other, talking
from tests.integration.stack.stack import Stack

pytestmark = pytest.mark.integration


async def test_caller_and_human_hear_each_other(stack: Stack, bot: Bot, carrier: Carrier) -> None:
    caller, call = await talking(carrier, bot)
    await call.send("transfer", summary="wants to cancel")
    human = await carrier.incoming()
    assert (human.number, human.peer) == (HUMAN_NUMBER, caller.peer)
    await call.until_message("transfer_progress", state="ringing")
    await human.answer()
    await call.until_message("transfer_progress", state="connected")
    assert (await call.until_message("end"))["reason"] == "transferred"
    await hear_each_other(caller, human)
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
    await hear_each_other(caller, human)
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
    await bot_has(caller, call)
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
    await bot_has(caller, call)
    await caller.hang_up()
    await stack.until_closed(1)


async def test_a_human_who_does_not_exist(stack: Stack, bot: Bot, carrier: Carrier) -> None:
    stack.restart_controller(HUMAN_ENDPOINT="PJSIP/human")  # an account without a phone
    caller, call = await talking(carrier, bot)
    await call.send("transfer")
    await call.until_message("transfer_progress", state="unreachable")
    await bot_has(caller, call)
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
    await hear_each_other(caller, human)
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
    await hear_each_other(caller, human)
    await caller.hang_up()
    await stack.until_closed(1)
