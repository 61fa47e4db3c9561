"""The worker's end of the control link: an aiohttp WebSocket server with one controller at a time."""

import asyncio
import contextlib
import hmac
import time
from typing import Any, Final
from uuid import uuid4

import structlog
from aiohttp import WSCloseCode, WSMsgType, web
from pydantic import ValidationError

from controller.media.control_messages import TO_WORKER, Hello, Load, SpeakingNow
from controller.media.engine import Engine
from controller.media.outbox import Outbox

HEARTBEAT_SECONDS: Final = 10.0
"""A controller that answers no ping for half of this longer is gone; the reports are kept for the next."""

LOAD_SECONDS: Final = 1.0
"""Between two reports of our load: calls come and go no faster than that, on the whole."""

MESSAGE_BYTES_MAX: Final = 1 << 20
"""Of one order: a `start` with much metadata is a few kB."""

_log = structlog.get_logger(__name__)


class LinkServer:
    """Routes: `/control` (WebSocket) and `/healthz`. `rtp_host` empty: the address the controller came in on."""

    def __init__(self, engine: Engine, outbox: Outbox, token: str, rtp_host: str, rtp_port: int) -> None:
        self._engine = engine
        self._outbox = outbox
        self._token = token
        self._rtp_host = rtp_host
        self._rtp_port = rtp_port
        self._instance = uuid4().hex
        self._link: web.WebSocketResponse | None = None
        self._added = asyncio.Event()
        outbox.on_added = engine.speakers.on_changed = self._added.set
        self.app = web.Application()
        self.app.add_routes([web.get("/control", self._control), web.get("/healthz", self._healthz)])
        self.app.on_shutdown.append(self._shut_down)

    async def _healthz(self, _request: web.Request) -> web.Response:
        return web.json_response(
            {
                "status": "ok",
                "instance": self._instance,
                "controller": self._engine.controller_present,
                "sessions": len(self._engine.sessions),
                "tasks": len(asyncio.all_tasks()),
                **self._engine.counters,
            }
        )

    async def _control(self, request: web.Request) -> web.WebSocketResponse:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        # aiohttp gives bytes that are no UTF-8 as surrogates.
        if not hmac.compare_digest(given.encode(errors="surrogateescape"), self._token.encode()):
            raise web.HTTPUnauthorized(text="MEDIA_TOKEN of controller and media worker differ\n")
        link = web.WebSocketResponse(heartbeat=HEARTBEAT_SECONDS, compress=False, max_msg_size=MESSAGE_BYTES_MAX)
        await link.prepare(request)
        await self._replace(link)
        sending = asyncio.create_task(self._send(link, self._hello(request)))
        telling = asyncio.create_task(self._tell_load(link))
        try:
            await self._receive(link)
        finally:
            sending.cancel()
            telling.cancel()
            if self._link is link:
                self._link = None
                self._engine.controller_present = False
                _log.info("controller went away", address=request.remote)
        return link

    async def _replace(self, link: web.WebSocketResponse) -> None:
        earlier, self._link = self._link, link
        self._engine.controller_present = True
        if earlier is not None:
            await earlier.close(code=WSCloseCode.GOING_AWAY, message=b"replaced by a newer link")

    def _hello(self, request: web.Request) -> Hello:
        local: Any = request.transport.get_extra_info("sockname") if request.transport else ("", 0)
        return Hello(
            instance=self._instance,
            rtp_host=self._rtp_host or local[0],
            rtp_port=self._rtp_port,
            sessions=self._engine.sessions,
            with_bot=self._engine.with_bot,
            reports_dropped=self._outbox.dropped,
        )

    async def _send(self, link: web.WebSocketResponse, hello: Hello) -> None:
        """Say hello, then every report in order, from the first one that was not acknowledged; and who speaks."""
        await link.send_str(hello.model_dump_json())
        self._engine.speakers.tell_all()
        sent = self._outbox.acknowledged
        while True:
            self._added.clear()
            while (following := self._outbox.after(sent)) is not None:
                sent, text = following
                await link.send_str(text)
            if speaking := self._engine.speakers.take():
                await link.send_str(SpeakingNow(sessions=speaking).model_dump_json())
            await self._added.wait()

    async def _tell_load(self, link: web.WebSocketResponse) -> None:
        """Say how busy we are, by what the process has used of a core."""
        used, since = time.process_time(), time.monotonic()
        with contextlib.suppress(ConnectionError):
            while True:
                await asyncio.sleep(LOAD_SECONDS)
                used_now, now = time.process_time(), time.monotonic()
                load = Load(cpu_share=(used_now - used) / (now - since), sessions=len(self._engine.sessions))
                used, since = used_now, now
                await link.send_str(load.model_dump_json())

    async def _receive(self, link: web.WebSocketResponse) -> None:
        async for frame in link:
            if frame.type is not WSMsgType.TEXT or self._link is not link:
                continue
            try:
                order = TO_WORKER.validate_json(frame.data)
            except ValidationError as error:
                # The controller is our own: this is a bug or a version that does not fit, and the calls go on.
                self._engine.counters["malformed_orders"] += 1
                _log.error("order not understood", error=str(error.errors(include_url=False, include_input=False)[0]))
                continue
            try:
                self._engine.obey(order)
            except Exception:  # noqa: BLE001 - one bad order must not cost the link
                self._engine.counters["failed_orders"] += 1
                _log.exception("order failed", order=order.type)

    async def _shut_down(self, _app: web.Application) -> None:
        if self._link is not None:
            await self._link.close(code=WSCloseCode.GOING_AWAY, message=b"the worker shuts down")
