"""A bot on a real WebSocket that does what the test says."""

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from aiohttp import WSMsgType, web

from controller.bot.protocol import SUBPROTOCOL, parse_to_bot
from controller.media.audio import g711

Samples = npt.NDArray[np.int16]
FRAME_BYTES = 160  # 8000 Hz * 20 ms, one byte a sample
WAIT_SECONDS = 20.0

Manner = Literal["accept", "wait", "refuse_handshake", "other_subprotocol"]
"""What happens when a call comes in: accepted at once, or left to the test, or refused below the protocol."""


class BotCall:
    """One call, as the bot has it."""

    def __init__(self, socket: web.WebSocketResponse, headers: dict[str, str]) -> None:
        self.headers = headers
        self.messages: list[dict[str, Any]] = []
        self.closed = asyncio.Event()
        self._socket = socket
        self._heard = bytearray()
        self._changed = asyncio.Event()

    @property
    def start(self) -> dict[str, Any]:
        return self.messages[0]

    @property
    def raw(self) -> bytes:
        """All audio so far, as it came."""
        return bytes(self._heard)

    @property
    def heard(self) -> Samples:
        """All audio so far, 8 kHz; for a bot with G.711."""
        return g711.decode_mulaw(np.frombuffer(bytes(self._heard), np.uint8))

    async def send(self, message_type: str, **fields: Any) -> None:
        await self._socket.send_str(json.dumps({"type": message_type, **fields}))

    async def send_text(self, text: str) -> None:
        await self._socket.send_str(text)

    async def accept(self) -> None:
        await self.send("accept")

    async def speak_raw(self, audio: bytes) -> None:
        """Audio in the format of `start`."""
        await self._socket.send_bytes(audio)

    async def speak(self, samples: Samples) -> None:
        """All at once: the pacing is the media worker's."""
        await self._socket.send_bytes(g711.encode_mulaw(samples).tobytes())

    async def drop(self) -> None:
        """Vanish without a close frame, as a crashed bot does."""
        transport = self._socket._req.transport if self._socket._req else None  # noqa: SLF001
        assert transport
        transport.abort()

    def stop_reading(self) -> None:
        """Leave the connection standing and read nothing any more, as a bot does that hangs.

        With room for little: the kernel's own buffers would take a minute of a telephone's audio.
        """
        transport = self._socket._req.transport if self._socket._req else None  # noqa: SLF001
        assert isinstance(transport, asyncio.ReadTransport)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        transport.pause_reading()

    async def until_message(self, message_type: str, **fields: Any) -> dict[str, Any]:
        """The first message of this type with these fields."""

        def found() -> dict[str, Any] | None:
            wanted = {"type": message_type, **fields}
            return next((m for m in self.messages if wanted.items() <= m.items()), None)

        await self.until(lambda: found() is not None, f"{message_type} {fields or ''}")
        message = found()
        assert message
        return message

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                while not condition():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"the bot never got {what}; it got {self.messages}") from None

    async def run(self, manner: Manner, *, resumable: bool = False) -> None:
        async for frame in self._socket:
            if frame.type is WSMsgType.BINARY:
                self._heard += frame.data
            elif frame.type is WSMsgType.TEXT:
                parse_to_bot(frame.data)  # what we send is our own protocol, every time
                self.messages.append(json.loads(frame.data))
                if manner == "accept" and self.messages[-1]["type"] == "start":
                    await self.send("accept", **({"resume_token": self.start["call_id"]} if resumable else {}))
            self._changed.set()
        self.closed.set()
        self._changed.set()


class Bot:
    """All calls to one URL. `manner` may be changed between calls."""

    def __init__(self) -> None:
        self.manner: Manner = "accept"
        self.resumable = False
        """It can go on with its calls on another connection."""
        self.calls: list[BotCall] = []
        self._came = asyncio.Event()

    async def call(self, number: int = 1) -> BotCall:
        """The first call (or the `number`th), with its `start`."""
        async with asyncio.timeout(WAIT_SECONDS):
            while len(self.calls) < number:
                self._came.clear()
                await self._came.wait()
        call = self.calls[number - 1]
        await call.until_message("start")
        return call

    async def serve(self, request: web.Request) -> web.StreamResponse:
        if self.manner == "refuse_handshake":
            raise web.HTTPServiceUnavailable
        offered = ["something-else"] if self.manner == "other_subprotocol" else [SUBPROTOCOL]
        socket = web.WebSocketResponse(protocols=offered)
        await socket.prepare(request)
        call = BotCall(socket, dict(request.headers))
        self.calls.append(call)
        self._came.set()
        await call.run(self.manner, resumable=self.resumable)
        return socket


@asynccontextmanager
async def serving(port: int, tls: ssl.SSLContext | None = None) -> AsyncIterator[Bot]:
    bot = Bot()
    app = web.Application()
    app.router.add_get("/", bot.serve)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, reuse_address=True, ssl_context=tls).start()
    try:
        yield bot
    finally:
        await runner.cleanup()
