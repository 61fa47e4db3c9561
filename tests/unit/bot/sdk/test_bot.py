"""Bots written with the library, called by the controller's own connection."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientSession, WSServerHandshakeError

from controller.bot import sdk
from controller.bot.adapters.adapter import Opening
from controller.bot.connection import BotConnection
from controller.bot.conversation import BotFailed, BotRefused
from controller.bot.protocol import (
    Accept,
    Ack,
    Answered,
    Cleared,
    Dtmf,
    End,
    Mark,
    MarkReached,
    Party,
    PlayFinished,
    RecordingState,
    ResumePoint,
    Start,
    TransferProgress,
)
from controller.bot.sdk import bot as module
from controller.bot.signing import sign
from tests.unit.bot.our_side import START, Listener
from tests.unit.bot.scripted_bot import until
from tests.unit.examples.controllers_side import Line


class Caller:
    """Our side of one call."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.listener = Listener()
        self.line = BotConnection(self.listener, time.monotonic)

    @property
    def told(self) -> list[Any]:
        return self.listener.told

    @property
    def kinds(self) -> list[str]:
        return [told["type"] if isinstance(told, dict) else type(told).__name__ for told in self.told]

    @property
    def heard(self) -> bytes:
        return b"".join(told for told in self.told if isinstance(told, bytes))

    async def open(self, token: str = "") -> None:
        await self.line.open(Opening(self.url, START, token), 5.0, ssl.create_default_context())
        self.line.send(Answered())

    def last(self, kind: str) -> Any:
        return [told for told in self.told if isinstance(told, dict) and told["type"] == kind][-1]


@asynccontextmanager
async def calling(bot: sdk.Bot) -> AsyncIterator[Caller]:
    async with bot.serving() as url:
        caller = Caller(url)
        yield caller
        caller.line.end("caller_hung_up")
        await caller.line.wait_closed()
        await until(lambda: not bot.calls)


async def test_the_bot_of_the_readme_hears_and_is_heard() -> None:
    bot = sdk.Bot()

    @bot.call
    async def echo(call: sdk.Call) -> None:
        await call.accept()
        async for event in call:
            if isinstance(event, sdk.Audio):
                await call.send(event.audio)

    async with calling(bot) as caller:
        await caller.open()
        for part in (b"one", b"two", b"three"):
            caller.line.send_audio(part)
        await until(lambda: caller.heard == b"onetwothree")


async def test_events_by_kind() -> None:
    bot = sdk.Bot()
    pressed: list[str] = []

    @bot.on(sdk.Dtmf)
    async def key(_call: sdk.Call, event: sdk.Dtmf) -> None:
        pressed.append(event.digit)

    async with calling(bot) as caller:
        await caller.open()
        caller.line.send(Dtmf(digit="4"))
        caller.line.send(Dtmf(digit="2"))
        await until(lambda: pressed == ["4", "2"])


async def test_what_is_said_is_paced_and_known_to_be_heard() -> None:
    bot = sdk.Bot()
    outcomes: list[bool] = []

    @bot.call
    async def speak(call: sdk.Call) -> None:
        await call.accept()
        outcomes.append(await call.say(bytes(4_000)))
        outcomes.append(await call.say(bytes(400_000)))
        outcomes.append(await call.say(b"never sent") if call.ended is None else False)

    async with calling(bot) as caller:
        began_at = time.monotonic()
        await caller.open()
        await until(lambda: "mark" in caller.kinds)
        assert len(caller.heard) == 4_000
        caller.line.send(MarkReached(name=caller.last("mark")["name"]))
        await until(lambda: len(caller.heard) > 15_000)
        await asyncio.sleep(0.1)
        playing_seconds = time.monotonic() - began_at
        ahead = len(caller.heard) / 8_000 - playing_seconds
        assert ahead < 2.5, "50 s of audio are not sent at once"
        assert outcomes == [True]
        caller.line.end("caller_hung_up")
        await until(lambda: len(outcomes) == 3)
    assert outcomes == [True, False, False]


async def parts() -> AsyncIterator[bytes]:
    yield b"Good "
    yield b"morning"


async def test_speech_may_come_in_parts_and_is_said_in_order() -> None:
    bot = sdk.Bot()

    @bot.call
    async def speak(call: sdk.Call) -> None:
        await call.accept()
        await asyncio.gather(call.say(parts()), call.say(b", Ada"))

    async with calling(bot) as caller:
        await caller.open()
        await until(lambda: "mark" in caller.kinds)
        assert caller.heard == b"Good morning"
        caller.line.send(MarkReached(name=caller.last("mark")["name"]))
        await until(lambda: caller.heard == b"Good morning, Ada")


async def test_clear_stops_what_is_being_said() -> None:
    bot = sdk.Bot()
    outcomes: list[Any] = []

    @bot.call
    async def interrupted(call: sdk.Call) -> None:
        await call.accept()
        saying = asyncio.gather(call.say(bytes(400_000)), call.say(b"later"))
        async for event in call:
            if isinstance(event, sdk.Dtmf):
                cleared = await call.clear()
                outcomes.extend([cleared and cleared.played_ms, await saying])
                await call.say(b"yes?")

    async with calling(bot) as caller:
        await caller.open()
        await until(lambda: caller.heard)
        caller.line.send(Dtmf(digit="1"))
        await until(lambda: "clear" in caller.kinds)
        caller.line.send(Cleared(discarded_ms=100, played_ms=40))
        await until(lambda: caller.heard.endswith(b"yes?"))
    assert outcomes == [40, [False, False]]
    assert b"later" not in caller.heard


async def test_reports_are_acknowledged_or_the_call_is_over() -> None:
    bot = sdk.Bot()
    stored: list[bool] = []

    @bot.call
    async def report(call: sdk.Call) -> None:
        await call.accept()
        call.transcript("caller", "Goo", final=False)
        stored.append(await call.transcript("caller", "Good morning"))
        stored.append(await call.result("Booked", {"at": "10:00"}))
        stored.append(await call.log("slow", "warning"))

    async with calling(bot) as caller:
        await caller.open()
        for kind in ("transcript", "result"):
            await until(lambda kind=kind: kind in caller.kinds and caller.last(kind).get("final", True))  # type: ignore[misc]
            caller.line.send(Ack(id=caller.last(kind)["id"]))
        await until(lambda: "log" in caller.kinds)
    assert stored == [True, True, False]
    assert caller.last("result")["data"] == {"at": "10:00"}


@pytest.mark.parametrize(("state", "outcome"), [("busy", "busy"), ("connected", "connected")])
async def test_a_transfer_has_an_outcome(state: Any, outcome: str) -> None:
    bot = sdk.Bot()
    outcomes: list[str] = []

    @bot.call
    async def transfer(call: sdk.Call) -> None:
        await call.accept()
        outcomes.append(await call.transfer(summary="wants Ada"))

    async with calling(bot) as caller:
        await caller.open()
        await until(lambda: "transfer" in caller.kinds)
        caller.line.send(TransferProgress(state="ringing"))
        caller.line.send(TransferProgress(state=state))
        await until(lambda: outcomes == [outcome])
        await until(lambda: "hangup" in caller.kinds)


async def test_what_else_is_refused_is_no_answer_to_a_transfer() -> None:
    bot = sdk.Bot()
    outcomes: list[str] = []

    @bot.call
    async def transfer(call: sdk.Call) -> None:
        await call.accept()
        call.hold()
        transfer = asyncio.create_task(call.transfer())
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="under way"):
            await call.transfer()
        outcomes.append(await transfer)
        outcomes.append(await call.transfer())

    async with calling(bot) as caller:
        await caller.open()
        await until(lambda: "transfer" in caller.kinds)
        caller.line.send(sdk.Error(code="not_now", message="this is for a caller who talks to the bot", about="hold"))
        caller.line.send(TransferProgress(state="busy"))
        await until(lambda: caller.kinds.count("transfer") == 2)
        caller.line.send(sdk.Error(code="not_now", message="a transfer is under way", about="transfer"))
        await until(lambda: outcomes == ["busy", "refused"])


async def test_recording_files_and_the_small_words() -> None:
    bot = sdk.Bot()
    outcomes: list[str] = []

    @bot.call
    async def lead(call: sdk.Call) -> None:
        await call.accept()
        outcomes.append(await call.recording("start"))
        outcomes.append(await call.recording("pause"))
        outcomes.append(await call.play("https://a.example/x.wav"))
        call.hold()
        call.unhold()
        call.press("12#")
        call.metadata({"customer": 4711})
        outcomes.append(await call.recording("stop"))

    async with calling(bot) as caller:
        await caller.open()
        await until(lambda: "recording" in caller.kinds)
        caller.line.send(RecordingState(state="recording"))
        await until(lambda: caller.kinds.count("recording") == 2)
        caller.line.send(sdk.Error(code="not_now", message="not here", about="recording"))
        await until(lambda: "play" in caller.kinds)
        caller.line.send(PlayFinished(id=caller.last("play")["id"], outcome="played"))
        await until(lambda: caller.kinds.count("recording") == 3)
        caller.line.end("caller_hung_up")
        await until(lambda: len(outcomes) == 4)
    assert outcomes == ["recording", "refused", "played", "failed"]
    words = ["recording", "recording", "play", "hold", "unhold", "send_dtmf", "metadata_update", "recording"]
    assert [kind for kind in caller.kinds if kind in words] == words


async def test_refusals() -> None:
    bot = sdk.Bot(token="secret")

    @bot.call
    async def refuse(call: sdk.Call) -> None:
        await call.reject("busy", "all taken", retry_after_seconds=3)
        with pytest.raises(sdk.CallOver):
            await call.say(b"x")

    async with bot.serving() as url:
        with pytest.raises(BotRefused, match="busy"):
            await Caller(url).open("secret")
        with pytest.raises(BotFailed, match="HTTP 401"):
            await Caller(url).open("wrong")


async def test_a_signature_is_good_once() -> None:
    bot = sdk.Bot(signing_secret="hush")
    async with bot.serving() as url, ClientSession() as client:
        signed = sign("hush", url, nonce="0f" * 16, unix_seconds=time.time())
        socket = await client.ws_connect(url, headers=signed, protocols=["ari-controller.v1"])
        await socket.close()
        with pytest.raises(WSServerHandshakeError, match="401"):
            await client.ws_connect(url, headers=signed)


@pytest.mark.parametrize("accepts", [True, False])
async def test_a_bot_that_fails_costs_the_call_nothing(accepts: bool, caplog: pytest.LogCaptureFixture) -> None:
    bot = sdk.Bot()

    @bot.call
    async def fails(call: sdk.Call) -> None:
        if accepts:
            await call.accept()
        raise RuntimeError("a bug")

    async with bot.serving() as url:
        caller = Caller(url)
        if accepts:
            await caller.open()
            await until(lambda: str(caller.told[-1]).startswith("lost"))
        else:
            with pytest.raises(BotRefused, match="unavailable"):
                await caller.open()
        await until(lambda: not bot.calls)
    assert "a bug" in caplog.text


async def test_a_broken_connection_is_resumed_and_nothing_is_lost_or_said_twice() -> None:
    bot = sdk.Bot()
    events: list[Any] = []

    @bot.call
    async def goes_on(call: sdk.Call) -> None:
        await call.accept()
        call.result("first")
        await call.send(b"0123456789")
        call.result("second")
        async for event in call:
            events.append(event)
            if isinstance(event, sdk.Dtmf):
                call.result(f"pressed {event.digit}")

    async with bot.serving() as url, ClientSession() as client:
        first = Line(await client.ws_connect(url, protocols=["ari-controller.v1"]))
        await first.start()
        accept = await first.receive()
        assert isinstance(accept, Accept)
        assert accept.resume_token
        await first.send(Answered())
        await first.receive_until(bytes)
        # It breaks, without `end`: we have got four bytes and the first result.
        await first.socket.close()
        start = Start(
            call_id="c1", caller=Party(), callee=Party(), route="r", resumed=True,
            resume=ResumePoint(token=accept.resume_token, audio_bytes_received=4, messages_received=1),
        )  # fmt: skip
        second = Line(await client.ws_connect(url, protocols=["ari-controller.v1"]))
        await second.send(start)
        again = await second.receive()
        assert isinstance(again, Accept)
        assert again.messages_received == 1
        assert again.resume_token == accept.resume_token
        assert await second.receive() == b"456789"
        assert (await second.receive()).name == "second"  # type: ignore[union-attr]
        await second.send(Dtmf(digit="7"))
        assert (await second.receive()).name == "pressed 7"  # type: ignore[union-attr]
        await second.send(End(reason="caller_hung_up"))
        await until(lambda: not bot.calls)
        await second.socket.close()
    assert [type(event).__name__ for event in events] == ["Answered", "Dtmf"]


async def test_a_call_that_nobody_resumes_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RESUME_SECONDS", 0.05)
    bot = sdk.Bot()
    ended: list[Any] = []

    @bot.call
    async def waits(call: sdk.Call) -> None:
        await call.accept()
        ended.extend([await call.say(bytes(100)), call.ended])

    async with bot.serving() as url, ClientSession() as client:
        line = Line(await client.ws_connect(url, protocols=["ari-controller.v1"]))
        await line.start()
        await line.receive_until(Mark)
        await line.socket.close()
        await until(lambda: ended)
    assert ended == [False, "failed"]


async def test_what_a_newer_controller_says_is_read_as_far_as_it_is_known() -> None:
    bot = sdk.Bot()
    seen: list[Any] = []

    @bot.call
    async def sees(call: sdk.Call) -> None:
        await call.accept()
        seen.extend([event async for event in call])

    async with bot.serving() as url, ClientSession() as client:
        line = Line(await client.ws_connect(url, protocols=["ari-controller.v1"]))
        await line.start()
        await line.socket.send_str('{"type":"answered","mood":"fine"}')
        await line.socket.send_str('{"type":"hologram"}')
        await line.socket.send_str('{"type":"dtmf","digit":"1"}')
        await line.send(End(reason="caller_hung_up"))
        await until(lambda: seen)
        assert [type(event).__name__ for event in seen] == ["Answered", "Dtmf"]
        await line.socket.close()


async def test_a_socket_without_a_call_is_closed() -> None:
    bot = sdk.Bot()
    async with bot.serving() as url, ClientSession() as client:
        for text in ("{}", '{"type":"answered"}'):
            socket = await client.ws_connect(url, protocols=["ari-controller.v1"])
            await socket.send_str(text)
            await socket.receive()
            assert socket.close_code == 1008
        async with client.get(url.replace("ws://", "http://") + "healthz") as answer:
            assert answer.status == 200


async def test_audio_that_nobody_reads_is_left_out_and_messages_are_not() -> None:
    bot = sdk.Bot()
    held = asyncio.Event()
    calls: list[sdk.Call] = []
    seen: list[Any] = []

    @bot.call
    async def sleeps(call: sdk.Call) -> None:
        calls.append(call)
        await call.accept()
        await held.wait()
        seen.extend([event async for event in call])

    async with calling(bot) as caller:
        await caller.open()
        for _ in range(1_200):
            caller.line.send_audio(b"x")
            await asyncio.sleep(0)
        caller.line.send(Dtmf(digit="1"))
        await until(lambda: calls[0].messages_received == 2)
        held.set()
    assert calls[0].audio_left_out > 0
    assert isinstance(seen[-1], Dtmf)
