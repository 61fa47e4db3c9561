"""Attacks on real Asterisks and a real controller, in a short form; `make attack` has the whole of each."""

import asyncio
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import aiohttp
import pytest

from controller.carrier import listening
from controller.carrier.carrier import Carrier
from controller.records.store import CallDetail
from tests.attack.audio import all_said, conversations
from tests.attack.flood import flood
from tests.attack.injection import inject
from tests.attack.stranger import stranger
from tests.attack.torture import MESSAGES
from tests.integration.ladder.routes import BOT_THEN_DESK, routes
from tests.integration.stack import asterisks
from tests.integration.stack.bot import Bot
from tests.integration.stack.parties import HIGH, bot_has, talking
from tests.integration.stack.processes import free_port
from tests.integration.stack.stack import API_TOKEN, Stack

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

WHOLE = bool(os.environ.get("ATTACK_WHOLE"))
UNKNOWN, TRUNK = "127.0.0.66", "127.0.0.1"
PREMIUM = "+499001234567"
AMI_PASSWORD = "the-manager-of-the-tests"
PHONE_PASSWORD = "the-phone-of-the-tests"
SCANNED_MAX = 40
FOR_FAIL2BAN = r"Request '[^']*' from '.*' failed for '127\.0\.0\.70:\d+' \(callid: .*\) - No matching endpoint found"
"""As in docs/security.md."""
BAN_SECONDS_MAX = 10.0
"""Until a ban is in force, or lifted: seconds, on a machine that others share."""
AUTHORIZED = {"Authorization": f"Bearer {API_TOKEN}"}

Note = Callable[[str, object], None]


@pytest.fixture(scope="module")
def running_asterisks(sounds_folder: Path) -> Iterator[asterisks.Asterisks]:
    """Of this module's own: what is done to them is done to nobody else's calls."""
    passwords = {"PHONE_PASSWORD": PHONE_PASSWORD, "AMI_PASSWORD": AMI_PASSWORD}
    folders = {str(sounds_folder): sounds_folder}
    with asterisks.running(folders=folders, settings={"AMI_PORT": str(free_port()), **passwords}) as pair:
        yield pair


@pytest.fixture(scope="module")
def running_stack(
    running_asterisks: asterisks.Asterisks, sounds_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    stack = Stack(running_asterisks, tmp_path_factory.mktemp("attacked"), sounds_folder)
    stack.settings |= {
        "AMI_ADDRESS": f"127.0.0.1:{running_asterisks.bundled.container.env['AMI_PORT']}",
        "AMI_PASSWORD": AMI_PASSWORD,
        "SIP_BAN_ATTEMPTS": "10",
    }
    stack.media.settings["MEDIA_RTP_LISTEN"] = f"127.0.0.1:{free_port()}"
    stack.start()
    yield stack
    stack.stop()


@pytest.mark.attack("a flood of INVITEs from an unknown source")
async def test_a_flood_does_not_disturb_calls(stack: Stack, bot: Bot, carrier: Carrier, record_property: Note) -> None:
    calls, invites, seconds = (20, 5_000, 10.0) if WHOLE else (2, 250, 1.0)
    talks = await conversations(carrier, bot, calls)
    spoken = seconds + 1
    for talk in talks:
        await talk.speak(spoken)
    sent = await flood(stack.asterisks.bundled.sip_port, UNKNOWN, invites, seconds)
    await all_said(talks)
    heard = [talk.heard_ms() for talk in talks]
    for talk in talks:
        await talk.call.send("hangup")
        await talk.phone.until_ended()
    await stack.until_closed(calls)
    usual = ("+491713920012", "bot_hung_up")
    record_property("invites", sent)
    record_property("calls", calls)
    record_property("caller_heard_least", round(min(ms for ms, _ in heard) / (1000 * spoken), 3))
    record_property("bot_heard_least", round(min(ms for _, ms in heard) / (1000 * spoken), 3))
    assert sent == invites
    assert min(min(both) for both in heard) > 900 * spoken
    assert [(one.from_number, one.ending) for one in await stack.records()] == [usual] * calls


@pytest.mark.attack("torture messages of RFC 4475")
async def test_torture_messages(stack: Stack, bot: Bot, carrier: Carrier, record_property: Note) -> None:
    asterisk, controller = stack.asterisks.bundled.pid, stack.controller.pid
    for source in (UNKNOWN, TRUNK):
        async with stranger(stack.asterisks.bundled.sip_port, source) as attacker:
            for message in MESSAGES.values():
                attacker.throw(message)
                await asyncio.sleep(0.005)
            await asyncio.sleep(0.5)
    async with stack.ari() as ari:  # what is a call is taken for one of the trunk's, whose address it has
        for channel in await ari.channels():
            await ari.hangup(channel.id)
    record_property("messages", len(MESSAGES))
    assert (stack.asterisks.bundled.pid, stack.controller.pid) == (asterisk, controller)
    await stack.until_nothing_left()
    caller, call = await talking(carrier, bot, len(bot.calls) + 1)
    await bot_has(caller, call)
    await call.send("hangup")
    await caller.until_ended()


@pytest.mark.attack("audio injected into a call")
async def test_injected_audio_is_not_heard(stack: Stack, bot: Bot, carrier: Carrier, record_property: Note) -> None:
    caller, call = await talking(carrier, bot)
    await bot_has(caller, call)
    seconds = 6.0 if WHOLE else 1.0
    ports = [*stack.asterisks.bundled.rtp_ports, int(stack.media.settings["MEDIA_RTP_LISTEN"].rpartition(":")[2])]
    packets = await inject(UNKNOWN, ports, HIGH, seconds)
    await asyncio.sleep(0.3)
    record_property("packets", packets)
    assert listening.tones(call.heard, HIGH, 40) == []
    assert listening.tones(caller.heard, HIGH, 40) == []
    await bot_has(caller, call)
    await call.send("hangup")
    await caller.until_ended()


def refusals(record: CallDetail) -> list[str]:
    return [step.detail for step in record.steps if step.kind == "transfer_refused"]


@pytest.mark.attack("a bot asks for a premium number")
async def test_a_premium_number_is_refused_and_recorded(stack: Stack, bot: Bot, carrier: Carrier) -> None:
    more = '[fence]\nprefixes = ["+49"]\ndial = "PJSIP/{number}@trunk"'
    stack.route(routes(stack, BOT_THEN_DESK, more=more))
    caller, call = await talking(carrier, bot)
    await call.send("transfer", to=PREMIUM)
    await call.until_message("transfer_progress", state="refused")
    await bot_has(caller, call)
    await call.send("hangup")
    await caller.until_ended()
    record = await stack.record()
    assert any("premium" in detail for detail in refusals(record)), record.steps


# --- bans ---------------------------------------------------------------------------------------------------------


async def until_banned(stack: Stack, address: str) -> None:
    deadline = asyncio.get_running_loop().time() + BAN_SECONDS_MAX
    while address not in await banned(stack):
        assert asyncio.get_running_loop().time() < deadline, stack.controller.log()
        await asyncio.sleep(0.05)


async def banned(stack: Stack) -> list[str]:
    async with aiohttp.ClientSession() as session, session.get(bans_url(stack), headers=AUTHORIZED) as answer:
        return [ban["address"] for ban in (await answer.json())["bans"]]


def bans_url(stack: Stack) -> str:
    return f"http://127.0.0.1:{stack.api_port}/v1/bans"


async def gets_in(stack: Stack, address: str, password: str) -> bool:
    """Whether the phone registers from there."""
    async with stranger(stack.asterisks.bundled.sip_port, address) as phone:
        answer = await phone.log_in("REGISTER", "phone", password)
        return answer is not None and answer.status == 200


@pytest.mark.attack("an extension scan")
async def test_a_scan_learns_nothing_and_ends_in_a_ban(stack: Stack, record_property: Note) -> None:
    """Accounts that exist and accounts that do not are answered alike, in every way that a scanner asks."""
    outlines, times = {}, {}
    for number, user in enumerate(("phone", "human", "trunk", "1000", "nobody")):
        async with stranger(stack.asterisks.bundled.sip_port, f"127.0.3.{number + 1}") as scanner:
            answers = [await scanner.ask(method, user) for method in ("REGISTER", "INVITE", "OPTIONS")]
            answers.append(await scanner.log_in("REGISTER", user, "a-wrong-password"))
        assert None not in answers
        outlines[user] = [answer.outline for answer in answers if answer]
        times[user] = round(1000 * sum(answer.seconds for answer in answers if answer), 1)
    record_property("ms", times)
    assert {tuple(map(tuple, outline)) for outline in outlines.values()} == {tuple(map(tuple, outlines["phone"]))}

    async with stranger(stack.asterisks.bundled.sip_port, "127.0.0.70") as scanner:
        asked = 0
        for number in range(SCANNED_MAX):
            answer = await scanner.ask("REGISTER", str(1000 + number))
            if answer is None or answer.status == 403:
                break
            assert answer.status == 401
            asked += 1
            await asyncio.sleep(0.02)
    await until_banned(stack, "127.0.0.70")
    record_property("asked_until_banned", asked)
    assert re.search(FOR_FAIL2BAN, stack.asterisks.bundled.log(), re.MULTILINE)
    assert asked < SCANNED_MAX


@pytest.mark.attack("password guessing")
async def test_guessing_ends_in_a_ban_and_the_phone_is_none_the_worse(stack: Stack, record_property: Note) -> None:
    password, phones, attacker = PHONE_PASSWORD, "127.0.0.71", "127.0.0.72"
    assert await gets_in(stack, phones, password)
    async with stranger(stack.asterisks.bundled.sip_port, attacker) as guesser:
        guessed = 0
        while guessed < SCANNED_MAX:
            answer = await guesser.log_in("REGISTER", "phone", f"guess-{guessed}")
            if answer is None or answer.status == 403:
                break
            guessed += 1
            await asyncio.sleep(0.02)
        await until_banned(stack, attacker)
        assert not await gets_in(stack, attacker, password)
    record_property("guesses_until_banned", guessed)
    assert guessed < SCANNED_MAX
    assert await gets_in(stack, phones, password)

    await lift(stack, attacker)
    await until_let_in(stack, attacker, password)


async def lift(stack: Stack, address: str) -> None:
    question = {"address": address}
    async with (
        aiohttp.ClientSession(headers=AUTHORIZED) as session,
        session.delete(bans_url(stack), params=question) as answer,
    ):
        assert answer.status == 204


async def until_let_in(stack: Stack, address: str, password: str) -> None:
    deadline = asyncio.get_running_loop().time() + BAN_SECONDS_MAX
    while not await gets_in(stack, address, password):
        assert asyncio.get_running_loop().time() < deadline, stack.controller.log()
        await asyncio.sleep(0.05)


@pytest.mark.attack("guesses with the forged address of a phone and of the trunk")
async def test_forged_addresses_shut_nobody_out(stack: Stack, bot: Bot, carrier: Carrier) -> None:
    """Who forges an address sees no answers, so these are guesses without one being waited for."""
    password, phones = PHONE_PASSWORD, "127.0.0.73"
    assert await gets_in(stack, phones, password)
    for address in (phones, TRUNK):
        async with stranger(stack.asterisks.bundled.sip_port, address) as forger:
            for number in range(SCANNED_MAX):
                forger.throw(forger.request("REGISTER", "phone" if number % 2 else "nobody"))
                await asyncio.sleep(0.005)
    await until_spared(stack)
    assert not {phones, TRUNK} & set(await banned(stack))
    assert await gets_in(stack, phones, password)
    caller, call = await talking(carrier, bot)
    await bot_has(caller, call)
    await call.send("hangup")
    await caller.until_ended()


async def until_spared(stack: Stack) -> None:
    deadline = asyncio.get_running_loop().time() + BAN_SECONDS_MAX
    while stack.controller.log().count("a source that guesses is known") < 2:
        assert asyncio.get_running_loop().time() < deadline, stack.controller.log()
        await asyncio.sleep(0.05)
