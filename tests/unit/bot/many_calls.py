"""Calls on shared sockets, and the bots that serve them, for whoever tests them."""

import ssl
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from controller.bot.adapters.adapter import Opening
from controller.bot.conversation import Message
from controller.bot.framing import SUBPROTOCOL_MUX
from controller.bot.multiplex import SharedSockets
from controller.bot.protocol import Accept, Party, Start
from tests.unit.bot.scripted_bot import Line, Script, ScriptedBot, serving


class Call:
    """Everything that one call was told, in order."""

    def __init__(self, sockets: SharedSockets) -> None:
        self.told: list[Any] = []
        self.fails = False
        self.stream = sockets.stream(self)

    def on_accepted(self, _accept: Accept) -> None:
        self.told.append("accepted")

    def on_audio(self, audio: memoryview) -> None:
        if self.fails:
            raise RuntimeError("our own bug")
        self.told.append(bytes(audio))

    def on_message(self, message: Message) -> None:
        self.told.append(message.type)

    def played_ms(self) -> int:
        return 4_180

    def on_lost(self, detail: str) -> None:
        self.told.append(f"lost: {detail}")

    @property
    def audio(self) -> bytes:
        return b"".join(what for what in self.told if isinstance(what, bytes))


class Worker:
    """Stands for the engine: the clock, the sockets, the calls."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self.counters: Counter[str] = Counter()
        self.sockets = SharedSockets(self.now, self.counters)
        self.calls: list[Call] = []
        self.tls = ssl.create_default_context()

    def now(self) -> float:
        return time.monotonic() + self.ahead

    async def open(self, url: str, accept_seconds: float = 5.0, token: str = "bot-secret") -> Call:  # noqa: S107
        call = Call(self.sockets)
        self.calls.append(call)
        start = Start(call_id=f"call-{len(self.calls)}", caller=Party(), callee=Party(), route="default")
        await call.stream.open(Opening(url, start, token), accept_seconds, self.tls)
        return call

    def wait(self, seconds: float) -> None:
        self.ahead += seconds
        self.sockets.watch(self.now())


@asynccontextmanager
async def serving_many(script: Script) -> AsyncIterator[ScriptedBot]:
    async with serving(script) as bot:
        bot.subprotocols = (SUBPROTOCOL_MUX,)
        yield bot


async def echo(line: Line) -> None:
    """Takes every call and gives back every message of audio."""
    while (heard := await line.hear()) is not None:
        if isinstance(heard, bytes):
            await line.socket.send_bytes(heard)
        elif heard["type"] == "start":
            await line.say(type="accept", call=heard["call"])


def taking(calls: int, then: Script) -> Script:
    """Takes so many calls, and goes on with `then`."""

    async def script(line: Line) -> None:
        for _ in range(calls):
            while (started := await line.hear_message())["type"] != "start":
                pass
            await line.say(type="accept", call=started["call"])
        await then(line)
        while await line.hear() is not None:
            pass

    return script
