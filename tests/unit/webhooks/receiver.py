"""A company's system on a real socket, which checks what it gets and answers as the test says."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from controller.routing.webhook import key_of
from controller.webhooks import signature

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@dataclass
class Receiver:
    """`answer` gets what was sent and returns the status; what it took is in `taken`."""

    answer: Callable[[dict[str, Any]], int] = lambda _: 204
    body: bytes = b""
    delay_seconds: float = 0.0
    url: str = ""
    traceparents: list[str] = field(default_factory=list)
    taken: list[dict[str, Any]] = field(default_factory=list)
    tried: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.check(request, body)
        self.traceparents.append(request.headers.get("traceparent", ""))
        await asyncio.sleep(self.delay_seconds)
        message = json.loads(body)
        self.tried += 1
        status = self.answer(message)
        if status < 300:
            self.taken.append(message)
        self.changed.set()
        return web.Response(status=status, body=self.body)

    def check(self, request: web.Request, body: bytes) -> None:
        """As a receiver is told to."""
        sent_at = int(request.headers["webhook-timestamp"])
        assert abs(time.time() - sent_at) < 300
        expected = signature.sign(key_of(SECRET), request.headers["webhook-id"], sent_at, body)
        if request.headers["webhook-signature"] != expected:
            raise web.HTTPUnauthorized

    async def until(self, condition: Callable[[], bool], seconds: float = 20.0) -> None:
        async with asyncio.timeout(seconds):
            while not condition():
                self.changed.clear()
                await self.changed.wait()


@asynccontextmanager
async def receiving(port: int = 0) -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/calls", receiver.serve)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, reuse_address=True).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/calls"
    try:
        yield receiver
    finally:
        await runner.cleanup()
