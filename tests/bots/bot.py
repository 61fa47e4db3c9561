"""What every scripted bot can do, whatever its protocol: a test says when.

A bot keeps to its vendor's words only, and notes in `faults` what its vendor's own server would not have taken
from us. What its protocol has no word for it cannot do: the adapter's CANNOT says so, and its method is not called.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, ClassVar

from aiohttp import WSMsgType, web

from controller.config import BotAudio

SECONDS: float = 10.0
"""For whatever is waited for."""


class BotCall(ABC):
    """One call, as the code of its bot sees it."""

    def __init__(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        self.socket = socket
        self.request = request
        self.heard = bytearray()
        """The caller's audio, in the bot's format."""
        self.digits: list[str] = []
        self.messages: list[dict[str, Any]] = []
        """All that we have said, as it came."""
        self.played: list[str] = []
        """Marks that were reached, by their names; in a protocol without names, whatever it says instead."""
        self.faults: list[str] = []
        self.over = asyncio.Event()
        """We have said that the call has ended."""

    @abstractmethod
    async def on_text(self, text: str) -> None: ...

    async def on_binary(self, audio: bytes) -> None:
        self.faults.append(f"a binary frame of {len(audio)} bytes")

    @abstractmethod
    async def speak(self, audio: bytes) -> None: ...

    @abstractmethod
    async def mark(self, name: str) -> None:
        """Ask to be told when everything said so far has been played."""

    @abstractmethod
    async def clear(self) -> None:
        """The caller has interrupted: forget what is not yet played."""

    @abstractmethod
    async def transfer(self) -> None: ...

    @abstractmethod
    async def hangup(self) -> None: ...

    async def drop(self) -> None:
        """Break off, as a bot does that dies."""
        if self.request.transport is not None:
            self.request.transport.abort()

    async def until(self, condition: Callable[["BotCall"], object]) -> None:
        async with asyncio.timeout(SECONDS):
            while not condition(self):  # noqa: ASYNC110 - what is waited for knows no event
                await asyncio.sleep(0.005)


class Bot(ABC):
    """Serves any number of calls at `url`; `calls` holds those that were begun, in order."""

    PROTOCOL: ClassVar[str]
    AUDIO: ClassVar[BotAudio] = "mulaw"
    """The bot's audio as the route has it."""
    SUBPROTOCOLS: ClassVar[tuple[str, ...]] = ()
    PARAMETERS: ClassVar[dict[str, str]] = {"transferIf": "action=transfer"}
    """What the operator has set for this bot; the same for all that pass on what they do not know."""

    def __init__(self, *, token: str = "", refuses: bool = False) -> None:
        self.token = token
        """What we must show."""
        self.refuses = refuses
        self.away = False
        """Takes no connection any more."""
        self.url = ""
        self.calls: list[BotCall] = []
        self._begun = asyncio.Condition()

    @abstractmethod
    def answer(self, socket: web.WebSocketResponse, request: web.Request) -> BotCall: ...

    def authorized(self, request: web.Request) -> bool:
        return not self.token or request.headers.get("Authorization") == f"Bearer {self.token}"

    async def next_call(self, number: int = 0) -> BotCall:
        """The call of this number, when it has begun."""
        async with asyncio.timeout(SECONDS), self._begun:
            await self._begun.wait_for(lambda: len(self.calls) > number)
        return self.calls[number]

    async def serve(self, request: web.Request) -> web.StreamResponse:
        if self.away:
            return web.Response(status=503)
        if not self.authorized(request):
            return web.Response(status=401)
        socket = web.WebSocketResponse(protocols=self.SUBPROTOCOLS)
        await socket.prepare(request)
        call = self.answer(socket, request)
        async with self._begun:
            self.calls.append(call)
            self._begun.notify_all()
        async for frame in socket:
            if frame.type is WSMsgType.TEXT:
                await call.on_text(frame.data)
            elif frame.type is WSMsgType.BINARY:
                await call.on_binary(frame.data)
        return socket


@asynccontextmanager
async def running(bot: Bot, port: int = 0) -> AsyncIterator[Bot]:
    """0: any port that is free."""
    app = web.Application()
    app.router.add_get("/bot", bot.serve)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, reuse_address=True).start()
    bot.url = f"ws://127.0.0.1:{runner.addresses[0][1]}/bot"
    try:
        yield bot
    finally:
        await runner.cleanup()
