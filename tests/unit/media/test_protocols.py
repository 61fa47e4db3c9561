"""Bots of every protocol (`tests/bots`) on a whole worker: what the caller's packets and the controller say of them."""

from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest

from controller.bot.adapters import adapter_of
from controller.bot.adapters.adapter import Behaviour
from controller.bot.protocol import Dtmf
from controller.carrier import listening
from controller.media.audio import g711
from controller.media.control_messages import Attach, BotTarget, Close, Open, Play, Send
from controller.media.worker import Listening
from controller.session.translation import to_audio_format
from tests.bots.audiocodes_bot import AudioCodesBot
from tests.bots.bot import Bot, BotCall, running
from tests.bots.genesys_bot import GenesysBot
from tests.bots.native_bot import NativeBot
from tests.bots.openai_bot import OpenAIBot
from tests.bots.sound import Samples, heard_samples, spoken_tone
from tests.bots.twilio_bot import TwilioBot
from tests.unit.bot.scripted_bot import until
from tests.unit.media.peers import Controller, FakeAsterisk, start

SILENCE = b"\xff" * 160
TOKEN = "c2VjcmV0:c2VjcmV0"
HERTZ = 440.0


class Call:
    """One call: the caller's packets, the controller's reports, and the bot's side by its own protocol."""

    def __init__(self, worker: Listening, controller: Controller, bot: Bot) -> None:
        self.controller = controller
        self.bot = bot
        self.audio = to_audio_format(bot.AUDIO)
        self.asterisk = FakeAsterisk(worker.rtp.port)

    async def begin(self) -> BotCall:
        target = BotTarget(url=self.bot.url, token=TOKEN, protocol=self.bot.PROTOCOL, parameters=self.bot.PARAMETERS)
        await self.controller.link.send(Open(session="s1", bot=target, start=start(self.audio)))
        await self.controller.link.send(Attach(session="s1", host="127.0.0.1", port=self.asterisk.port))
        call = await self.bot.next_call()
        await self.controller.report("accepted")
        await self.controller.link.send(Play(session="s1"))
        await self.asterisk.listen_for(1)
        return call

    def spoken(self, seconds: float) -> bytes:
        return spoken_tone(self.bot.AUDIO, HERTZ, seconds)

    def at_bot(self, call: BotCall) -> Samples:
        return heard_samples(self.bot.AUDIO, bytes(call.heard))

    def at_caller(self) -> Samples:
        payload = b"".join(packet.payload for packet in self.asterisk.listen())
        return g711.decode_mulaw(np.frombuffer(payload, np.uint8))

    def expresses(self, behaviour: Behaviour) -> None:
        """Skips what the protocol has no word for."""
        if reason := adapter_of(self.bot.PROTOCOL).CANNOT.get(behaviour):
            pytest.skip(reason)

    async def asked_for(self, kind: str) -> dict[str, Any]:
        """The bot's wish as the controller has it."""
        await until(lambda: [report for report in self.controller.of("message") if report.message["type"] == kind])
        wishes = [report.message for report in self.controller.of("message") if report.message["type"] == kind]
        wish: dict[str, Any] = wishes[0]
        return wish


@pytest.fixture(params=[NativeBot, TwilioBot, AudioCodesBot, GenesysBot, OpenAIBot], ids=lambda kind: kind.PROTOCOL)
async def call(request: pytest.FixtureRequest, worker: Listening, controller: Controller) -> AsyncIterator[Call]:
    kind: type[Bot] = request.param
    async with running(kind(token=TOKEN)) as bot:
        yield Call(worker, controller, bot)
        await controller.link.send(Close(session="s1", reason="caller_hung_up"))
        assert not [fault for served in bot.calls for fault in served.faults]


async def test_bot_and_caller_hear_each_other(call: Call) -> None:
    bot = await call.begin()

    def heard() -> bool:
        # Some protocols take no audio before a message of theirs: the caller says it until it is heard.
        said = spoken_tone("mulaw", HERTZ, 0.2)
        for at in range(0, len(said), len(SILENCE)):
            call.asterisk.say(said[at : at + len(SILENCE)])
        return bool(listening.tones(call.at_bot(bot), HERTZ, 100))

    await until(heard)
    await bot.speak(call.spoken(0.4))
    await until(lambda: listening.tones(call.at_caller(), HERTZ, 300))


async def test_the_bot_is_told_when_it_was_heard(call: Call) -> None:
    call.expresses(Behaviour.MARK)
    bot = await call.begin()
    await bot.speak(call.spoken(0.2))
    await bot.mark("said")
    await until(lambda: bot.played)
    assert listening.tones(call.at_caller(), HERTZ, 100)


async def test_an_interruption_is_silence_and_then_what_the_bot_says_next(call: Call) -> None:
    bot = await call.begin()
    await bot.speak(call.spoken(15.0))
    await until(lambda: listening.tones(call.at_caller(), HERTZ, 60))
    await bot.clear()

    def silent() -> bool:
        return [packet.payload for packet in call.asterisk.listen()[-5:]] == [SILENCE] * 5

    await until(silent)
    assert sum(packet.payload != SILENCE for packet in call.asterisk.heard) < 700, "750 were said"
    before = len(call.asterisk.heard)
    await bot.speak(call.spoken(0.2))
    await until(lambda: any(packet.payload != SILENCE for packet in call.asterisk.listen()[before:]))


async def test_keys_reach_the_bot(call: Call) -> None:
    bot = await call.begin()
    message = Dtmf(digit="5", duration_ms=100).model_dump(mode="json")
    await call.controller.link.send(Send(session="s1", message=message))
    await until(lambda: bot.digits == ["5"])


async def test_a_transfer_reaches_the_controller(call: Call) -> None:
    call.expresses(Behaviour.TRANSFER)
    bot = await call.begin()
    await bot.transfer()
    assert (await call.asked_for("transfer"))["summary"] == "wants a human"


async def test_a_hangup_comes_after_the_last_word(call: Call) -> None:
    bot = await call.begin()
    await bot.speak(call.spoken(0.2))
    await bot.hangup()
    await call.asked_for("hangup")
    assert listening.tones(call.at_caller(), HERTZ, 100)


async def test_a_refusal_reaches_the_controller(call: Call) -> None:
    call.expresses(Behaviour.REJECT)
    call.bot.refuses = True
    target = BotTarget(url=call.bot.url, token=TOKEN, protocol=call.bot.PROTOCOL)
    await call.controller.link.send(Open(session="s1", bot=target, start=start(call.audio)))
    assert (await call.controller.report("refused")).detail


async def test_a_bot_that_breaks_off_is_reported_and_has_not_hung_up(call: Call) -> None:
    bot = await call.begin()
    call.bot.away = True
    await bot.drop()
    assert (await call.controller.report("disconnected")).detail == "the bot lost the connection"
    assert not call.controller.of("message")


async def test_the_end_reaches_the_bot(call: Call) -> None:
    bot = await call.begin()
    await call.controller.link.send(Close(session="s1", reason="caller_hung_up"))
    await call.controller.report("closed")
    await until(bot.over.is_set)
