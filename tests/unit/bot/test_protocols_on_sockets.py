"""Every protocol that has a scripted bot (`tests/bots`), on a real WebSocket: what a bot may do in a call."""

import ssl
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from controller.bot.adapted import AdaptedConnection
from controller.bot.adapters import adapter_of
from controller.bot.adapters.adapter import Behaviour, Opening
from controller.bot.conversation import BotFailed, BotRefused, Message
from controller.bot.protocol import (
    Answered,
    Clear,
    Cleared,
    Dtmf,
    Mark,
    MarkReached,
)
from controller.session.translation import to_audio_format
from tests.bots.audiocodes_bot import AudioCodesBot
from tests.bots.bot import Bot, BotCall, running
from tests.bots.genesys_bot import GenesysBot, GenesysCall
from tests.bots.native_bot import NativeBot
from tests.bots.twilio_bot import TwilioBot
from tests.unit.bot.our_side import START, Listener
from tests.unit.bot.scripted_bot import until

TOKENS = {"genesys": "SGVsbG8=:TXlTdXBlclNlY3JldEtleQ=="}
PARAMETERS = {"genesys": {"transferIf": "action=transfer"}}


class Phone(Listener):
    """Our side of one call, which plays nothing but knows what would be playing."""

    def __init__(self, bot: Bot) -> None:
        super().__init__()
        self.bot = bot
        self.line = AdaptedConnection(bot.PROTOCOL, self, time.monotonic)
        self.marks: list[str] = []

    async def call(self, url: str = "", token: str | None = None) -> None:
        start = START.model_copy(update={"audio": to_audio_format(self.bot.AUDIO)})
        known = TOKENS.get(self.bot.PROTOCOL, "secret") if token is None else token
        parameters = PARAMETERS.get(self.bot.PROTOCOL, {})
        opening = Opening(url or self.bot.url, start, known, {}, parameters, "0f" * 16, time.time())
        await self.line.open(opening, 5.0, ssl.create_default_context())
        self.line.send(Answered())

    def on_message(self, message: Message) -> None:
        super().on_message(message)
        if isinstance(message, Mark):
            self.marks.append(message.name)
        elif isinstance(message, Clear):
            dropped, self.marks = self.marks, []
            self.line.send(Cleared(discarded_ms=20, marks=dropped))

    def played(self) -> None:
        """All that the bot has said has been heard."""
        while self.marks:
            self.line.send(MarkReached(name=self.marks.pop(0)))

    @property
    def audio(self) -> bytes:
        return b"".join(item for item in self.told if isinstance(item, bytes))

    def of_type(self, kind: str) -> list[Any]:
        return [item for item in self.told if isinstance(item, dict) and item["type"] == kind]


@pytest.fixture(params=[NativeBot, TwilioBot, AudioCodesBot, GenesysBot])
async def bot(request: pytest.FixtureRequest) -> AsyncIterator[Bot]:
    kind: type[Bot] = request.param
    async with running(kind(token=TOKENS.get(kind.PROTOCOL, "secret"))) as bot:
        yield bot


@pytest.fixture
async def phone(bot: Bot) -> AsyncIterator[Phone]:
    phone = Phone(bot)
    yield phone
    phone.line.end("failed")
    await phone.line.wait_closed()
    assert not [fault for call in bot.calls for fault in call.faults]


def expresses(phone: Phone, behaviour: Behaviour) -> None:
    """Skips what the protocol has no word for."""
    if reason := adapter_of(phone.bot.PROTOCOL).CANNOT.get(behaviour):
        pytest.skip(reason)


async def connected(phone: Phone) -> BotCall:
    await phone.call()
    return await phone.bot.next_call()


async def hear(phone: Phone, call: BotCall, audio: bytes) -> None:
    """Say it in frames of 20 ms until it has arrived: some protocols take none before a message of theirs."""
    before = len(call.heard)

    def heard() -> bool:
        phone.line.send_audio(audio)
        return len(call.heard) >= before + len(audio)

    await until(heard)


async def test_it_hears_the_caller(phone: Phone) -> None:
    call = await connected(phone)
    await hear(phone, call, bytes(range(160)) * 2)
    assert bytes(range(160)) * 2 in bytes(call.heard)


async def test_it_speaks_and_is_told_when_it_was_heard(phone: Phone) -> None:
    call = await connected(phone)
    await call.speak(b"good " * 32)
    await call.speak(b"bye! " * 32)
    await call.mark("said")
    await until(lambda: phone.audio == b"good " * 32 + b"bye! " * 32 and phone.marks)
    assert not call.played

    def told() -> bool:
        phone.played()
        return bool(call.played)

    await until(told)


async def test_it_is_told_of_keys(phone: Phone) -> None:
    call = await connected(phone)
    phone.line.send(Dtmf(digit="7", duration_ms=100))
    phone.line.send(Dtmf(digit="#", duration_ms=100))
    await until(lambda: call.digits == ["7", "#"])


async def test_it_is_interrupted_and_goes_on(phone: Phone) -> None:
    call = await connected(phone)
    await call.speak(b"never heard to its end, ")
    await until(lambda: phone.audio)
    await call.clear()
    await until(lambda: phone.of_type("clear"))
    await call.speak(b"as you like")
    await until(lambda: phone.audio.endswith(b"as you like"))


async def test_it_transfers(phone: Phone) -> None:
    expresses(phone, Behaviour.TRANSFER)
    call = await connected(phone)
    await call.transfer()
    await until(lambda: phone.of_type("transfer"))
    assert phone.of_type("transfer")[0].get("summary") == "wants a human"


async def test_it_hangs_up_after_its_last_word(phone: Phone) -> None:
    call = await connected(phone)
    await call.speak(b"goodbye")
    await call.hangup()
    await until(lambda: phone.of_type("hangup"))
    assert phone.told.index(b"goodbye") < phone.told.index(phone.of_type("hangup")[0])


async def test_it_is_told_of_the_end(phone: Phone) -> None:
    call = await connected(phone)
    phone.line.end("caller_hung_up")
    await call.over.wait()


async def test_it_refuses(phone: Phone) -> None:
    expresses(phone, Behaviour.REJECT)
    phone.bot.refuses = True
    with pytest.raises(BotRefused) as raised:
        await phone.call()
    assert raised.value.reject.message
    assert phone.told == []


async def test_one_that_breaks_off_is_lost_and_has_not_hung_up(phone: Phone) -> None:
    call = await connected(phone)
    phone.bot.away = True
    await call.drop()
    await until(lambda: len(phone.told) > 1)
    assert phone.told == ["accepted", "lost: the bot lost the connection"]


async def test_it_does_not_take_a_call_from_somebody_else(phone: Phone) -> None:
    with pytest.raises(BotFailed, match="answered HTTP 401") as raised:
        await phone.call(token="wrong:d3Jvbmc=")
    assert raised.value.trigger == "unreachable"


async def test_a_wrong_message_costs_nothing_but_its_count(phone: Phone) -> None:
    call = await connected(phone)
    for text in ("no json", "[]", '{"type": 7, "event": 7}', "{}"):
        await call.socket.send_str(text)
    await call.speak(b"still here")
    await until(lambda: phone.audio == b"still here")
    assert phone.line.counters["malformed_messages"] == 4


async def test_an_audiocodes_bot_goes_on_with_its_call_on_a_new_connection() -> None:
    bot = AudioCodesBot(token="secret")
    async with running(bot):
        phone = Phone(bot)
        before = await connected(phone)
        await before.drop()
        call = await bot.next_call(1)
        await hear(phone, call, b"still there" * 20)
        assert [message["type"] for message in call.messages[:2]] == ["session.resume", "userStream.start"]
        bot.conversations.clear()
        await call.drop()
        anew = await bot.next_call(2)
        await hear(phone, anew, b"who are you" * 20)
        assert [message["type"] for message in anew.messages[:2]] == ["session.resume", "session.initiate"]
        assert phone.told == ["accepted"]
        phone.line.end("failed")
        await phone.line.wait_closed()


async def test_a_genesys_bot_has_the_last_word() -> None:
    bot = GenesysBot(token=TOKENS["genesys"])
    async with running(bot):
        phone = Phone(bot)
        await phone.call()
        call = await bot.next_call()
        assert isinstance(call, GenesysCall)
        call.farewell = {"intent": "billing"}
        phone.line.end("caller_hung_up")
        await phone.line.wait_closed()
    assert phone.told == ["accepted", {"type": "result", "name": "outputVariables", "data": {"intent": "billing"}}]
