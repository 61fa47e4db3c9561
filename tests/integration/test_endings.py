"""However a call ends, and whatever is missing: the caller is not left in silence, and nothing is left behind."""

import asyncio
import time

import pytest

from controller.carrier import listening
from controller.carrier.carrier import Carrier
from controller.carrier.sounds import tone
from tests.integration.stack.asterisks import PHONE_NUMBER
from tests.integration.stack.bot import Bot, Manner
from tests.integration.stack.parties import HIGH, LOW, human_takes_it
from tests.integration.stack.processes import free_port
from tests.integration.stack.stack import Stack

pytestmark = pytest.mark.integration


def ladder(steps: list[tuple[str, str]]) -> list[str]:
    """Rungs and triggers, in a word each."""
    return [detail.split()[0].rstrip(":") for kind, detail in steps if kind in {"rung", "rung_left"}]


async def steps_of(stack: Stack) -> list[tuple[str, str]]:
    return [(step.kind, step.detail) for step in (await stack.record()).steps]


class TestCallerHangsUp:
    async def test_while_the_bot_is_asked(self, stack: Stack, bot: Bot, carrier: Carrier) -> None:
        bot.manner = "wait"
        phone = await carrier.dial(PHONE_NUMBER)
        call = await bot.call()
        await phone.until_ringing()
        await phone.hang_up()
        assert (await call.until_message("end"))["reason"] == "not_answered"
        assert (await stack.record()).summary.ending == "caller_cancelled"

    @pytest.mark.parametrize("milliseconds", [0, 5, 10, 15, 20, 30, 50])
    async def test_at_any_moment(self, stack: Stack, bot: Bot, carrier: Carrier, milliseconds: int) -> None:
        del bot
        phone = await carrier.dial(PHONE_NUMBER)
        await asyncio.sleep(milliseconds / 1000)
        await phone.hang_up()
        await stack.until_nothing_left()
        await stack.until_closed()
        for record in await stack.records():  # at 0 ms the CANCEL may overtake our being told of the call at all
            assert record.ending in {"caller_cancelled", "caller_hung_up"}

    async def test_with_the_human(self, stack: Stack, bot: Bot, carrier: Carrier) -> None:
        bot.manner = "refuse_handshake"
        phone = await carrier.dial(PHONE_NUMBER)
        human = await human_takes_it(phone, carrier)
        await phone.hang_up()
        await human.until_ended()
        assert (await stack.record()).summary.ending == "caller_hung_up"


class TestBot:
    async def test_hangs_up_after_its_last_word(self, stack: Stack, bot: Bot, carrier: Carrier) -> None:
        phone = await carrier.dial(PHONE_NUMBER)
        call = await bot.call()
        await phone.until_answered()
        await call.speak(tone(LOW, 1.0))
        await call.send("hangup", reason="said goodbye")
        await phone.until_ended()
        await phone.until_tone(LOW)
        assert len(phone.heard) >= 8000 * 0.95
        assert (await call.until_message("end"))["reason"] == "bot_hung_up"
        record = await stack.record()
        assert record.summary.ending == "bot_hung_up"
        assert ("bot_hung_up", "said goodbye") in [(step.kind, step.detail) for step in record.steps]

    async def test_rejects(self, stack: Stack, bot: Bot, carrier: Carrier) -> None:
        bot.manner = "wait"
        phone = await carrier.dial(PHONE_NUMBER)
        call = await bot.call()
        await call.send("reject", reason="busy", message="all lines taken")
        human = await human_takes_it(phone, carrier)
        await human.hang_up()
        await phone.until_ended()
        steps = await steps_of(stack)
        assert ladder(steps) == ["bot", "busy", "human"]
        assert ("rung_left", "busy: all lines taken") in steps

    @pytest.mark.parametrize("manner", ["refuse_handshake", "other_subprotocol"])
    async def test_is_no_bot_of_ours(self, stack: Stack, bot: Bot, carrier: Carrier, manner: Manner) -> None:
        bot.manner = manner
        phone = await carrier.dial(PHONE_NUMBER)
        human = await human_takes_it(phone, carrier)
        await human.hang_up()
        await phone.until_ended()
        assert ladder(await steps_of(stack)) == ["bot", "unreachable", "human"]

    async def test_is_not_there(self, stack: Stack, carrier: Carrier) -> None:
        stack.restart_controller(BOT_URL=f"ws://127.0.0.1:{free_port()}/")
        phone = await carrier.dial(PHONE_NUMBER)
        human = await human_takes_it(phone, carrier)
        await phone.hang_up()
        await human.until_ended()
        assert ladder(await steps_of(stack)) == ["bot", "unreachable", "human"]

    async def test_does_not_accept_in_time(self, stack: Stack, bot: Bot, carrier: Carrier) -> None:
        bot.manner = "wait"
        phone = await carrier.dial(PHONE_NUMBER)
        call = await bot.call()
        human = await human_takes_it(phone, carrier)
        await asyncio.wait_for(call.closed.wait(), 5)
        await phone.hang_up()
        await human.until_ended()
        assert ladder(await steps_of(stack)) == ["bot", "no_answer", "human"]

    async def test_is_lost_in_the_middle(self, stack: Stack, bot: Bot, carrier: Carrier) -> None:
        phone = await carrier.dial(PHONE_NUMBER)
        call = await bot.call()
        await phone.until_answered()
        await call.drop()
        human = await human_takes_it(phone, carrier)
        await phone.hang_up()
        await human.until_ended()
        assert ladder(await steps_of(stack)) == ["bot", "dropped", "human"]


class TestNobody:
    async def test_before_the_answer_is_a_refusal(self, stack: Stack, bot: Bot, carrier: Carrier) -> None:
        bot.manner = "refuse_handshake"
        phone = await carrier.dial(PHONE_NUMBER)
        await (await carrier.incoming()).busy()
        await phone.until_ended()
        assert phone.moments.answered is None
        assert phone.sip_status == 480
        assert (await stack.record()).summary.ending == "refused"

    async def test_after_the_answer_is_said(self, stack: Stack, bot: Bot, carrier: Carrier) -> None:
        phone = await carrier.dial(PHONE_NUMBER)
        call = await bot.call()
        await phone.until_answered()
        await call.drop()
        human = await carrier.incoming()
        since = time.monotonic()
        await human.busy()
        await phone.until_sound(1000, since=since)
        await phone.until_ended(15)
        assert (await stack.record()).summary.ending == "nobody_left"


class TestController:
    async def test_absent_the_dialplan_dials_the_human(self, stack: Stack, carrier: Carrier) -> None:
        stack.controller.stop()
        phone = await carrier.dial(PHONE_NUMBER)
        human = await human_takes_it(phone, carrier)
        await phone.hang_up()
        await human.until_ended()
        assert await stack.records() == []

    async def test_stopped_its_callers_go_to_the_human(self, stack: Stack, bot: Bot, carrier: Carrier) -> None:
        phone = await carrier.dial(PHONE_NUMBER)
        call = await bot.call()
        await phone.until_answered()
        assert await asyncio.to_thread(stack.controller.stop) == 0
        assert (await call.until_message("end"))["reason"] == "shutdown"
        human = await human_takes_it(phone, carrier)
        await phone.hang_up()
        await human.until_ended()
        assert (await stack.record()).summary.ending == "shutdown"

    async def test_killed_the_bot_talks_on(self, stack: Stack, bot: Bot, carrier: Carrier) -> None:
        """The next controller goes on with the call, as if nothing had been."""
        phone = await carrier.dial(PHONE_NUMBER)
        call = await bot.call()
        await phone.until_answered()
        await stack.until_step("answered")  # a call that is in nobody's store goes to the human
        stack.controller.kill()
        since = time.monotonic()
        await call.speak(tone(LOW, 0.5))
        await phone.until_tone(LOW, since=since)
        await asyncio.to_thread(stack.start_controller)
        await call.send("transfer")
        human = await human_takes_it(phone, carrier)
        await asyncio.wait_for(call.closed.wait(), 5)
        await human.hang_up()
        await phone.until_ended()
        assert (await stack.record()).summary.ending == "human_hung_up"


class TestMediaWorker:
    async def test_with_enough_to_do_takes_no_further_call(self, stack: Stack, bot: Bot, carrier: Carrier) -> None:
        stack.restart_controller(MEDIA_LOAD_MAX="0.0001")
        while not any(stack.health()["media_loads"]):  # noqa: ASYNC110 - its first word comes within a second
            await asyncio.sleep(0.05)
        phone = await carrier.dial(PHONE_NUMBER)
        human = await human_takes_it(phone, carrier)
        await phone.hang_up()
        await human.until_ended()
        assert ladder(await steps_of(stack)) == ["bot", "busy", "human"]
        assert bot.calls == []

    async def test_killed_another_takes_its_calls_over(self, stack: Stack, bot: Bot, carrier: Carrier) -> None:
        phone = await carrier.dial(PHONE_NUMBER)
        first = await bot.call()
        await phone.until_answered()
        await asyncio.to_thread(stack.start_second_media)
        assert not first.start["resumed"]
        stack.media.kill()
        second = await bot.call(2)
        assert second.start["resumed"]
        assert second.start["call_id"] == first.start["call_id"]
        since = time.monotonic()
        await second.speak(tone(LOW, 0.5))
        phone.play(tone(HIGH, 0.5))
        await phone.until_tone(LOW, since=since)
        await second.until(lambda: bool(listening.tones(second.heard, HIGH, 200)), "the caller's tone")
        await phone.hang_up()
        steps = await steps_of(stack)
        assert "worker_lost" in [kind for kind, _ in steps]
        assert ladder(steps) == ["bot"]

    async def test_the_last_one_killed_and_not_there_again_the_human_takes_its_calls(
        self, stack: Stack, bot: Bot, carrier: Carrier
    ) -> None:
        phone = await carrier.dial(PHONE_NUMBER)
        await bot.call()
        await phone.until_answered()
        stack.media.kill()
        human = await human_takes_it(phone, carrier, 30)
        await phone.hang_up()
        await human.until_ended()
        assert ladder(await steps_of(stack)) == ["bot", "unreachable", "human"]


class TestAsterisk:
    async def test_away_at_the_start(self, stack: Stack, bot: Bot, carrier: Carrier) -> None:
        stack.controller.stop()
        stack.asterisks.bundled.kill()
        said_before = stack.controller.log().count("asterisk away")
        stack.controller.start()
        await asyncio.sleep(1)
        assert stack.controller.running
        await asyncio.to_thread(stack.asterisks.bundled.start)
        await asyncio.to_thread(stack.until_ready)
        phone = await carrier.dial(PHONE_NUMBER)
        await bot.call()
        await phone.until_answered()
        await phone.hang_up()
        await stack.until_closed(1)
        assert stack.controller.log().count("asterisk away") - said_before <= 2
