"""What Asterisk does for us that no controller is needed to see: our dialplan, our requests, and what phones get."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from controller.ari import attestation, headers
from controller.ari.events import (
    ChannelDestroyed,
    ChannelHangupRequest,
    ChannelHold,
    ChannelStateChange,
    ChannelUnhold,
    PlaybackFinished,
    RecordingFinished,
    RecordingStarted,
    StasisEnd,
    StasisStart,
)
from controller.carrier import listening
from controller.carrier.carrier import Carrier
from controller.carrier.phone import Phone
from controller.carrier.sounds import chirp, read_wav, tone, write_wav
from controller.session.translation import to_arrival
from controller.sounds.sound import Sound
from controller.sounds.sounds import Sounds
from tests.integration.stack import asterisks
from tests.integration.stack.application import Application, application
from tests.integration.stack.asterisks import HUMAN_NUMBER, PHONE_NUMBER
from tests.integration.stack.sip_party import SipParty, party

pytestmark = pytest.mark.integration

REFER_TARGET = f"sip:{HUMAN_NUMBER}@127.0.0.1:5999"
CUSTOM = """
[reception]
exten => s,1,Return(done)
exten => lost,1,Hangup()
"""


@pytest.fixture(scope="module")
def pair(sounds_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[asterisks.Asterisks]:
    """Of our own: the application's name belongs to the controller in the others."""
    custom = tmp_path_factory.mktemp("custom")
    (custom / "extensions.conf").write_text(CUSTOM)
    with asterisks.running(folders={str(sounds_folder): sounds_folder, "/custom": custom}) as pair:
        yield pair


@pytest.fixture
async def phones(pair: asterisks.Asterisks) -> AsyncIterator[Carrier]:
    async with Carrier(pair.carrier.url, pair.carrier.password) as carrier:
        yield carrier


@pytest.fixture
async def app(pair: asterisks.Asterisks) -> AsyncIterator[Application]:
    async with application(pair.bundled) as app:
        yield app


@pytest.fixture
async def sounds(sounds_folder: Path) -> Sounds:
    sounds = Sounds(sounds_folder)
    await sounds.open()
    return sounds


async def answered(app: Application, phones: Carrier) -> tuple[str, Phone]:
    """The caller's channel, and the caller."""
    phone = await phones.dial(PHONE_NUMBER)
    channel_id = (await app.call()).channel.id
    await app.ari.answer(channel_id)
    await phone.until_answered()
    return channel_id, phone


async def answered_party(app: Application, caller: SipParty, **arrived: str) -> str:
    """The caller's channel, for a party made by hand."""
    calling = asyncio.create_task(caller.call(PHONE_NUMBER, arrived))
    channel_id = (await app.call()).channel.id
    await app.ari.answer(channel_id)
    await calling
    return channel_id


# --- how many come ------------------------------------------------------------------------------------------


async def test_a_caller_for_whom_there_is_no_port_is_refused_before_asterisk_runs_out() -> None:
    with asterisks.running(rtp_ports=24) as few:
        async with application(few.bundled) as app, Carrier(few.carrier.url, few.carrier.password) as phones:
            taken = [await with_media(app, phones) for _ in range(3)]
            refused = await phones.dial(PHONE_NUMBER)
            await refused.until_ended()
            assert refused.sip_status == 503
            await taken[0].hang_up()
            await with_media(app, phones)
            assert len([channel for channel in await app.ari.channels() if channel.state == "Up"]) >= 3


async def with_media(app: Application, phones: Carrier) -> Phone:
    """A call that has all the ports that one with a bot has."""
    channel_id, phone = await answered(app, phones)
    await app.ari.external_media(f"{channel_id}-media", "127.0.0.1:9", "ulaw")
    return phone


# --- what comes with a call ---------------------------------------------------------------------------------


async def test_what_came_with_a_call_is_read_before_it_is_answered(app: Application, pair: asterisks.Asterisks) -> None:
    came = {
        "Diversion": '"Front, Desk" <sip:+493023125077@c.example>;reason=no-answer',
        "History-Info": "<sip:1@a>;index=1, <sip:2@b>;index=1.1",
        "P-Asserted-Identity": '"Erika Muster" <sip:+491713920099;verstat=TN-Validation-Passed@127.0.0.1>',
        "User-to-User": headers.user_to_user(b"Hello"),
        "X-Customer-Id": 'a, b "c" ${EXTEN}',
        "Attestation-Info": "A",
    }
    async with party(pair.bundled.sip_port) as caller:
        calling = asyncio.create_task(caller.call(PHONE_NUMBER, came))
        started = await app.call()
        found = await app.ari.arrival(started.channel.id, ("X-Customer-Id", "X-Missing"))
        await app.ari.answer(started.channel.id)
        await calling
        assert await app.ari.arrival(started.channel.id, ("X-Customer-Id", "X-Missing")) == found
        await caller.hang_up()
    call_id = found.pop("call_id")
    assert call_id == started.channel.protocol_id == caller.call_id
    assert attestation.read(found) == {"verdict": "passed", "attestation": "A"}
    assert "sip:" in found.pop(attestation.FROM)
    arrival = to_arrival(started.channel, "trunk", found)
    assert (arrival.from_number, arrival.to_number) == ("+491713920099", PHONE_NUMBER)
    assert found == {
        **came, "endpoint": "trunk", "language": "en", "rdnis": "+493023125077", "caller_name": "Erika Muster"
    }  # fmt: skip


async def test_what_did_not_come_is_not_there(app: Application, pair: asterisks.Asterisks) -> None:
    async with party(pair.bundled.sip_port) as caller:
        channel_id = await answered_party(app, caller)
        found = await app.ari.arrival(channel_id, ("X-Customer-Id",))
        await caller.hang_up()
    assert set(found) == {"endpoint", "language", "caller_name", "call_id", attestation.FROM}


# --- what a caller hears ------------------------------------------------------------------------------------


async def test_a_text_a_file_and_a_beep_are_heard(app: Application, phones: Carrier, sounds: Sounds) -> None:
    glide = chirp(500, 1500, 1.0)
    spoken = Sound(text="This is a test of the voice.", language="en-gb")
    channel_id, phone = await answered(app, phones)
    await app.ari.play(channel_id, "p-1", await sounds.prepare(Sound(wav=write_wav(glide)), once=True))
    await app.until(PlaybackFinished, channel_id)
    await phone.until_found(glide)
    since = time.monotonic()
    await app.ari.play(channel_id, "p-2", await sounds.prepare(spoken))
    await phone.until_sound(1000, since=since)
    await app.until(PlaybackFinished, channel_id)
    since = time.monotonic()
    await app.ari.play(channel_id, "p-3", await sounds.prepare(Sound(builtin="beep")))
    await phone.until_sound(100, since=since)
    await app.until(PlaybackFinished, channel_id)
    await phone.hang_up()


@pytest.mark.parametrize("moh_class", ["default", "music"])
async def test_music_plays_until_it_is_stopped(app: Application, phones: Carrier, moh_class: str) -> None:
    channel_id, phone = await answered(app, phones)
    since = time.monotonic()
    await app.ari.start_moh(channel_id, moh_class)
    await phone.until_sound(2000, since=since)
    for _ in range(2):  # Asterisk passes one stop in some hundred over
        await app.ari.stop_moh(channel_id)
        await asyncio.sleep(0.04)
    since = time.monotonic() + 0.2
    await phone.until_quiet(800, since=since)
    await phone.hang_up()


# --- voicemail ----------------------------------------------------------------------------------------------


async def test_what_a_caller_leaves_is_in_the_file(app: Application, phones: Carrier) -> None:
    channel_id, phone = await answered(app, phones)
    name = f"voicemail/{channel_id}"
    await app.ari.record_channel(channel_id, name, seconds=20, silence_seconds=5, terminate_on="#")
    started = await app.until(RecordingStarted)
    assert (started.recording.name, started.recording.target_uri) == (name, f"channel:{channel_id}")
    await phone.until_sound(100)  # the beep
    await asyncio.sleep(0.3)
    await phone.say(tone(620, 1.0))
    await phone.press("#")
    finished = await app.until(RecordingFinished, channel_id)
    assert finished.recording.name == name
    content = await app.ari.stored_recording(name)
    assert content is not None
    (span,) = listening.tones(read_wav(content), 620)
    assert 800 < span.milliseconds < 1200
    await app.ari.delete_recording(name)
    assert await app.ari.stored_recording(name) is None
    await phone.hang_up()


async def test_a_caller_who_hangs_up_has_left_a_message_too(app: Application, phones: Carrier) -> None:
    channel_id, phone = await answered(app, phones)
    await app.ari.record_channel(channel_id, "left", seconds=20)
    await app.until(RecordingStarted)
    await phone.until_sound(100)
    await asyncio.sleep(0.3)
    await phone.say(tone(620, 0.5))
    await phone.hang_up()
    await app.until(RecordingFinished, channel_id)
    content = await app.ari.stored_recording("left")
    assert content is not None
    assert listening.tones(read_wav(content), 620)
    await app.ari.delete_recording("left")


async def test_silence_ends_a_recording(app: Application, phones: Carrier) -> None:
    channel_id, phone = await answered(app, phones)
    await app.ari.record_channel(channel_id, "silent", seconds=20, silence_seconds=1)
    finished = await app.until(RecordingFinished, channel_id)
    assert (finished.recording.duration or 0) < 5
    await app.ari.delete_recording("silent")
    await phone.hang_up()


# --- REFER --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answers", "result"),
    [
        ((202, 200), ("refer", "SUCCESS", "0")),
        ((202, 100, 180, 200), ("refer", "SUCCESS", "0")),
        ((202, 486), ("refer", "FAILURE", "486")),
        ((202, 100, 603), ("refer", "FAILURE", "603")),
        ((405,), ("refer", "FAILURE", "405")),
        ((603,), ("refer", "FAILURE", "603")),
    ],
)
async def test_a_refer_comes_back_with_its_result(
    app: Application, pair: asterisks.Asterisks, answers: tuple[int, ...], result: tuple[str, ...]
) -> None:
    target = headers.refer_target(REFER_TARGET, {"User-to-User": headers.user_to_user(b"Hi"), "X-Handoff-Id": "h 1"})
    async with party(pair.bundled.sip_port, answers) as caller:
        channel_id = await answered_party(app, caller)
        variables = {"REFER_TARGET": target, "REFER_SECONDS": "5"}
        await app.ari.continue_in_dialplan(channel_id, "refer", variables=variables)
        refer = await caller.until_request("REFER")
        assert await app.back(channel_id) == result
        # Whatever the carrier said, the caller is ours again.
        await app.ari.play(channel_id, "p-refer", "sound:beep")
        await app.until(PlaybackFinished, channel_id)
        await app.ari.hangup(channel_id)
        await caller.until_request("BYE")
    assert refer.header("Refer-To") == (f"<{REFER_TARGET}?User-to-User=4869%3Bencoding%3Dhex&X-Handoff-Id=h%201>")


async def test_a_caller_whom_the_carrier_takes_elsewhere(
    app: Application, pair: asterisks.Asterisks, phones: Carrier
) -> None:
    """By the carrier's own Asterisk: the caller and the next person hear each other, without us."""
    channel_id, phone = await answered(app, phones)
    carrier = f"sip:{HUMAN_NUMBER}@127.0.0.1:{pair.carrier.sip_port}"
    variables = {"REFER_TARGET": headers.refer_target(carrier, {"X-Handoff-Id": "h-1"}), "REFER_SECONDS": "5"}
    await app.ari.continue_in_dialplan(channel_id, "refer", variables=variables)
    human = await phones.incoming()
    assert await app.back(channel_id) == ("refer", "SUCCESS", "0")
    await app.ari.hangup(channel_id)  # a carrier that is an Asterisk does not
    await human.answer()
    since = time.monotonic()
    phone.play(tone(440, 0.5))
    human.play(tone(1300, 0.5))
    await human.until_tone(440, since=since)
    await phone.until_tone(1300, since=since)
    await human.hang_up()


async def test_a_refer_whose_result_never_comes_ends_in_time(app: Application, pair: asterisks.Asterisks) -> None:
    """202, and then nothing: Transfer() itself would wait for ten minutes. A late result does no harm."""
    async with party(pair.bundled.sip_port, (202,)) as caller:
        channel_id = await answered_party(app, caller)
        variables = {"REFER_TARGET": headers.refer_target(REFER_TARGET), "REFER_SECONDS": "1"}
        await app.ari.continue_in_dialplan(channel_id, "refer", variables=variables)
        assert await app.back(channel_id) == ("refer", "TIMEOUT", "0")
        caller.notify(200)
        await app.ari.play(channel_id, "p-late", "sound:beep")
        await app.until(PlaybackFinished, channel_id)
        await asyncio.sleep(1.2)  # past REFER_SECONDS, which must not end the call now
        found = await app.ari.channel(channel_id)
        assert found is not None
        assert found.state == "Up"
        await caller.hang_up()


async def test_a_caller_who_hangs_up_while_referred_is_seen(app: Application, pair: asterisks.Asterisks) -> None:
    async with party(pair.bundled.sip_port, (202,)) as caller:
        channel_id = await answered_party(app, caller)
        await app.ari.subscribe(f"channel:{channel_id}")
        variables = {"REFER_TARGET": headers.refer_target(REFER_TARGET), "REFER_SECONDS": "5"}
        await app.ari.continue_in_dialplan(channel_id, "refer", variables=variables)
        await caller.until_request("REFER")
        await caller.hang_up()
        await app.until(ChannelHangupRequest, channel_id)
        caller.notify(200)  # else Asterisk keeps the channel's ghost for ten minutes
        await app.until(ChannelDestroyed, channel_id)


# --- queue and the operator's own dialplan ------------------------------------------------------------------


async def test_a_queue_gives_the_caller_back_after_its_time(app: Application, phones: Carrier) -> None:
    channel_id, phone = await answered(app, phones)
    since = time.monotonic()
    variables = {"QUEUE_NAME": "human", "QUEUE_SECONDS": "2"}
    await app.ari.continue_in_dialplan(channel_id, "queue", variables=variables)
    human = await phones.incoming()
    await phone.until_sound(500, since=since)  # music
    assert await app.back(channel_id) == ("queue", "TIMEOUT")
    await human.until_ended()
    await phone.hang_up()


async def test_a_queue_brings_caller_and_human_together(app: Application, phones: Carrier) -> None:
    channel_id, phone = await answered(app, phones)
    variables = {"QUEUE_NAME": "human", "QUEUE_SECONDS": "20"}
    await app.ari.continue_in_dialplan(channel_id, "queue", variables=variables)
    human = await phones.incoming()
    await human.answer()
    since = time.monotonic()
    phone.play(tone(440, 0.5))
    human.play(tone(1300, 0.5))
    await human.until_tone(440, since=since)
    await phone.until_tone(1300, since=since)
    await human.hang_up()
    assert await app.back(channel_id) == ("queue", "CONTINUE")
    await phone.hang_up()


async def test_who_hangs_up_in_a_queue_is_seen(app: Application, phones: Carrier) -> None:
    channel_id, phone = await answered(app, phones)
    await app.ari.subscribe(f"channel:{channel_id}")
    variables = {"QUEUE_NAME": "human", "QUEUE_SECONDS": "20"}
    await app.ari.continue_in_dialplan(channel_id, "queue", variables=variables)
    human = await phones.incoming()
    await phone.hang_up()
    await app.until(ChannelDestroyed, channel_id)
    await human.until_ended()


async def test_a_queue_that_is_not_there(app: Application, phones: Carrier) -> None:
    channel_id, phone = await answered(app, phones)
    variables = {"QUEUE_NAME": "nobodys", "QUEUE_SECONDS": "5"}
    await app.ari.continue_in_dialplan(channel_id, "queue", variables=variables)
    assert (await app.back(channel_id))[0] == "queue"
    await phone.hang_up()


@pytest.mark.parametrize(
    ("context", "extension", "result"),
    [
        ("reception", "s", ("context", "RETURNED", "done")),
        ("reception", "x", ("context", "UNKNOWN")),
        ("nobodys", "s", ("context", "UNKNOWN")),
    ],
)
async def test_a_context_of_the_operators_own(
    app: Application, phones: Carrier, context: str, extension: str, result: tuple[str, ...]
) -> None:
    channel_id, phone = await answered(app, phones)
    variables = {"CONTEXT_NAME": context, "CONTEXT_EXTENSION": extension}
    await app.ari.continue_in_dialplan(channel_id, "context", variables=variables)
    assert await app.back(channel_id) == result
    await phone.hang_up()


async def test_a_context_that_keeps_the_caller(app: Application, phones: Carrier) -> None:
    channel_id, phone = await answered(app, phones)
    variables = {"CONTEXT_NAME": "reception", "CONTEXT_EXTENSION": "lost"}
    await app.ari.continue_in_dialplan(channel_id, "context", variables=variables)
    await phone.until_ended()
    assert (await app.until(StasisEnd)).channel.id == channel_id


# --- the human's phone --------------------------------------------------------------------------------------


async def dialled(app: Application, endpoint: str, agent: str, variables: dict[str, str]) -> None:
    await app.ari.create_channel(endpoint, agent, variables=variables)
    await app.until(StasisStart, agent)
    await app.ari.dial(agent, 10)


async def test_a_humans_phone_gets_the_context_and_the_callers_number(
    app: Application, pair: asterisks.Asterisks, phones: Carrier
) -> None:
    given = {
        "X-Call-Id": "20261122-163012-k3v9qx",
        "X-Handoff-Id": "h-1",
        "User-to-User": headers.user_to_user(b"Hello"),
        "Diversion": f"<sip:{PHONE_NUMBER}@127.0.0.1>;reason=deflection",
    }
    variables = headers.outgoing(given, caller_number="+491713920012", caller_name="Erika Muster")
    caller, phone = await answered(app, phones)
    await app.ari.create_bridge("b-1")
    await app.ari.add_channel("b-1", caller)
    async with party(pair.bundled.sip_port) as human:
        await dialled(app, f"PJSIP/trunk/sip:{HUMAN_NUMBER}@127.0.0.1:{human.port}", "agent-1", variables)
        invite = await human.until_request("INVITE")
        while (await app.until(ChannelStateChange, "agent-1")).channel.state != "Up":
            pass
        await app.ari.add_channel("b-1", "agent-1")
        await app.ari.hangup("agent-1")
        await human.until_request("BYE")
    assert {name: invite.header(name) for name in given} == given
    assert invite.header("From").startswith('"Erika Muster" <sip:+491713920012@')
    await phone.hang_up()


@pytest.mark.parametrize("extra", [{}, {"Refer-Sub": "false"}], ids=["", "without NOTIFY"])
async def test_a_phone_that_asks_for_a_transfer_or_holds_breaks_nothing(
    app: Application, pair: asterisks.Asterisks, phones: Carrier, extra: dict[str, str]
) -> None:
    """With PJSIP_TRANSFER_HANDLING()=ari-only the second REFER would end Asterisk itself."""
    agent, bridge_id = f"agent-{len(extra) + 2}", f"b-{len(extra) + 2}"
    caller, phone = await answered(app, phones)
    await app.ari.create_bridge(bridge_id)
    await app.ari.add_channel(bridge_id, caller)
    async with party(pair.bundled.sip_port) as human:
        await dialled(app, f"PJSIP/human/sip:x@127.0.0.1:{human.port}", agent, {})
        await human.until_request("INVITE")
        while (await app.until(ChannelStateChange, agent)).channel.state != "Up":
            pass
        await app.ari.add_channel(bridge_id, agent)
        assert (await human.refer("sip:4711@127.0.0.1", extra)).status == 603
        bridge = next(bridge for bridge in await app.ari.bridges() if bridge.id == bridge_id)
        assert set(bridge.channels) == {caller, agent}
        await human.hold()
        await app.until(ChannelHold, agent)
        await human.hold(on=False)
        await app.until(ChannelUnhold, agent)
        await human.hang_up()
        await app.until(StasisEnd, agent)
    await phone.hang_up()
