"""Every way to a human and every outcome: who hears whom, and what the record says."""

import asyncio
import time
from collections.abc import AsyncIterator

import aiohttp
import pytest

from controller.ari import headers
from controller.carrier import listening
from controller.carrier.carrier import Carrier
from controller.carrier.phone import Phone
from controller.carrier.sounds import tone
from controller.records.store import CallDetail
from tests.integration.ladder.conftest import Line
from tests.integration.ladder.records import steps
from tests.integration.ladder.routes import BOT_THEN_DESK, DESK, routes
from tests.integration.stack.asterisks import PHONE_NUMBER
from tests.integration.stack.bot import Bot, BotCall
from tests.integration.stack.parties import HIGH, LOW, OTHER, bot_has, hear_each_other, talking
from tests.integration.stack.sip_party import party
from tests.integration.stack.stack import Stack
from tests.integration.stack.watched import Watched, watching

pytestmark = pytest.mark.integration


@pytest.fixture
async def watched() -> AsyncIterator[Watched]:
    async with watching() as watched:
        yield watched


async def ended(stack: Stack, line: Line, ending: str) -> CallDetail:
    record = await stack.record()
    assert record.summary.ending == ending
    line.record_right = True
    return record


OUTCOMES = [(17, "busy"), (19, "no_answer"), (None, "declined"), (34, "unreachable")]


@pytest.mark.parametrize(("cause", "outcome"), OUTCOMES)
async def test_bridge_not_taken(
    stack: Stack, bot: Bot, carrier: Carrier, line: Line, cause: int | None, outcome: str
) -> None:
    stack.route(routes(stack, BOT_THEN_DESK))
    caller, call = await talking(carrier, bot)
    line.transfer("bridge", outcome, heard_next_rung=False)
    await call.send("transfer")
    human = await carrier.incoming()
    await human.decline(cause)
    since = time.monotonic()
    await call.until_message("transfer_progress", state=outcome)
    line.fields["switch_ms"] = round(1000 * (time.monotonic() - since), 1)
    await bot_has(caller, call)
    line.fields["heard_next_rung"] = True
    await call.send("hangup")
    await caller.until_ended()
    await ended(stack, line, "bot_hung_up")


async def test_bridge_not_taken_and_the_route_says_next(stack: Stack, bot: Bot, carrier: Carrier, line: Line) -> None:
    rungs = '{bot = "reception"}, {announcement = "Nobody is here.", on = ["failed"]}'
    stack.route(routes(stack, rungs, desk='otherwise = "next"'))
    caller, call = await talking(carrier, bot)
    line.transfer("bridge", "busy", otherwise="next", heard_next_rung=False)
    await call.send("transfer")
    human = await carrier.incoming()
    await human.busy()
    await call.until_message("end")
    since = time.monotonic()
    await caller.until_sound(500, since=since)
    line.fields["heard_next_rung"] = True
    await caller.until_ended()
    await ended(stack, line, "announced")


async def test_bridge_answered_with_the_context(
    stack: Stack, bot: Bot, carrier: Carrier, line: Line, watched: Watched
) -> None:
    stack.route(routes(stack, BOT_THEN_DESK, more=watched.routes), **watched.settings)
    caller, call = await talking(carrier, bot)
    line.transfer("bridge", "connected", heard_next_rung=False)
    await call.send("transcript", id="t1", role="caller", text="My PIN is four two.", final=True)
    await call.until_message("ack", id="t1")
    await call.send("transfer", summary="wants to cancel")
    human = await carrier.incoming()
    assert human.peer == caller.peer
    since = time.monotonic()
    await human.answer()
    await call.until_message("transfer_progress", state="connected")
    line.fields["switch_ms"] = round(1000 * (time.monotonic() - since), 1)
    await hear_each_other(caller, human)
    line.fields["heard_next_rung"] = True
    await human.hang_up()
    await caller.until_ended()
    record = await ended(stack, line, "human_hung_up")
    assert steps(record).index("human_ringing") < steps(record).index("human_joined")
    assert [(t.attempt, t.to, t.state) for t in record.transfers] == [
        (1, "desk", state) for state in ("requested", "ringing", "answered", "connected")
    ]
    assert 0 < record.statistics["added_delay_ms"] < 1000
    await watched.saw_the_trace_of(record, call)
    # What the route does not keep is nowhere.
    await watched.crm.until(lambda: watched.types()[-1] == "call.ended")
    assert {"call.started", "transfer", "call.ended"} <= set(watched.types())
    assert (record.transcripts, "transcript" in watched.types()) == ((), False)
    assert "PIN is" not in stack.controller.log()


async def test_the_caller_hangs_up_while_it_rings(stack: Stack, bot: Bot, carrier: Carrier, line: Line) -> None:
    stack.route(routes(stack, BOT_THEN_DESK))
    caller, call = await talking(carrier, bot)
    line.transfer("bridge", "cancelled")
    await call.send("transfer")
    human = await carrier.incoming()
    since = time.monotonic()
    await caller.hang_up()
    await human.until_ended()
    line.fields["switch_ms"] = round(1000 * ((human.moments.ended or 0) - since), 1)
    await ended(stack, line, "caller_hung_up")


async def test_whisper_and_the_key(stack: Stack, bot: Bot, carrier: Carrier, line: Line) -> None:
    """The human hears the summary and not the caller, presses the key, and then both hear each other."""
    desk = 'whisper = "A call."\naccept_digit = "1"\naccept_seconds = 5'
    stack.route(routes(stack, BOT_THEN_DESK, desk=desk))
    caller, call = await talking(carrier, bot)
    line.transfer("bridge", "connected", whisper=True, heard_next_rung=False)
    await call.send("transfer", summary="The caller wants to cancel the contract.")
    human = await carrier.incoming()
    await human.answer()
    caller.play(tone(LOW, 0.5))
    await human.until_sound(1000)
    await human.until_quiet(500)
    assert not listening.tones(human.heard, LOW)
    await human.press("2")  # not the one
    await human.press("1")
    await call.until_message("end")
    await hear_each_other(caller, human)
    line.fields["heard_next_rung"] = True
    await caller.hang_up()
    await human.until_ended()
    record = await ended(stack, line, "caller_hung_up")
    assert "human_accepted" in steps(record)


async def test_a_voicemail_does_not_press_the_key(stack: Stack, bot: Bot, carrier: Carrier, line: Line) -> None:
    desk = 'whisper = "A call."\naccept_digit = "1"\naccept_seconds = 1'
    stack.route(routes(stack, BOT_THEN_DESK, desk=desk))
    caller, call = await talking(carrier, bot)
    line.transfer("bridge", "no_answer", answered_by="voicemail", heard_next_rung=False)
    await call.send("transfer")
    human = await carrier.incoming()
    await human.answer()
    await call.until_message("transfer_progress", state="no_answer")
    await human.until_ended()
    await bot_has(caller, call)
    line.fields["heard_next_rung"] = True
    await call.send("hangup")
    await caller.until_ended()
    await ended(stack, line, "bot_hung_up")


async def test_several_phones_in_order(stack: Stack, bot: Bot, carrier: Carrier, line: Line) -> None:
    desk_twice = '\n[humans.both]\ndial = ["PJSIP/+493023125111@trunk", "PJSIP/+493023125112@trunk"]\nring_seconds = 5'
    stack.route(routes(stack, '{bot = "reception"}, {human = "both"}', more=desk_twice))
    bot.manner = "refuse_handshake"
    caller = await carrier.dial("+493023125000")
    line.ladder("unreachable", next="two phones in order", heard_next_rung=False)
    first = await carrier.incoming()
    await first.busy()
    second = await carrier.incoming()
    assert first.number != second.number
    await second.answer()
    await caller.until_answered()
    await hear_each_other(caller, second)
    line.fields["heard_next_rung"] = True
    await second.hang_up()
    await caller.until_ended()
    await ended(stack, line, "human_hung_up")


async def test_several_phones_at_once(stack: Stack, bot: Bot, carrier: Carrier, line: Line) -> None:
    both = (
        '\n[humans.both]\ndial = ["PJSIP/+493023125111@trunk", "PJSIP/+493023125112@trunk"]\n'
        'ring_seconds = 5\norder = "at_once"'
    )
    stack.route(routes(stack, '{bot = "reception"}, {human = "both"}', more=both))
    bot.manner = "refuse_handshake"
    caller = await carrier.dial("+493023125000")
    line.ladder("unreachable", next="two phones at once", heard_next_rung=False)
    phones = [await carrier.incoming(), await carrier.incoming()]
    await phones[1].answer()
    await phones[0].until_ended()
    await caller.until_answered()
    await hear_each_other(caller, phones[1])
    line.fields["heard_next_rung"] = True
    await phones[1].hang_up()
    await caller.until_ended()
    await ended(stack, line, "human_hung_up")


async def consulting(carrier: Carrier, bot: Bot) -> tuple[Phone, BotCall, Phone]:
    """Bot and human hear each other, the caller hears music."""
    caller, call = await talking(carrier, bot)
    await call.send("transfer", way="attended", summary="cancel")
    human = await carrier.incoming()
    await human.answer()
    await call.until_message("transfer_progress", state="consulting")
    since = time.monotonic()
    heard = len(call.heard)
    await call.speak(tone(OTHER, 0.5))
    human.play(tone(HIGH, 0.5))
    await human.until_tone(OTHER, since=since)
    await call.until(lambda: bool(listening.tones(call.heard[heard:], HIGH, 200)), "the human's tone")
    await caller.until_sound(300, since=since)
    assert not listening.tones(caller.heard_since(since), OTHER)
    return caller, call, human


async def test_attended_and_completed(stack: Stack, bot: Bot, carrier: Carrier, line: Line) -> None:
    stack.route(routes(stack, BOT_THEN_DESK))
    line.transfer("attended", "connected", heard_next_rung=False)
    caller, call, human = await consulting(carrier, bot)
    since = time.monotonic()
    await call.send("transfer_complete")
    await call.until_message("transfer_progress", state="connected")
    line.fields["switch_ms"] = round(1000 * (time.monotonic() - since), 1)
    await hear_each_other(caller, human)
    line.fields["heard_next_rung"] = True
    await human.hang_up()
    await caller.until_ended()
    await ended(stack, line, "human_hung_up")


@pytest.mark.parametrize("who", ["the bot", "the human"])
async def test_attended_and_returned(stack: Stack, bot: Bot, carrier: Carrier, line: Line, who: str) -> None:
    stack.route(routes(stack, BOT_THEN_DESK))
    line.transfer("attended", "cancelled" if who == "the bot" else "declined", heard_next_rung=False)
    caller, call, human = await consulting(carrier, bot)
    if who == "the bot":
        await call.send("transfer_cancel")
        await human.until_ended()
    else:
        await human.hang_up()
        await call.until_message("transfer_progress", state="declined")
    await bot_has(caller, call)
    line.fields["heard_next_rung"] = True
    await call.send("hangup")
    await caller.until_ended()
    await ended(stack, line, "bot_hung_up")


async def test_attended_and_the_caller_hangs_up(stack: Stack, bot: Bot, carrier: Carrier, line: Line) -> None:
    stack.route(routes(stack, BOT_THEN_DESK))
    line.transfer("attended", "cancelled", caller="hangs up")
    caller, call, human = await consulting(carrier, bot)
    await caller.hang_up()
    await human.until_ended()
    assert (await call.until_message("end"))["reason"] == "caller_hung_up"
    await ended(stack, line, "caller_hung_up")


async def test_attended_and_the_bot_dies(stack: Stack, bot: Bot, carrier: Carrier, line: Line) -> None:
    """A human is there already, and gets the caller."""
    stack.route(routes(stack, BOT_THEN_DESK))
    line.transfer("attended", "connected", bot="dies", heard_next_rung=False)
    caller, call, human = await consulting(carrier, bot)
    await call.drop()
    await asyncio.sleep(0.2)
    await hear_each_other(caller, human)
    line.fields["heard_next_rung"] = True
    await human.hang_up()
    await caller.until_ended()
    await ended(stack, line, "human_hung_up")


@pytest.mark.parametrize("to", ["+4990012345678", "+491713920012", "PJSIP/elsewhere", "nobody", "sip:a@b&PJSIP/x"])
async def test_what_the_fence_refuses(stack: Stack, bot: Bot, carrier: Carrier, line: Line, to: str) -> None:
    stack.route(routes(stack, BOT_THEN_DESK))
    caller, call = await talking(carrier, bot)
    line.transfer("bridge", "refused", to=to, heard_next_rung=False)
    await call.send("transfer", to=to)
    await call.until_message("transfer_progress", state="refused")
    await bot_has(caller, call)
    line.fields["heard_next_rung"] = True
    await call.send("hangup")
    await caller.until_ended()
    record = await ended(stack, line, "bot_hung_up")
    assert "transfer_refused" in steps(record)


async def test_the_queue_by_the_bots_wish(stack: Stack, bot: Bot, carrier: Carrier, line: Line) -> None:
    stack.route(routes(stack, BOT_THEN_DESK, more='[humans.sales]\nqueue = "human"'))
    caller, call = await talking(carrier, bot)
    line.transfer("queue", "connected", heard_next_rung=False)
    await call.send("transfer", to="sales", way="queue")
    assert (await call.until_message("end"))["reason"] == "transferred"
    human = await carrier.incoming()
    await human.answer()
    await hear_each_other(caller, human)
    line.fields["heard_next_rung"] = True
    await caller.hang_up()
    await human.until_ended()
    await ended(stack, line, "handed_over")


async def test_a_queue_that_nobody_takes(stack: Stack, bot: Bot, carrier: Carrier, line: Line) -> None:
    rungs = '{bot = "reception"}, {announcement = "Nobody is here.", on = ["failed"]}'
    more = '[humans.sales]\nqueue = "human"\nseconds_max = 1'
    stack.route(routes(stack, rungs, more=more))
    caller, call = await talking(carrier, bot)
    line.transfer("queue", "no_answer", heard_next_rung=False)
    await call.send("transfer", to="sales", way="queue")
    human = await carrier.incoming()
    await human.until_ended()
    since = time.monotonic()
    await caller.until_sound(500, since=since)
    line.fields["heard_next_rung"] = True
    await caller.until_ended()
    await ended(stack, line, "announced")


REFER = '[humans.outside]\nrefer = "sip:+493023125109@127.0.0.1:{port}"'


async def test_refer_by_the_carrier(stack: Stack, bot: Bot, carrier: Carrier, line: Line) -> None:
    """The carrier calls whom we name, and the caller leaves us."""
    port = stack.asterisks.carrier.sip_port
    stack.route(routes(stack, BOT_THEN_DESK, more=REFER.format(port=port)))
    caller, call = await talking(carrier, bot)
    line.transfer("refer", "connected", heard_next_rung=False)
    await call.send("transfer", to="outside", way="refer")
    human = await carrier.incoming()
    await human.answer()
    await hear_each_other(caller, human)
    line.fields["heard_next_rung"] = True
    assert (await call.until_message("end"))["reason"] == "transferred"
    await ended(stack, line, "referred")
    await human.hang_up()


async def test_refer_to_nobody(stack: Stack, bot: Bot, carrier: Carrier, line: Line) -> None:
    """The carrier tries, and says that there is no such number: the bot has the caller back."""
    port = stack.asterisks.carrier.sip_port
    nobody = REFER.format(port=port).replace("+493023125109", "nobody")
    stack.route(routes(stack, BOT_THEN_DESK, more=nobody))
    caller, call = await talking(carrier, bot)
    line.transfer("refer", "unreachable", heard_next_rung=False)
    since = time.monotonic()
    await call.send("transfer", to="outside", way="refer")
    await call.until_message("transfer_progress", state="unreachable")
    line.fields["switch_ms"] = round(1000 * (time.monotonic() - since), 1)
    await bot_has(caller, call)
    line.fields["heard_next_rung"] = True
    await call.send("hangup")
    await caller.until_ended()
    await ended(stack, line, "bot_hung_up")


@pytest.mark.parametrize(("answers", "outcome"), [((202, 486), "busy"), ((603,), "declined"), ((405,), "failed")])
async def test_refer_refused(stack: Stack, bot: Bot, line: Line, answers: tuple[int, ...], outcome: str) -> None:
    """A carrier that does not do it, in each of its ways; this one has no audio."""
    stack.route(routes(stack, BOT_THEN_DESK, more=REFER.format(port=5999)))
    async with party(stack.asterisks.bundled.sip_port, answers) as caller:
        calling = asyncio.create_task(caller.call(PHONE_NUMBER, {}))
        call = await bot.call()
        await calling
        await call.until_message("answered")
        line.transfer("refer", outcome)
        await call.send("transfer", to="outside", way="refer")
        await call.until_message("transfer_progress", state=outcome)
        await call.send("hangup")
        await caller.until_request("BYE")
    await ended(stack, line, "bot_hung_up")


async def test_what_the_carriers_system_knows_comes_with_the_call(stack: Stack, bot: Bot, carrier: Carrier) -> None:
    """By SIP headers alone, as from a system that has nothing else; and the caller's last call."""
    stack.route(routes(stack, BOT_THEN_DESK), SIP_HEADERS="X-Customer-Id")
    came = {
        "X-Customer-Id": "4711",
        "User-to-User": headers.user_to_user(b"order 7"),
        "Diversion": "<sip:+493023125077@127.0.0.1>;reason=no-answer",
        "X-Twilio-VerStat": "TN-Validation-Passed-A",
    }
    for number in (1, 2):
        phone = await carrier.dial(PHONE_NUMBER, caller="+491713920077", headers=came)
        call = await bot.call(number)
        await phone.until_answered()
        if number == 1:
            await call.send("result", id="r1", name="Booked", data={"day": "Monday"})
            await call.until_message("ack", id="r1")
        await phone.hang_up()
        await stack.until_closed(number)
    start = call.start
    assert start["sip_headers"]["x-customer-id"] == "4711"
    assert headers.from_user_to_user(start["sip_headers"]["user-to-user"]) == b"order 7"
    assert start["forwarded_from"]["number"] == "+493023125077"
    assert start["stir_shaken"] == {"verdict": "passed", "attestation": "A"}
    (earlier,) = start["previous"]
    assert (earlier["call_id"], earlier["ending"]) == (bot.calls[0].start["call_id"], "caller_hung_up")
    assert earlier["results"] == [{"name": "Booked", "data": {"day": "Monday"}}]


async def test_the_humans_system_gets_the_context(stack: Stack, bot: Bot, carrier: Carrier, line: Line) -> None:
    """Headers say which call it is and whose; with the one key in them the rest is read over HTTP."""
    async with party(stack.asterisks.bundled.sip_port) as human:
        dial = f"PJSIP/trunk/sip:+493023125100@127.0.0.1:{human.port}"
        stack.route(routes(stack, BOT_THEN_DESK).replace(DESK, dial))
        caller, call = await talking(carrier, bot)
        await call.send("transcript", id="t1", role="caller", text="I want to cancel.")
        await call.until_message("ack", id="t1")
        line.transfer("bridge", "connected", context=True)
        await call.send("transfer", summary="wants to cancel", headers={"X-Customer": "4711"})
        invite = await human.until_request("INVITE")
        await call.until_message("end")
        key = invite.header("X-Handoff-Id")
        assert invite.header("X-Customer") == "4711"
        assert invite.header("User-to-User").startswith(key.encode().hex())
        assert caller.peer in invite.header("From") or "+491713920012" in invite.header("From")
        async with aiohttp.ClientSession() as session:
            url = f"http://127.0.0.1:{stack.api_port}/v1/handoffs/{key}"
            async with session.get(url) as answer:
                assert answer.status == 200
                told = await answer.json()
            async with session.get(url[:-1]) as refused:
                assert refused.status in {401, 403, 404}
        assert invite.header("X-Call-Id") in str(told)
        assert "wants to cancel" in str(told)
        assert "I want to cancel." in str(told)
        await caller.hang_up()
        await human.until_request("BYE")
    await ended(stack, line, "caller_hung_up")
