"""A bot that has all calls on one WebSocket."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
from aiohttp import WSMsgType, web

from controller.bot.framing import SUBPROTOCOL_MUX, append, records
from controller.media.audio import g711

Samples = npt.NDArray[np.int16]
WAIT_SECONDS = 20.0


class Bot:
    """Takes every call. Calls are told apart by the caller's number here, by their own numbers on the socket."""

    def __init__(self) -> None:
        self.sockets: list[web.WebSocketResponse] = []
        self.numbers: dict[str, int] = {}
        self.ended: dict[int, str] = {}
        self._heard: dict[int, bytearray] = {}
        self._changed = asyncio.Event()

    def heard(self, caller: str) -> Samples:
        return g711.decode_mulaw(np.frombuffer(bytes(self._heard[self.numbers[caller]]), np.uint8))

    async def speak(self, said: dict[str, Samples]) -> None:
        """To several callers with one message."""
        message = bytearray()
        for caller, samples in said.items():
            append(message, self.numbers[caller], g711.encode_mulaw(samples).tobytes())
        await self.sockets[0].send_bytes(bytes(message))

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                while not condition():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"the bot never got {what}") from None

    async def serve(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(protocols=[SUBPROTOCOL_MUX])
        await socket.prepare(request)
        self.sockets.append(socket)
        async for frame in socket:
            if frame.type is WSMsgType.BINARY:
                for call, audio in records(memoryview(frame.data)):
                    self._heard[call] += audio
            elif frame.type is WSMsgType.TEXT:
                await self._take(socket, json.loads(frame.data))
            self._changed.set()
        return socket

    async def _take(self, socket: web.WebSocketResponse, message: dict[str, Any]) -> None:
        call = message["call"]
        if message["type"] == "start":
            self.numbers[message["from"]["number"]] = call
            self._heard[call] = bytearray()
            await socket.send_json({"type": "accept", "call": call})
        elif message["type"] == "end":
            self.ended[call] = message["reason"]


@asynccontextmanager
async def serving(port: int) -> AsyncIterator[Bot]:
    bot = Bot()
    app = web.Application()
    app.router.add_get("/", bot.serve)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield bot
    finally:
        await runner.cleanup()
