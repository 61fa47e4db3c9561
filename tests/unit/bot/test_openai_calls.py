"""Calls to a realtime endpoint that is built on the official client's own types: all that we send is valid there."""

import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from controller.bot.adapted import AdaptedConnection
from controller.bot.adapters.adapter import Opening
from controller.bot.conversation import BotFailed, BotRefused
from controller.bot.protocol import Cleared, Dtmf, TransferProgress
from tests.bots.openai_server import KEY, RealtimeServer, Session, serving_model
from tests.unit.bot.our_side import START, Listener
from tests.unit.bot.scripted_bot import until

TONE = bytes(range(256)) * 20


class Call:
    def __init__(self, server: RealtimeServer) -> None:
        self.server = server
        self.listener = Listener()
        self.line = AdaptedConnection("openai", self.listener, time.monotonic)

    @property
    def told(self) -> list[Any]:
        return self.listener.told

    @property
    def model(self) -> Session:
        return self.server.sessions[-1]

    async def open(self, token: str = KEY, **parameters: str) -> None:
        opening = Opening(self.server.url, START, token, parameters=parameters)
        await self.line.open(opening, 5.0, ssl.create_default_context())

    def told_of(self, kind: str) -> list[Any]:
        return [told for told in self.told if isinstance(told, dict) and told["type"] == kind]

    @property
    def heard(self) -> bytes:
        return b"".join(told for told in self.told if isinstance(told, bytes))


@asynccontextmanager
async def calling(**refuses: tuple[str, str]) -> AsyncIterator[Call]:
    async def begin(session: Session) -> None:
        session.refuses = refuses.get("refuses")

    async with serving_model(begin) as server:
        call = Call(server)
        yield call
        call.line.end("caller_hung_up")
        await call.line.wait_closed()
        assert server.faults == []


async def test_a_whole_call() -> None:
    async with calling() as call:
        await call.open(model="gpt-realtime-2.1", greeting="Say hi")
        assert call.model.model == "gpt-realtime-2.1"
        await until(lambda: call.model.told_of("response.create"))
        await call.model.speak(TONE, "Good morning, who is it?")
        assert call.line.send_audio(b"\xff" * 160)
        await until(lambda: len(call.model.heard) == 160)
        await until(lambda: call.told_of("transcript") and call.told_of("transcript")[-1].get("final", True))
        assert call.heard == TONE
        await call.model.hear_speech("item_u", "Ada, good morning")
        await until(lambda: call.told_of("clear") and call.told[-1].get("final", True))
        call.line.send(Cleared(discarded_ms=340, played_ms=300))
        await until(lambda: call.model.told_of("conversation.item.truncate"))
        assert call.model.told_of("conversation.item.truncate")[0].audio_end_ms == 300
        said = [(line["role"], line["text"]) for line in call.told_of("transcript") if line.get("final", True)]
        assert said == [("bot", "Good morning, who is it?"), ("caller", "Ada, good morning")]


async def test_functions_steer_the_call() -> None:
    async with calling() as call:
        await call.open(greeting="")
        await call.model.call_function("result", {"name": "Booked", "data": {"at": 10}})
        await until(lambda: call.model.told_of("response.create"))
        await call.model.call_function("transfer", {"summary": "about the invoice"}, TONE)
        await until(lambda: call.told_of("transfer"))
        call.line.send(TransferProgress(state="no_answer"))
        await until(lambda: len(call.model.told_of("response.create")) == 2)
        await call.model.call_function("hangup", {"reason": "all done"}, TONE)
        await until(lambda: call.told_of("hangup"))
        outputs = [event.item.type for event in call.model.told_of("conversation.item.create")]
        assert outputs == ["function_call_output"] * 3
        kinds = [told if isinstance(told, str) else told["type"] for told in call.told if not isinstance(told, bytes)]
        assert kinds == ["accepted", "result", "transfer", "hangup"]
        assert call.told[-1]["reason"] == "all done"
        assert call.heard == 2 * TONE


async def test_keys_limits_and_failures() -> None:
    async with calling() as call:
        await call.open(greeting="")
        for digit in "42#":
            call.line.send(Dtmf(digit=digit))
        await until(lambda: call.model.told_of("response.create"))
        assert "42#" in call.model.told_of("conversation.item.create")[0].item.content[0].text
        await call.model.limit("tokens", 1000, 1)
        await call.model.fail("invalid_value", "that was wrong")
        await call.model.fail_response("insufficient_quota", "the money is gone")
        await until(lambda: isinstance(call.told[-1], str))
    assert [log["level"] for log in call.told_of("log")] == ["warning", "error", "error"]
    assert call.told[-1] == "lost: the bot could not answer: the money is gone"


async def test_a_wrong_key_and_a_refused_session_take_the_next_rung() -> None:
    async with calling() as call:
        with pytest.raises(BotFailed, match="HTTP 401"):
            await call.open("sk-wrong")
    async with calling(refuses=("rate_limit_exceeded", "slow down")) as call:
        with pytest.raises(BotRefused, match="busy"):
            await call.open()
