"""A bot of another protocol on a real WebSocket: Twilio's, as the one whose bots need nothing but the socket."""

import base64
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import pytest

from controller.bot import adapted as module
from controller.bot.adapted import AdaptedConnection
from controller.bot.adapters import PROTOCOLS
from controller.bot.adapters.adapter import Adapter, Handshake, Left, Opening, Speech, Steps
from controller.bot.conversation import BotFailed, BotRefused
from controller.bot.protocol import (
    Accept,
    Ack,
    AudioFormat,
    Clear,
    Cleared,
    End,
    Hangup,
    MarkReached,
    Reject,
    Result,
    Start,
    ToBot,
)
from controller.errors import ProtocolError
from tests.unit.bot.our_side import START, Listener
from tests.unit.bot.scripted_bot import Line, serving, until


class Call:
    def __init__(self, protocol: str = "twilio") -> None:
        self.listener = Listener()
        self.bot = AdaptedConnection(protocol, self.listener, time.monotonic)

    @property
    def told(self) -> list[Any]:
        return self.listener.told

    async def open(self, url: str, accept_seconds: float = 5.0, start: Start = START) -> None:
        opening = Opening(url, start, "secret", {"X-Own": "yes"}, {"greeting": "hi"}, "0f" * 16)
        await self.bot.open(opening, accept_seconds, ssl.create_default_context())


@pytest.fixture
async def call() -> AsyncIterator[Call]:
    call = Call()
    yield call
    call.bot.end("failed")
    await call.bot.wait_closed()


async def begun(line: Line) -> str:
    """The stream's sid, when it has begun."""
    assert (await line.hear())["event"] == "connected"
    start = await line.hear()
    assert start["event"] == "start"
    assert start["start"]["customParameters"]["greeting"] == "hi"
    return str(start["streamSid"])


async def media_of(line: Line, sid: str, audio: bytes) -> None:
    await line.say(event="media", streamSid=sid, media={"payload": base64.b64encode(audio).decode()})


async def test_a_whole_call(call: Call) -> None:
    heard: list[Any] = []

    async def talks(line: Line) -> None:
        sid = await begun(line)
        await media_of(line, sid, b"good morning")
        await line.say(event="mark", streamSid=sid, mark={"name": "greeted"})
        await line.say(event="clear", streamSid=sid)
        while (frame := await line.hear()) is not None:
            heard.append(frame)

    async with serving(talks) as bot:
        bot.subprotocols = ()
        await call.open(bot.url)
        await until(lambda: len(call.told) == 4)
        assert call.bot.send_audio(b"\xff" * 160)
        call.bot.send(Cleared(discarded_ms=5, marks=["greeted"]))
        call.bot.send(MarkReached(name="again"))
        call.bot.end("caller_hung_up")
        await until(lambda: len(heard) == 4)
    assert call.told == ["accepted", b"good morning", {"type": "mark", "name": "greeted"}, {"type": "clear"}]
    assert [frame["event"] for frame in heard] == ["media", "mark", "mark", "stop"]
    assert base64.b64decode(heard[0]["media"]["payload"]) == b"\xff" * 160
    assert "X-Twilio-Signature" in bot.lines[0].headers
    assert bot.lines[0].headers["X-Own"] == "yes"
    assert "Sec-WebSocket-Protocol" not in bot.lines[0].headers
    assert not call.bot.send_audio(b"after the end")


async def test_a_bot_that_closes_its_stream_has_hung_up_after_its_last_word(call: Call) -> None:
    async def leaves(line: Line) -> None:
        await media_of(line, await begun(line), b"goodbye")
        await line.socket.close()

    async with serving(leaves) as bot:
        await call.open(bot.url)
        await until(lambda: len(call.told) == 4)
    assert call.told[:3] == ["accepted", b"goodbye", {"type": "hangup", "reason": "the bot closed its stream"}]
    assert call.told[3].startswith("lost: the bot closed the connection with code 1000")


async def test_a_bot_that_breaks_off_is_lost_and_has_not_hung_up(call: Call) -> None:
    async def breaks(line: Line) -> None:
        await begun(line)
        await line.socket.close(code=1011)

    async with serving(breaks) as bot:
        await call.open(bot.url)
        await until(lambda: len(call.told) == 2)
    assert call.told[1] == "lost: the bot closed the connection with code 1011"


@pytest.mark.parametrize(
    "text", ["no json", '{"event":"media"}', '{"event":"media","streamSid":"x","media":{"payload":"***"}}', "[]"]
)
async def test_a_wrong_message_is_counted_and_the_call_goes_on(call: Call, text: str) -> None:
    async def errs(line: Line) -> None:
        sid = await begun(line)
        await line.socket.send_str(text)
        await line.socket.send_bytes(b"binary")
        await line.say(event="unheard of")
        await media_of(line, sid, b"still here")
        await line.hear()

    async with serving(errs) as bot:
        await call.open(bot.url)
        await until(lambda: len(call.told) == 2)
    assert call.told == ["accepted", b"still here"]
    assert call.bot.counters["malformed_messages"] == 2
    assert call.bot.counters["unknown_messages"] == 1


async def test_long_audio_in_json_is_taken(call: Call) -> None:
    audio = bytes(range(256)) * 2_500

    async def recites(line: Line) -> None:
        sid = await begun(line)
        await media_of(line, sid, audio)
        await line.hear()

    async with serving(recites) as bot:
        await call.open(bot.url)
        await until(lambda: len(call.told) == 2)
    assert call.told[1] == audio


async def test_an_unknown_protocol_and_a_format_that_is_not_carried_fail_the_opening(call: Call) -> None:
    with pytest.raises(BotFailed, match="no bot protocol 'morse'") as raised:
        await Call("morse").open("ws://127.0.0.1:1/")
    assert raised.value.trigger == "unreachable"
    wide = START.model_copy(update={"audio": AudioFormat(encoding="pcm16")})
    with pytest.raises(BotFailed, match="twilio carries mulaw"):
        await call.open("ws://127.0.0.1:1/", start=wide)


class Chatty(Adapter):
    """A protocol of our own making that has all that Twilio's has not: frames to be answered, pings, a farewell."""

    FORMATS: ClassVar = (AudioFormat(),)
    CANNOT: ClassVar = {}
    LAST_WORD = True

    def handshake(self) -> Handshake:
        return Handshake(self.opening.url + "?call=" + self.opening.start.call_id)

    def to_bot(self, message: ToBot) -> Steps:
        match message:
            case Start():
                return ("hello",)
            case End():
                return ("bye",)
            case Cleared():
                return (b"cleared",)
            case Ack():
                raise ProtocolError("our own bug")
            case _:
                return ()

    def audio_to_bot(self, audio: bytes | bytearray | memoryview) -> bytes | None:
        return bytes(audio)[::-1] if audio else None

    def text_from_bot(self, text: bytes) -> Steps:
        word = text.decode()
        if word == "bug":
            raise RuntimeError("our own bug")
        steps: dict[str, Steps] = {
            "take": (Accept(type="accept"),),
            "refuse": (Reject(type="reject", reason="busy", message="full"),),
            "ask": ("answer 1", Clear(type="clear"), b"answer 2"),
            "leave": (Hangup(type="hangup"), Left("went home")),
            "farewell": (Result(type="result", name="done"), Clear(type="clear"), Left("said farewell")),
        }
        return steps[word]

    def binary_from_bot(self, part: memoryview) -> Steps:
        return (Speech(part),)

    def watch(self, now: float) -> Steps:
        return (f"ping {now:g}",)


class ChattyBot:
    """Says its words; hears everything, and answers a `bye`."""

    def __init__(self, *words: str) -> None:
        self.words = words
        self.heard: list[Any] = []
        self.queries: list[str] = []

    async def __call__(self, line: Line) -> None:
        self.heard.append((await line.socket.receive()).data)
        for word in self.words:
            await line.socket.send_str(word)
        async for frame in line.socket:
            self.heard.append(frame.data)
            if frame.data == "bye":
                await line.socket.send_str("farewell")


@asynccontextmanager
async def chatting(monkeypatch: pytest.MonkeyPatch, bot: ChattyBot) -> AsyncIterator[tuple[Call, str]]:
    monkeypatch.setitem(PROTOCOLS, "chatty", Chatty)
    call = Call("chatty")
    async with serving(bot) as server:
        server.subprotocols = ()
        yield call, server.url
        call.bot.end("failed")
        await call.bot.wait_closed()


async def test_frames_to_be_answered_at_once_are_and_messages_are_taken_in_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bot = ChattyBot("take", "ask")
    async with chatting(monkeypatch, bot) as (call, url):
        await call.open(url)
        await until(lambda: len(bot.heard) == 3)
        call.bot.watch(7.0)
        call.bot.send(Cleared(discarded_ms=0))
        assert call.bot.send_audio(b"")
        assert call.bot.send_audio(b"abc")
        await until(lambda: len(bot.heard) == 6)
    assert call.told[:2] == ["accepted", {"type": "clear"}]
    assert bot.heard[:6] == ["hello", "answer 1", b"answer 2", "ping 7", b"cleared", b"cba"]


async def test_a_refusal_in_the_protocols_own_word(monkeypatch: pytest.MonkeyPatch) -> None:
    async with chatting(monkeypatch, ChattyBot("refuse")) as (call, url):
        with pytest.raises(BotRefused) as raised:
            await call.open(url)
    assert raised.value.reject.reason == "busy"
    assert call.told == []


async def test_a_bot_that_leaves_by_its_own_word(monkeypatch: pytest.MonkeyPatch) -> None:
    async with chatting(monkeypatch, ChattyBot("take", "leave")) as (call, url):
        await call.open(url)
        await until(lambda: len(call.told) == 3)
    assert call.told == ["accepted", {"type": "hangup"}, "lost: the bot went home"]


async def test_the_last_word_is_awaited_and_what_it_reports_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    bot = ChattyBot("take")
    async with chatting(monkeypatch, bot) as (call, url):
        await call.open(url)
        call.bot.end("caller_hung_up")
        await call.bot.wait_closed()
    assert bot.heard == ["hello", "bye"]
    assert call.told == ["accepted", {"type": "result", "name": "done"}]


async def test_a_last_word_that_does_not_come_is_not_awaited_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CLOSE_SECONDS", 0.05)
    monkeypatch.setattr(Chatty, "text_from_bot", lambda _, text: (Accept(type="accept"),) if text == b"take" else ())
    async with chatting(monkeypatch, ChattyBot("take")) as (call, url):
        await call.open(url)
        call.bot.end("caller_hung_up")
        await call.bot.wait_closed()
    assert call.told == ["accepted"]


@pytest.mark.parametrize("from_bot", [True, False])
async def test_our_own_fault_ends_the_bots_part_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, from_bot: bool
) -> None:
    async with chatting(monkeypatch, ChattyBot("take", *(["bug"] if from_bot else []))) as (call, url):
        await call.open(url)
        call.bot.send(Ack(id="a"))
        await until(lambda: len(call.told) == 2)
    assert call.told[1] == "lost: the bot was cut off by a fault of ours"
