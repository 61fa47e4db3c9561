"""One WebSocket to a bot: the handshake, whole messages both ways, its signs of life and its end.

picows carries the frames. Nothing here waits on the audio path: frames come in by callback and go out into
the socket's buffer, and a bot that does not read loses its own audio only.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from logging import CRITICAL, getLogger
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from picows import (
    WSCloseCode,
    WSError,
    WSFrame,
    WSHandshakeError,
    WSInvalidStatusError,
    WSListener,
    WSMsgType,
    WSTransport,
    WSUpgradeRequest,
    WSUpgradeResponse,
    ws_connect,
)

from controller.bot.adapters.adapter import Handshake
from controller.bot.backlog import Backlog
from controller.bot.protocol import TEXT_MESSAGE_BYTES_MAX

PING_SECONDS: Final = 5.0
"""Between two pings: often enough to keep a NAT's entry, seldom enough to cost nothing."""

PONG_SECONDS: Final = 5.0
"""A bot that has sent nothing for this long after a ping is gone. The kernels between us take a minute of audio for one
that hangs, so that nothing else shows it; its caller hears silence meanwhile, 10 s at most."""

CLOSE_SECONDS: Final = 2.0
"""How long the bot has to answer our close frame before the connection is cut."""

FRAME_BYTES_MAX: Final = 1 << 20
"""A larger frame ends the connection (code 1009): 131 s of G.711 are more than the playout would take."""

SOCKET_SEND_BYTES: Final = 32_768
"""The kernel's send buffer for one call: audio in it can no longer be dropped, so it holds seconds, not minutes."""

SOCKET_SEND_BYTES_MAX: Final = 1 << 20
"""The same for many calls on one socket: 130 ms of 1,000 calls of G.711, more than a network's round trip."""

AUDIO_WAITING_BYTES_MAX: Final = 16_384
"""Audio of one call that waits for room in a full socket, 2 s of G.711. Past it the oldest is dropped."""

TEXT_WAITING_BYTES_MAX: Final = 262_144
"""A bot that lets this much wait does not read at all, and the connection is cut."""

TEXT_OF_CALL_BYTES_MAX: Final = 32_768
"""What each of many calls on one socket may add to that: a `start` with much metadata is a few kB."""

NO_CODE: Final = 1005
"""Stands for a close frame without a code (RFC 6455, section 7.1.5)."""

# The bot's faults are reported in our own words; picows would also log every connection.
_SILENT = getLogger("picows.bot")
_SILENT.setLevel(CRITICAL)


class Listener(Protocol):
    """Who listens to a socket. Called in the order in which the bot's frames came; must not raise."""

    def on_open(self) -> None:
        """The handshake is done: what is sent now comes first."""

    def on_binary(self, part: memoryview, last: bool) -> None:
        """A binary message, or the next part of one in fragments. `part` is valid during the call only."""

    def on_text(self, text: bytes) -> None: ...

    def on_long_text(self) -> None:
        """A text message was longer than it may be, and is not kept."""

    def on_room(self, audio: bytes) -> None:
        """What was postponed can be sent now."""

    def on_dropped(self, audio: bytes) -> None:
        """The bot reads too slowly, and will not have what was postponed."""

    def on_gone(self, detail: str, code: int | None = None) -> None:
        """The connection is over without our wish. `detail` goes on from "the bot …". Nothing follows.

        `code` is that of the bot's close frame, where it sent one.
        """


class BotSocket(WSListener):
    """One connection, used once. What its messages mean is the listener's affair."""

    def __init__(
        self, listener: Listener, clock: Callable[[], float], text_bytes_max: int = TEXT_MESSAGE_BYTES_MAX
    ) -> None:
        self.over = False
        """Closed or lost: nothing more is sent, nothing more is reported."""
        self.writable = True
        """False while the kernel takes no more."""
        self._subprotocol: str | None = None
        self._listener = listener
        self._text_bytes_max = text_bytes_max
        self._clock = clock
        self._transport: WSTransport | None = None
        self._calls = 1
        self._backlog = Backlog(AUDIO_WAITING_BYTES_MAX)
        self._heard = True
        """Since the last ping."""
        self._pinged_at = clock()
        self._fragments: bytearray | None = None
        self._ending: asyncio.Task[None] | None = None

    async def connect(self, handshake: Handshake, seconds: float, tls: ssl.SSLContext) -> None:
        """Redirects are not followed: they would carry the token away.

        Raises OSError, WSError or WSInvalidURL (`explain` has words for them), or TimeoutError.
        """
        self._subprotocol = handshake.subprotocol
        headers = list(handshake.headers)
        if self._subprotocol:
            headers.append(("Sec-WebSocket-Protocol", self._subprotocol))
        await ws_connect(
            self._negotiated,
            handshake.url,
            ssl_context=tls,
            extra_headers=headers,
            max_redirects=0,
            max_frame_size=FRAME_BYTES_MAX,
            websocket_handshake_timeout=seconds,
            logger_name=_SILENT,
        )

    def _negotiated(self, _request: WSUpgradeRequest, response: WSUpgradeResponse) -> "BotSocket":
        """Check what the bot agreed to; picows passes on what is raised here."""
        chosen = response.headers.get("Sec-WebSocket-Protocol")
        if chosen != self._subprotocol:
            answer = f"chose {chosen!r}" if chosen else "chose none"
            asked = f"the bot does not speak {self._subprotocol} (asked for this subprotocol, it {answer})"
            if self._subprotocol is None:
                asked = f"the bot chose the subprotocol {chosen!r}, and none was asked for"
            raise WSHandshakeError(asked)
        if "Sec-WebSocket-Extensions" in response.headers:
            raise WSHandshakeError("the bot switched on a WebSocket extension that was not offered")
        return self

    # --- called by picows -----------------------------------------------------------------------------------

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport
        if self.over:
            transport.disconnect(graceful=False)
            return
        self.make_room(self._calls)
        self._heard, self._pinged_at = True, self._clock()
        self._listener.on_open()

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        self._heard = True
        kind = frame.msg_type
        if kind is WSMsgType.CLOSE:
            self._closed_by_bot(transport, frame)
        elif self.over or kind is WSMsgType.PONG:
            return
        elif transport.is_close_frame_sent:
            # picows reads on for a moment after a fault, and would deliver even the frame that was too long.
            self._broken(transport)
        elif frame.rsv1 or frame.rsv2 or frame.rsv3:
            self._lose("used a WebSocket extension that was not agreed", WSCloseCode.PROTOCOL_ERROR)
        elif kind is WSMsgType.BINARY or (kind is WSMsgType.CONTINUATION and self._fragments is None):
            self._listener.on_binary(frame.get_payload_as_memoryview(), frame.fin)
        else:
            self._text_part(frame)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        if transport.is_close_frame_sent:
            self._broken(transport)
        else:
            self._lose("lost the connection", WSCloseCode.GOING_AWAY)
        # picows keeps the fault for whoever waits; left over, asyncio would log it as an error of ours.
        self._ending = asyncio.create_task(self.wait_closed())

    def pause_writing(self) -> None:
        self.writable = False

    def resume_writing(self) -> None:
        self.writable = True
        while self._backlog and self.writable and not self.over:
            self._listener.on_room(self._backlog.take())

    def _text_part(self, frame: WSFrame) -> None:
        """Put the parts of a fragmented message together (RFC 6455, section 5.4), up to the limit."""
        if frame.msg_type is WSMsgType.TEXT:
            self._fragments = bytearray()
        parts = self._fragments if self._fragments is not None else bytearray()
        if len(parts) <= self._text_bytes_max:
            parts += frame.get_payload_as_memoryview()
        if not frame.fin:
            return
        self._fragments = None
        if len(parts) > self._text_bytes_max:
            self._listener.on_long_text()
        else:
            self._listener.on_text(bytes(parts))

    # --- to the bot -----------------------------------------------------------------------------------------

    def make_room(self, calls: int) -> None:
        """Let so much wait as so many calls may have."""
        self._calls = max(1, calls)
        self._backlog.limit_bytes = self._calls * AUDIO_WAITING_BYTES_MAX
        if self._transport is None or self._transport.is_disconnected:
            return
        connection = self._transport.underlying_transport
        room = min(self._calls * SOCKET_SEND_BYTES, SOCKET_SEND_BYTES_MAX)
        connection.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, room)
        # What the transport has, cannot be dropped any more: audio waits in our own queue.
        connection.set_write_buffer_limits(high=0)

    def send_binary(self, message: bytes | bytearray | memoryview) -> bool:
        """Send one frame of audio; False when there is nobody, or it is postponed, and overtaken by text."""
        if self._transport is None or self.over:
            return False
        if self.writable:
            self._transport.send(WSMsgType.BINARY, message)
            return True
        self.postpone(bytes(message))
        return False

    def postpone(self, audio: bytes) -> None:
        """Keep audio for which there is no room now; what is too much of it is dropped, the oldest first."""
        for dropped in self._backlog.add(audio):
            self._listener.on_dropped(dropped)

    def send_text(self, text: str) -> None:
        """Send one text frame; nothing happens when the connection is gone."""
        if self._transport is None or self.over:
            return
        self._transport.send(WSMsgType.TEXT, text)
        if not self.writable and self._waiting_bytes() > self._waiting_bytes_max():
            self._lose("does not read what it is sent", WSCloseCode.POLICY_VIOLATION)

    def _waiting_bytes(self) -> int:
        return self._transport.underlying_transport.get_write_buffer_size() if self._transport else 0

    def _waiting_bytes_max(self) -> int:
        return max(TEXT_WAITING_BYTES_MAX, self._calls * TEXT_OF_CALL_BYTES_MAX)

    # --- life and end ---------------------------------------------------------------------------------------

    def watch(self, now: float) -> None:
        """Ping a bot that is due; give up one that did not answer. To be called about once a second."""
        if self._transport is None or self.over:
            return
        if not self._heard and now - self._pinged_at >= PONG_SECONDS:
            self._lose(f"did not answer a ping within {PONG_SECONDS:g} s", WSCloseCode.GOING_AWAY)
        elif now - self._pinged_at >= PING_SECONDS:
            self._heard, self._pinged_at = False, now
            self._transport.send_ping()

    def close(self, code: WSCloseCode = WSCloseCode.OK) -> None:
        """Send a close frame, wait a little for the bot's, then cut. Nothing is reported afterwards.

        Closing at once would make the kernel answer data that is still coming with a reset, and the reset could
        overtake our last message.
        """
        if self.over:
            return
        self.over = True
        if self._transport is not None and not self._transport.is_disconnected:
            self._transport.send_close(code)
            asyncio.get_running_loop().call_later(CLOSE_SECONDS, self._transport.disconnect, False)

    def cut(self) -> None:
        """Break off without a word, as a network does: for trying out what a bot does then."""
        if self._transport is not None:
            self._transport.disconnect(graceful=False)

    async def wait_closed(self) -> None:
        """Until the socket is gone, which is at most CLOSE_SECONDS after `close`."""
        if self._transport is not None:
            with contextlib.suppress(WSError):
                await self._transport.wait_disconnected()

    def _closed_by_bot(self, transport: WSTransport, frame: WSFrame) -> None:
        # picows' stub says enum, but codes of an application's own (4000 and up) are plain numbers.
        code: Any = frame.get_close_code()
        reason = frame.get_close_reason()
        detail = f"closed the connection with code {code}" + (f" ({reason})" if reason else "")
        self._lose(detail, WSCloseCode.OK, NO_CODE if code is None else int(code))
        transport.disconnect()

    def _broken(self, transport: WSTransport) -> None:
        """A fault that picows has found; its close frame says which."""
        sent = transport.close_handshake.sent
        reason = f" ({sent.reason})" if sent and sent.reason else ""
        self._lose(f"broke the WebSocket protocol{reason}", WSCloseCode.PROTOCOL_ERROR)

    def _lose(self, detail: str, code: WSCloseCode, theirs: int | None = None) -> None:
        if not self.over:
            self.close(code)
            self._listener.on_gone(detail, theirs)


def where(url: str) -> str:
    """The URL without what may be secret in it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def explain(error: Exception) -> str:
    """Why there is no connection, in words for the operator."""
    known: list[tuple[type[Exception], Callable[[Any], str]]] = [
        (ssl.SSLCertVerificationError, lambda e: f"its TLS certificate is not accepted: {e.verify_message}"),
        (ssl.SSLError, lambda e: f"the TLS handshake failed: {e.reason}"),
        (socket.gaierror, lambda e: f"the host name cannot be resolved: {e.strerror}"),
        (ConnectionRefusedError, lambda _: "the connection was refused"),
        (WSInvalidStatusError, lambda e: f"answered HTTP {e.response.status.value} instead of switching to WebSocket"),
    ]
    for kind, text in known:
        if isinstance(error, kind):
            return text(error)
    return str(error) or type(error).__name__
