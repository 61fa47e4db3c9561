"""Attacks on real Asterisks and a real controller, in a short form; `make attack` has the whole of each."""

import asyncio
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from controller.carrier import listening
from controller.carrier.carrier import Carrier
from controller.records.store import CallDetail
from tests.attack.audio import conversations
from tests.attack.flood import flood
from tests.attack.injection import inject
from tests.attack.stranger import stranger
from tests.attack.torture import MESSAGES
from tests.integration.ladder.routes import BOT_THEN_DESK, routes
from tests.integration.stack import asterisks
from tests.integration.stack.bot import Bot
from tests.integration.stack.parties import HIGH, bot_has, talking
from tests.integration.stack.processes import free_port
from tests.integration.stack.stack import Stack

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

WHOLE = bool(os.environ.get("ATTACK_WHOLE"))
UNKNOWN, TRUNK = "127.0.0.66", "127.0.0.1"
PREMIUM = "+499001234567"

Note = Callable[[str, object], None]


@pytest.fixture(scope="module")
def running_asterisks(sounds_folder: Path) -> Iterator[asterisks.Asterisks]:
    """Of this module's own: what is done to them is done to nobody else's calls."""
    with asterisks.running(folders={str(sounds_folder): sounds_folder}) as pair:
        yield pair


@pytest.fixture(scope="module")
def running_stack(
    running_asterisks: asterisks.Asterisks, sounds_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    stack = Stack(running_asterisks, tmp_path_factory.mktemp("attacked"), sounds_folder)
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
    await asyncio.sleep(1.5)
    heard = [talk.heard_ms() for talk in talks]
    for talk in talks:
        await talk.call.send("hangup")
        await talk.phone.until_ended()
    record_property("invites", sent)
    record_property("calls", calls)
    record_property("caller_heard_least", round(min(ms for ms, _ in heard) / (1000 * spoken), 3))
    record_property("bot_heard_least", round(min(ms for _, ms in heard) / (1000 * spoken), 3))
    assert sent == invites
    assert min(min(both) for both in heard) > 900 * spoken
    assert len(await stack.records()) == calls


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
