"""The demo bot's server: `python -m examples.demo_bot`.

DEMO_BOT_LISTEN   HOST:PORT to listen on (default 0.0.0.0:8765); GET /healthz answers once it can speak
DEMO_BOT_TOKEN    demand this bearer token (default: none)
DEMO_BOT_REJECT   refuse every call, as busy or unavailable: to see what the controller does then
"""

import contextlib
import hmac
import json
import os
import sys
import time
from collections.abc import Mapping
from typing import Final

from aiohttp import WSMsgType, web

from examples.demo_bot.conversation import PHRASES, Conversation, Frame
from examples.demo_bot.speech import NoVoice, Speech

SUBPROTOCOL: Final = "ari-controller.v1"
NO_AUDIO_SECONDS: Final = 0.6
"""Without any frame for this long the caller is taken to be silent."""

SHUTDOWN_SECONDS_MAX: Final = 1.0
"""What calls that are still going on get before they are cut off."""

MESSAGE_BYTES_MAX: Final = 1 << 20
"""Longest frame from the controller: far more than it sends."""


class DemoBot:
    """Answers every WebSocket with a conversation."""

    def __init__(self, speech: Speech, token: str = "", reject: str = "") -> None:
        self._speech = speech
        self._token = token
        self._reject = reject

    def application(self) -> web.Application:
        """The routes: the call at /, and /healthz."""
        application = web.Application()
        application.router.add_get("/healthz", _healthy)
        application.router.add_get("/", self.call)
        return application

    async def call(self, request: web.Request) -> web.WebSocketResponse:
        """One call, from handshake to end."""
        authorization = request.headers.get("Authorization", "")
        if self._token and not hmac.compare_digest(authorization.encode(), f"Bearer {self._token}".encode()):
            raise web.HTTPUnauthorized(text="a bearer token is needed\n")
        socket = web.WebSocketResponse(protocols=[SUBPROTOCOL], compress=False, max_msg_size=MESSAGE_BYTES_MAX)
        await socket.prepare(request)
        conversation = Conversation(self._speech, self._reject)
        # The controller may go at any moment, also while we are sending to it.
        with contextlib.suppress(ConnectionError):
            await _converse(socket, conversation)
        return socket


async def _converse(socket: web.WebSocketResponse, conversation: Conversation) -> None:
    while not conversation.ended:
        try:
            message = await socket.receive(timeout=NO_AUDIO_SECONDS)
        except TimeoutError:
            await _send(socket, conversation.hear_nothing())
            continue
        if message.type is WSMsgType.BINARY:
            await _send(socket, conversation.hear(message.data))
        elif message.type is WSMsgType.TEXT:
            _log(message.data)
            await _send(socket, conversation.receive(json.loads(message.data)))
        else:
            return


async def _send(socket: web.WebSocketResponse, frames: list[Frame]) -> None:
    for frame in frames:
        if isinstance(frame, bytes):
            await socket.send_bytes(frame)
        else:
            await socket.send_str(frame)


async def _healthy(_request: web.Request) -> web.Response:
    return web.Response(text="ok\n")


def _log(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


def main(environ: Mapping[str, str]) -> int:
    """Serve until stopped. Returns the exit status: 2 for a set-up that cannot work."""
    listen = environ.get("DEMO_BOT_LISTEN") or "0.0.0.0:8765"
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        return _give_up(f"DEMO_BOT_LISTEN: {listen!r} is not HOST:PORT. Write it like 127.0.0.1:8765")
    reject = environ.get("DEMO_BOT_REJECT", "")
    if reject not in {"", "busy", "unavailable"}:
        return _give_up(f"DEMO_BOT_REJECT: {reject!r} is not a reason. Set it to busy or unavailable, or to nothing")
    try:
        speech = Speech(PHRASES)
    except NoVoice as error:
        return _give_up(str(error))
    application = DemoBot(speech, environ.get("DEMO_BOT_TOKEN", ""), reject).application()
    try:
        web.run_app(
            application,
            host=host.strip("[]"),
            port=int(port),
            # Called once, when it listens.
            print=lambda _text: _log(f"demo bot on ws://{listen}/"),
            shutdown_timeout=SHUTDOWN_SECONDS_MAX,
        )
    except OSError as error:
        # asyncio's own text repeats the address; a name that cannot be resolved has a number below 0.
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        return _give_up(f"DEMO_BOT_LISTEN: cannot listen on {listen} ({reason}). Choose another address")
    return 0


def _give_up(reason: str) -> int:
    print(reason, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(os.environ))
