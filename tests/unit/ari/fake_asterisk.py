"""A small ARI server: it answers as it is told, and its events are what the test sends."""

import asyncio
import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from controller.ari.client import AriClient

USERNAME, PASSWORD, APP = "controller", "right-password", "test-app"
AUTHORIZATION = "Basic " + base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()

Answer = Callable[[web.Request], web.StreamResponse]


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: dict[str, str]
    body: Any


class FakeAsterisk:
    def __init__(self, port: int | None = None) -> None:
        self.requests: list[Request] = []
        self.answers: dict[tuple[str, str], Answer] = {}
        self.streams: asyncio.Queue[web.WebSocketResponse] = asyncio.Queue()
        self.inactive_answers = 0
        """So many times the application is not there although its WebSocket is."""
        self._open: list[web.WebSocketResponse] = []
        application = web.Application(middlewares=[_authorized])
        application.router.add_get("/ari/events", self._events)
        application.router.add_get(f"/ari/applications/{APP}", self._application)
        application.router.add_route("*", "/ari/{rest:.*}", self._rest)
        self.server = TestServer(application, port=port)

    def client(self, password: str = PASSWORD) -> AriClient:
        return AriClient(f"http://{self.server.host}:{self.server.port}/", USERNAME, password, APP)

    def will_answer(self, method: str, path: str, body: Any = None, status: int = 200) -> None:
        self.answers[method, path] = lambda _: (
            web.Response(status=status) if body is None else web.json_response(body, status=status)
        )

    async def stop(self) -> None:
        for stream in self._open:
            await stream.close()
        await self.server.close()

    async def _rest(self, request: web.Request) -> web.StreamResponse:
        body = await request.json() if request.can_read_body else None
        # The raw path: a quoted slash must still be quoted on the wire.
        path = request.raw_path.partition("?")[0].removeprefix("/ari")
        self.requests.append(Request(request.method, path, dict(request.query), body))
        answer = self.answers.get((request.method, path))
        return answer(request) if answer else web.json_response({"message": "Channel not found"}, status=404)

    async def _application(self, _: web.Request) -> web.Response:
        if self.inactive_answers:
            self.inactive_answers -= 1
            return web.json_response({"message": "Application not found"}, status=404)
        return web.json_response({"name": APP, "channel_ids": ["c-1"], "bridge_ids": []})

    async def _events(self, request: web.Request) -> web.WebSocketResponse:
        assert request.query == {"app": APP, "subscribeAll": "false"}
        stream = web.WebSocketResponse()
        await stream.prepare(request)
        self._open.append(stream)
        self.streams.put_nowait(stream)
        async for _ in stream:
            pass
        return stream


@web.middleware
async def _authorized(request: web.Request, handler: Callable[[web.Request], Any]) -> web.StreamResponse:
    if request.headers.get("Authorization") != AUTHORIZATION:
        return web.json_response({"error": "Unauthorized"}, status=401)
    response: web.StreamResponse = await handler(request)
    return response
