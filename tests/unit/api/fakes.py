"""Calls that only remember what was asked of them."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import aiohttp
from aiohttp import web

from controller.api.control import CallNotFound, LiveCall, Placement, Playable, Recording, Way
from controller.ari.events import Channel
from controller.media.control_messages import Speaking
from tests.integration.stack.processes import free_port

LIVE = LiveCall(
    id="20261122-163012-k3v9qx",
    started_at=datetime(2026, 11, 22, 16, 30, 12, tzinfo=UTC),
    from_number="+493012345678",
    from_name=None,
    to_number="+493023125000",
    route="reception",
    state="talking",
    answered_at=datetime(2026, 11, 22, 16, 30, 13, tzinfo=UTC),
    bot="ws://bot/",
    metadata={"customer": 7},
    speaking=Speaking.CALLER,
)


class FakeCalls:
    """`api.control.Calls`. `refusal` is raised instead, when set."""

    def __init__(self) -> None:
        self.calls = [LIVE]
        self.asked: list[tuple[Any, ...]] = []
        self.refusal: Exception | None = None

    def live(self) -> Sequence[LiveCall]:
        return self.calls

    def check(self, call_id: str) -> None:
        self._do("check", call_id)

    async def hang_up(self, call_id: str, by: str) -> None:
        self._do("hang_up", call_id, by)

    async def transfer(self, call_id: str, to: str, way: Way, summary: str, by: str) -> None:
        self._do("transfer", call_id, to, way, summary, by)

    async def take_over(self, call_id: str, to: str, by: str) -> None:
        self._do("take_over", call_id, to, by)

    async def play(self, call_id: str, what: Playable, by: str) -> None:
        self._do("play", call_id, what, by)

    async def press(self, call_id: str, digits: str, by: str) -> None:
        self._do("press", call_id, digits, by)

    async def add_metadata(self, call_id: str, metadata: Mapping[str, Any], by: str) -> None:
        self._do("add_metadata", call_id, dict(metadata), by)

    async def record(self, call_id: str, what: Recording, by: str) -> None:
        self._do("record", call_id, what, by)

    async def place(self, placement: Placement, by: str) -> str:
        if self.refusal:
            raise self.refusal
        self.asked.append(("place", placement, by))
        return "20261122-163013-abcdef"

    def _do(self, name: str, call_id: str, *asked: Any) -> None:
        if self.refusal:
            raise self.refusal
        if call_id not in {call.id for call in self.calls}:
            raise CallNotFound(f"There is no call {call_id!r} in progress")
        self.asked.append((name, call_id, *asked))


class FakeExchange:
    """`api.softphone.Exchange`. `url`: where somebody answers SIP; `refusal` is raised instead of keeping objects."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], Mapping[str, str]] = {}
        self.cleared = asyncio.Event()
        """Nothing is left."""
        self.calling: list[Channel] = []
        self.url = ""
        self.refusal: Exception | None = None

    async def put_object(self, kind: str, name: str, fields: Mapping[str, str]) -> None:
        if self.refusal:
            raise self.refusal
        self.objects[kind, name] = dict(fields)
        self.cleared.clear()

    async def delete_object(self, kind: str, name: str) -> None:
        self.objects.pop((kind, name), None)
        if not self.objects:
            self.cleared.set()

    async def channels(self) -> list[Channel]:
        return self.calling

    async def hangup(self, channel_id: str) -> None:
        self.calling = [channel for channel in self.calling if channel.id != channel_id]

    @asynccontextmanager
    async def sip_socket(self) -> "AsyncIterator[aiohttp.ClientWebSocketResponse[bool]]":
        if not self.url:
            raise ConnectionRefusedError("nobody there")
        async with aiohttp.ClientSession() as session, session.ws_connect(self.url, protocols=("sip",)) as socket:
            yield socket


@asynccontextmanager
async def answering(exchange: FakeExchange) -> AsyncIterator[None]:
    """Somebody is there for SIP, and says everything back."""

    async def serve(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(protocols=("sip",))
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(f"{socket.ws_protocol}: {message.data}")
        return socket

    app = web.Application()
    app.router.add_get("/ws", serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    exchange.url = f"ws://127.0.0.1:{port}/ws"
    yield
    await runner.cleanup()
