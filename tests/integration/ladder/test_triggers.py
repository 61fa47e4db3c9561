"""Every reason to leave a rung: what the caller hears next, how soon, and what the record says."""

import asyncio
import time
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from controller.carrier.carrier import Carrier
from controller.carrier.phone import Phone
from controller.carrier.sounds import tone
from controller.records.store import CallDetail
from tests.integration.ladder.conftest import Line
from tests.integration.ladder.records import ladder
from tests.integration.ladder.routes import BOT_THEN_DESK, routes
from tests.integration.stack.asterisks import PHONE_NUMBER
from tests.integration.stack.bot import Bot
from tests.integration.stack.parties import HIGH, LOW, OTHER, human_takes_it, talking
from tests.integration.stack.processes import free_port
from tests.integration.stack.stack import Stack

pytestmark = pytest.mark.integration


def switch_ms(record: CallDetail, to: str = "human_ringing") -> float:
    """From the trigger to the next rung's first sign of life."""
    at = {step.kind: step.at_ms for step in reversed(record.steps)}
    return round(at[to] - at["rung_left"], 1)


async def ends_with_human(stack: Stack, line: Line, caller: Phone, carrier: Carrier, trigger: str) -> CallDetail:
    """The human has the call and hangs up; the ladder read bot, trigger, human."""
    line.ladder(trigger, heard_next_rung=False)
    human = await human_takes_it(caller, carrier)
    line.fields["heard_next_rung"] = True
    await human.hang_up()
    await caller.until_ended()
    record = await stack.record()
    line.fields["switch_ms"] = switch_ms(record)
    assert ladder(record) == ["bot", trigger, "human"]
    assert record.summary.ending == "human_hung_up"
    line.record_right = True
    return record


async def test_unreachable(stack: Stack, carrier: Carrier, line: Line) -> None:
    stack.route(routes(stack, BOT_THEN_DESK).replace(str(stack.bot_port), str(free_port())))
    phone = await carrier.dial(PHONE_NUMBER)
    await ends_with_human(stack, line, phone, carrier, "unreachable")


@pytest.mark.parametrize(("reason", "trigger"), [("busy", "busy"), ("unavailable", "unreachable")])
async def test_refuses(stack: Stack, bot: Bot, carrier: Carrier, line: Line, reason: str, trigger: str) -> None:
    stack.route(routes(stack, BOT_THEN_DESK))
    bot.manner = "wait"
    phone = await carrier.dial(PHONE_NUMBER)
    await (await bot.call()).send("reject", reason=reason)
    await ends_with_human(stack, line, phone, carrier, trigger)


async def test_full(stack: Stack, bot: Bot, carrier: Carrier, line: Line) -> None:
    stack.route(routes(stack, BOT_THEN_DESK, bot="calls_max = 1"))
    first, _ = await talking(carrier, bot)
    second = await carrier.dial(PHONE_NUMBER)
    line.ladder("busy", limit="calls_max", heard_next_rung=False)
    human = await human_takes_it(second, carrier)
    line.fields["heard_next_rung"] = True
    await human.hang_up()
    await second.until_ended()
    await first.hang_up()
    await stack.until_closed(2)
    record = await stack.record_of((await stack.records())[0].id)
    assert ladder(record) == ["bot", "busy", "human"]
    line.fields["switch_ms"] = switch_ms(record)
    line.record_right = True


async def test_accepts_too_late(stack: Stack, bot: Bot, carrier: Carrier, line: Line) -> None:
    stack.route(routes(stack, BOT_THEN_DESK))
    bot.manner = "wait"
    phone = await carrier.dial(PHONE_NUMBER)
    await bot.call()
    await ends_with_human(stack, line, phone, carrier, "no_answer")


async def test_accepts_and_stays_silent(stack: Stack, bot: Bot, carrier: Carrier, line: Line) -> None:
    stack.route(routes(stack, BOT_THEN_DESK, bot="first_audio_seconds = 0.5"))
    phone, _ = await talking(carrier, bot)
    await ends_with_human(stack, line, phone, carrier, "no_audio")


async def test_a_bot_that_speaks_in_time_is_not_left(stack: Stack, bot: Bot, carrier: Carrier) -> None:
    stack.route(routes(stack, BOT_THEN_DESK, bot="first_audio_seconds = 0.5"))
    phone, call = await talking(carrier, bot)
    await call.speak(tone(OTHER, 0.3))
    await phone.until_tone(OTHER)
    await asyncio.sleep(0.6)
    since = time.monotonic()
    await call.speak(tone(OTHER, 0.3))
    await phone.until_tone(OTHER, since=since)
    await phone.hang_up()
    assert ladder(await stack.record()) == ["bot"]


async def test_stalls(stack: Stack, bot: Bot, carrier: Carrier, line: Line) -> None:
    """The bot's connection stands, and nobody reads it: the audio waits in the buffers, and then no more fits."""
    stack.route(routes(stack, BOT_THEN_DESK, bot='stall_seconds = 1\naudio = "pcm16/24000"'))
    phone, call = await talking(carrier, bot)
    call.stop_reading()
    phone.play(tone(LOW, 30.0))
    line.ladder("stalled", heard_next_rung=False)
    human = await carrier.incoming(30)
    await human.answer()
    since = time.monotonic()
    human.play(tone(HIGH, 0.5))
    await phone.until_tone(HIGH, since=since)
    line.fields["heard_next_rung"] = True
    await human.hang_up()
    await phone.until_ended()
    record = await stack.record()
    line.fields["switch_ms"] = switch_ms(record)
    assert ladder(record) == ["bot", "stalled", "human"]
    line.record_right = True


async def test_drops_for_good(stack: Stack, bot: Bot, carrier: Carrier, line: Line) -> None:
    stack.route(routes(stack, BOT_THEN_DESK))
    phone, call = await talking(carrier, bot)
    await call.drop()
    await ends_with_human(stack, line, phone, carrier, "dropped")


async def test_drops_and_does_not_return(stack: Stack, bot: Bot, carrier: Carrier, line: Line) -> None:
    stack.route(routes(stack, BOT_THEN_DESK, bot="reconnect_seconds = 1.5").replace("reconnect_seconds = 0\n", ""))
    phone, call = await talking(carrier, bot)
    bot.manner = "refuse_handshake"
    since = time.monotonic()
    await call.drop()
    await phone.until_sound(300, since=since)  # music meanwhile
    await ends_with_human(stack, line, phone, carrier, "dropped")


async def test_drops_and_returns(stack: Stack, bot: Bot, carrier: Carrier, line: Line) -> None:
    stack.route(routes(stack, BOT_THEN_DESK, bot="reconnect_seconds = 5").replace("reconnect_seconds = 0\n", ""))
    phone, call = await talking(carrier, bot)
    line.ladder("dropped", returns=True, heard_next_rung=False)
    await call.drop()
    again = await bot.call(2)
    assert again.start["resumed"]
    await again.until_message("answered")
    since = time.monotonic()
    await again.speak(tone(OTHER, 0.5))
    await phone.until_tone(OTHER, since=since)
    phone.play(tone(LOW, 0.5))
    await again.until(lambda: len(again.heard) > 4000, "the caller's audio")
    line.fields["heard_next_rung"] = True
    await again.send("hangup")
    await phone.until_ended()
    record = await stack.record()
    at = {step.kind: step.at_ms for step in record.steps}
    line.fields["switch_ms"] = round(at["bot_accepted"] - at["bot_dropped"], 1)
    assert ladder(record) == ["bot"]
    assert record.summary.ending == "bot_hung_up"
    line.record_right = True


async def test_escape_digit(stack: Stack, bot: Bot, carrier: Carrier, line: Line) -> None:
    stack.route(routes(stack, BOT_THEN_DESK))
    phone, call = await talking(carrier, bot)
    await phone.press("5")
    await call.until_message("dtmf", digit="5")
    await phone.press("0")
    await ends_with_human(stack, line, phone, carrier, "escape")


@pytest.mark.parametrize("reason", ["closed", "holiday"])
async def test_closed(stack: Stack, bot: Bot, carrier: Carrier, line: Line, reason: str) -> None:
    del bot
    today = datetime.now(ZoneInfo("Europe/Berlin")).date()
    hours = f'closed = ["{today.isoformat()}"]\nmon-sun = ["00:00-24:00"]' if reason == "holiday" else "mon-sun = []"
    calendar = f"[calendars.office]\n{hours}"
    rungs = '{bot = "reception", hours = "office"}, {human = "desk", on = ["closed"]}'
    stack.route(routes(stack, rungs, more=calendar))
    phone = await carrier.dial(PHONE_NUMBER)
    line.ladder("closed", why=reason, heard_next_rung=False)
    human = await human_takes_it(phone, carrier)
    line.fields["heard_next_rung"] = True
    await human.hang_up()
    await phone.until_ended()
    record = await stack.record()
    assert ladder(record) == ["bot", "human"]
    assert any(step.kind == "rung_closed" and "office" in step.detail for step in record.steps)
    at = {step.kind: step.at_ms for step in record.steps}
    line.fields["switch_ms"] = round(at["human_ringing"] - at["rung_closed"], 1)
    line.record_right = True


async def test_a_rung_for_something_else_is_passed(stack: Stack, bot: Bot, carrier: Carrier) -> None:
    rungs = '{bot = "reception"}, {busy = 603, on = ["closed"]}, {human = "desk"}'
    stack.route(routes(stack, rungs))
    bot.manner = "refuse_handshake"
    phone = await carrier.dial(PHONE_NUMBER)
    human = await human_takes_it(phone, carrier)
    await phone.hang_up()
    await human.until_ended()
    assert ladder(await stack.record()) == ["bot", "unreachable", "busy", "human"]


class TestCallerHangsUp:
    async def test_while_the_bot_is_reconnected(self, stack: Stack, bot: Bot, carrier: Carrier, line: Line) -> None:
        stack.route(routes(stack, BOT_THEN_DESK, bot="reconnect_seconds = 5").replace("reconnect_seconds = 0\n", ""))
        phone, call = await talking(carrier, bot)
        bot.manner = "refuse_handshake"
        line.ladder("dropped", caller="hangs up")
        await call.drop()
        await asyncio.sleep(0.3)
        await phone.hang_up()
        assert (await stack.record()).summary.ending == "caller_hung_up"
        line.record_right = True

    async def test_while_the_human_rings(self, stack: Stack, bot: Bot, carrier: Carrier, line: Line) -> None:
        stack.route(routes(stack, BOT_THEN_DESK))
        phone, call = await talking(carrier, bot)
        await call.drop()
        human = await carrier.incoming()
        line.ladder("dropped", caller="hangs up while the human's phone rings")
        await phone.hang_up()
        await human.until_ended()
        assert (await stack.record()).summary.ending == "caller_hung_up"
        line.record_right = True
