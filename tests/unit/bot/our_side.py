"""Our side of one connection to a bot, and what a bot may do instead of its duty."""

import contextlib
import ssl
import time
from typing import Any

from controller.bot import websocket as module
from controller.bot.adapters.adapter import Opening
from controller.bot.connection import BotConnection
from controller.bot.conversation import Message
from controller.bot.protocol import Accept, Party, Start
from tests.unit.bot.scripted_bot import Line

START = Start(call_id="call-1", caller=Party(number="+4930111"), callee=Party(number="+4930222"), route="default")


class Listener:
    """Everything that the connection told, in order."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def on_accepted(self, _accept: Accept) -> None:
        self.told.append("accepted")

    def on_audio(self, audio: memoryview) -> None:
        self.told.append(bytes(audio))

    def on_message(self, message: Message) -> None:
        self.told.append(message.model_dump(exclude_defaults=True) | {"type": message.type})

    def played_ms(self) -> int:
        return 4_180

    def on_lost(self, detail: str) -> None:
        self.told.append(f"lost: {detail}")


class Clock:
    """Monotonic, and moved on by the test."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead


class Call:
    def __init__(self) -> None:
        self.listener = Listener()
        self.clock = Clock()
        self.bot = BotConnection(self.listener, self.clock)

    @property
    def told(self) -> list[Any]:
        return self.listener.told

    async def open(self, url: str, accept_seconds: float = 5.0, token: str = "bot-secret") -> None:  # noqa: S107
        await self.bot.open(Opening(url, START, token), accept_seconds, ssl.create_default_context())


async def leaves(line: Line) -> None:
    await line.hear()
    await line.socket.close(code=4001, message=b"no time")


async def cuts(line: Line) -> None:
    await line.hear()
    line.socket._req.transport.abort()  # type: ignore[union-attr] # noqa: SLF001


async def sends_a_giant(line: Line) -> None:
    await line.hear()
    with contextlib.suppress(ConnectionError):
        await line.socket.send_bytes(bytes(module.FRAME_BYTES_MAX + 1))
        await line.hear()
