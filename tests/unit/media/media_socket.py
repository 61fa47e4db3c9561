"""Asterisk's media socket (chan_websocket) as its peer sees it, every word of it chosen by the test."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import WSMsgType, web

from tests.unit.bot.scripted_bot import until


class MediaSocket:
    """One channel's socket at `url`. `heard` are the frames of audio that came, `commands` what was commanded."""

    def __init__(self) -> None:
        self.url = ""
        self.frame_bytes = 160
        self.subprotocols: tuple[str, ...] = ("media",)
        self.starts = True
        """Says MEDIA_START at once."""
        self.heard: list[bytes] = []
        self.commands: list[str] = []
        self.closed = False
        self.socket: web.WebSocketResponse | None = None
        self.reading = asyncio.Event()
        self.reading.set()

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=self.subprotocols)
        await socket.prepare(request)
        self.socket = socket
        if self.starts:
            await self.start()
        while True:
            await self.reading.wait()
            frame = await socket.receive()
            if frame.type is WSMsgType.BINARY:
                self.heard.append(frame.data)
            elif frame.type is WSMsgType.TEXT:
                self.commands.append(json.loads(frame.data)["command"])
            else:
                self.closed = True
                return socket

    async def start(self) -> None:
        await self.tell(
            event="MEDIA_START", channel="WebSocket/INCOMING/1", format="ulaw", optimal_frame_size=self.frame_bytes
        )

    async def tell(self, **event: Any) -> None:
        await self.send(json.dumps(event))

    async def send(self, frame: str | bytes) -> None:
        await until(lambda: self.socket)
        assert self.socket
        await (self.socket.send_str(frame) if isinstance(frame, str) else self.socket.send_bytes(frame))


@asynccontextmanager
async def media_socket() -> AsyncIterator[MediaSocket]:
    served = MediaSocket()
    app = web.Application()
    app.router.add_get("/media/1", served.serve)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    served.url = f"ws://127.0.0.1:{runner.addresses[0][1]}/media/1"
    try:
        yield served
    finally:
        served.reading.set()
        await runner.cleanup()
