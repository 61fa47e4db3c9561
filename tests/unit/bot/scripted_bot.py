"""A bot on a real WebSocket whose every word is written by the test."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import WSMsgType, web

from controller.bot.protocol import SUBPROTOCOL

Script = Callable[["Line"], Awaitable[None]]


class Line:
    """One call, as its bot sees it."""

    def __init__(self, socket: web.WebSocketResponse, headers: Any) -> None:
        self.socket = socket
        self.headers = headers

    async def say(self, **message: Any) -> None:
        await self.socket.send_str(json.dumps(message))

    async def hear(self) -> Any:
        """The next frame: a dict, or bytes of audio, or None when the connection was closed."""
        frame = await self.socket.receive()
        if frame.type is WSMsgType.TEXT:
            return json.loads(frame.data)
        return frame.data if frame.type is WSMsgType.BINARY else None

    async def hear_message(self) -> Any:
        """The next frame that is not audio."""
        while isinstance(heard := await self.hear(), bytes):
            pass
        return heard


class ScriptedBot:
    """Serves any number of calls, each by `script`; `lines` holds them in order."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.lines: list[Line] = []
        self.url = ""
        self.subprotocols: tuple[str, ...] = (SUBPROTOCOL,)

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=self.subprotocols)
        await socket.prepare(request)
        line = Line(socket, request.headers)
        self.lines.append(line)
        await self.script(line)
        return socket


@asynccontextmanager
async def serving(script: Script, tls: ssl.SSLContext | None = None) -> AsyncIterator[ScriptedBot]:
    bot = ScriptedBot(script)
    app = web.Application()
    app.router.add_get("/", bot.serve)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    bot.url = f"{'wss' if tls else 'ws'}://127.0.0.1:{runner.addresses[0][1]}/"
    try:
        yield bot
    finally:
        await runner.cleanup()


async def accept(line: Line) -> None:
    """The beginning of most scripts."""
    assert (await line.hear())["type"] == "start"
    await line.say(type="accept")


async def silent(line: Line) -> None:
    """Takes the call, hears everything, says nothing."""
    await accept(line)
    while await line.hear() is not None:
        pass


async def echo(line: Line) -> None:
    """Takes the call and gives back every frame of audio."""
    await accept(line)
    while (heard := await line.hear()) is not None:
        if isinstance(heard, bytes):
            await line.socket.send_bytes(heard)


async def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait for something that happens outside of the test's own task."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for knows no event
            await asyncio.sleep(0.005)
