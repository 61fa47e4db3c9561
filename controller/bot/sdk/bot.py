"""The bot's server: one WebSocket per call, one task per call."""

import asyncio
import hmac
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from logging import getLogger
from typing import Any, Final, TypeVar

from aiohttp import WSCloseCode, WSMsgType, web
from pydantic import TypeAdapter, ValidationError

from controller.bot.protocol import SUBPROTOCOL, Start, ToBot
from controller.bot.sdk.call import Call, CallOver
from controller.bot.signing import AGE_SECONDS_MAX, verify
from controller.errors import ProtocolError

START_SECONDS: Final = 10.0
"""Longest wait for `start` behind the handshake."""

RESUME_SECONDS: Final = 15.0
"""How long a call whose connection broke is kept for the next one: longer than the controller tries."""

MESSAGE_BYTES_MAX: Final = 1 << 20
"""Longest frame from the controller: far more than it sends."""

SHUTDOWN_SECONDS: Final = 2.0
"""What calls that are still going on get before they are cut off."""

Handler = Callable[[Call], Awaitable[None]]
EventT = TypeVar("EventT")

_TO_BOT: Final[TypeAdapter[ToBot]] = TypeAdapter(ToBot)
"""What a controller says that is newer than we are is read as far as it is known."""

_log = getLogger("bot")


class Bot:
    """`token`: what the controller has to show (its setting BOT_TOKEN); empty: nothing.

    `signing_secret`: what it has to sign its handshakes with; empty: they need not be signed. `resumable`: go on with a
    call after its connection broke; not where the next one may come to another process.
    """

    def __init__(self, *, token: str = "", signing_secret: str = "", path: str = "/", resumable: bool = True) -> None:
        self.calls: dict[str, Call] = {}
        """Those that are on, by their ids."""
        self._token = token
        self._signing_secret = signing_secret
        self._resumable = resumable
        self._nonces: dict[str, float] = {}
        """Of signatures that are still good, and until when: none is good twice."""
        self._path = path
        self._handler: Handler | None = None
        self._by_kind: dict[type, Callable[[Call, Any], Awaitable[None]]] = {}
        self._lines: dict[str, _Line] = {}
        """Of calls that may be resumed, by resume token."""
        self._tasks: set[asyncio.Task[None]] = set()

    # --- what the bot does ----------------------------------------------------------------------------------

    def call(self, handler: Handler) -> Handler:
        """Decorate the function that leads a call.

        When it returns the call is ended; when it fails, the call takes the next rung of its ladder, such as a human.
        """
        self._handler = handler
        return handler

    def on(self, kind: type[EventT]) -> Callable[[Callable[[Call, EventT], Awaitable[None]]], Any]:
        """Decorate a function for every event of this kind; where there is no `call` function, calls are accepted."""

        def decorate(handler: Callable[[Call, EventT], Awaitable[None]]) -> Callable[[Call, EventT], Awaitable[None]]:
            self._by_kind[kind] = handler
            return handler

        return decorate

    async def _dispatch(self, call: Call) -> None:
        await call.accept()
        async for event in call:
            if (handler := self._by_kind.get(type(event))) is not None:
                await handler(call, event)

    async def _lead(self, call: Call) -> None:
        self.calls[call.id] = call
        try:
            await (self._handler or self._dispatch)(call)
        except CallOver as over:
            # The caller has hung up while it was about to say something: no fault of the bot's.
            _log.info("call %s: %s", call.id, over)
        except Exception:  # noqa: BLE001
            _log.exception("call %s: the bot failed", call.id)
            if call.accepted:
                # Without `end` and without hangup: the controller takes it for the fault that it is.
                call.finish("failed")
            else:
                await call.reject("unavailable", "the bot failed")
        else:
            if call.accepted:
                call.hangup("the bot is done")
            else:
                await call.reject()
        finally:
            del self.calls[call.id]

    # --- serving --------------------------------------------------------------------------------------------

    def application(self) -> web.Application:
        """For aiohttp: the calls, and /healthz."""
        application = web.Application()
        application.router.add_get(self._path, self._serve)
        if self._path != "/healthz":
            application.router.add_get("/healthz", _healthy)
        return application

    def run(self, host: str = "0.0.0.0", port: int = 8765, tls: ssl.SSLContext | None = None) -> None:  # noqa: S104
        """Serve until stopped."""
        web.run_app(self.application(), host=host, port=port, ssl_context=tls, shutdown_timeout=SHUTDOWN_SECONDS)

    @asynccontextmanager
    async def serving(
        self, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
    ) -> AsyncIterator[str]:
        """Serve within a program of yours; gives the URL."""
        runner = web.AppRunner(self.application(), access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port, ssl_context=tls).start()
            yield f"{'wss' if tls else 'ws'}://{host}:{runner.addresses[0][1]}{self._path}"
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await runner.cleanup()

    async def _serve(self, request: web.Request) -> web.WebSocketResponse:
        self._authenticate(request)
        socket = web.WebSocketResponse(protocols=[SUBPROTOCOL], compress=False, max_msg_size=MESSAGE_BYTES_MAX)
        await socket.prepare(request)
        if (start := await _read_start(socket)) is None:
            await socket.close(code=WSCloseCode.POLICY_VIOLATION, message=b"start was expected")
            return socket
        line = self._begin(start)
        line.socket = socket
        writer = asyncio.create_task(_write(socket, line.call))
        # The controller may go at any moment, also while we are sending to it.
        with suppress(ConnectionError):
            await _read(socket, line)
        writer.cancel()
        await asyncio.gather(writer, return_exceptions=True)
        if line.socket is socket:
            self._left(line)
        return socket

    def _authenticate(self, request: web.Request) -> None:
        authorization = request.headers.get("Authorization", "")
        if self._token and not hmac.compare_digest(authorization.encode(), f"Bearer {self._token}".encode()):
            raise web.HTTPUnauthorized(text="a bearer token is needed\n")
        if not self._signing_secret:
            return
        now = time.time()
        self._nonces = {nonce: until for nonce, until in self._nonces.items() if until > now}
        try:
            target = request.raw_path
            nonce = verify(self._signing_secret, request.headers, host=request.host, target=target, now=now)
        except ProtocolError as fault:
            raise web.HTTPUnauthorized(text=f"{fault}\n") from fault
        if nonce in self._nonces:
            raise web.HTTPUnauthorized(text="this signature was used before\n")
        self._nonces[nonce] = now + 2 * AGE_SECONDS_MAX

    def _begin(self, start: Start) -> "_Line":
        line = self._lines.get(start.resume.token) if start.resume is not None else None
        if line is not None and line.call.ended is None:
            line.call.take_over(start)
            return line
        call = Call(start, resumable=self._resumable)
        line = self._lines[call.resume_token] = _Line(call)
        task = asyncio.create_task(self._lead(call))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return line

    def _left(self, line: "_Line") -> None:
        """The socket is closed: with `end` the call is over, without it another connection may come."""
        line.socket = None
        if self._resumable and line.call.accepted and line.call.ended is None:
            asyncio.get_running_loop().call_later(RESUME_SECONDS, self._give_up, line)
        else:
            self._give_up(line)

    def _give_up(self, line: "_Line") -> None:
        if line.socket is None:
            self._lines.pop(line.call.resume_token, None)
            line.call.finish("failed")


@dataclass
class _Line:
    """A call and its present connection, which may break and be replaced."""

    call: Call
    socket: web.WebSocketResponse | None = None


async def _read_start(socket: web.WebSocketResponse) -> Start | None:
    try:
        frame = await socket.receive(timeout=START_SECONDS)
        message = _TO_BOT.validate_json(frame.data, extra="ignore") if frame.type is WSMsgType.TEXT else None
    except TimeoutError:
        _log.warning("no call: start did not come within %g s", START_SECONDS)
        return None
    except ValidationError as fault:
        _log.warning("no call: %s", fault)
        return None
    return message if isinstance(message, Start) else None


async def _read(socket: web.WebSocketResponse, line: _Line) -> None:
    call = line.call
    async for frame in socket:
        if line.socket is not socket:
            return
        if frame.type is WSMsgType.BINARY:
            call.hear(frame.data)
        elif frame.type is WSMsgType.TEXT:
            try:
                call.receive(_TO_BOT.validate_json(frame.data, extra="ignore"))
            except ValidationError as fault:
                call.messages_received += 1
                _log.info("call %s: a message that is not known: %s", call.id, fault)


async def _write(socket: web.WebSocketResponse, call: Call) -> None:
    with suppress(ConnectionError):
        while True:
            call.wake.clear()
            if (opening := call.take_opening()) is not None:
                await socket.send_str(opening)
            while (call.accepted or call.ended) and (frame := call.outgoing.take()) is not None:
                await (socket.send_str(frame) if isinstance(frame, str) else socket.send_bytes(frame))
                call.room.set()
            if call.ended == "failed":
                await socket.close(code=WSCloseCode.INTERNAL_ERROR)
                return
            await call.wake.wait()


async def _healthy(_request: web.Request) -> web.Response:
    return web.Response(text="ok\n")
