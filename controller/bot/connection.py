"""One bot's WebSocket: the handshake, `start` and `accept`, frames both ways, its life and its end.

picows carries the frames. Nothing here waits on the audio path: frames come in by callback and go out into
the socket's buffer, and a bot that does not read loses its own audio only.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from enum import Enum
from logging import CRITICAL, getLogger
from typing import Any, Final, Literal, Protocol
from urllib.parse import urlsplit

from picows import (
    WSCloseCode,
    WSError,
    WSFrame,
    WSHandshakeError,
    WSInvalidStatusError,
    WSInvalidURL,
    WSListener,
    WSMsgType,
    WSTransport,
    WSUpgradeRequest,
    WSUpgradeResponse,
    ws_connect,
)

from controller.bot.protocol import (
    SUBPROTOCOL,
    TEXT_MESSAGE_BYTES_MAX,
    Accept,
    Clear,
    End,
    EndReason,
    Error,
    ErrorCode,
    FromBot,
    Hangup,
    Log,
    Mark,
    Pause,
    Reject,
    Result,
    Resume,
    Start,
    ToBot,
    Transcript,
    Transfer,
    UnknownType,
    parse_from_bot,
    serialize,
)
from controller.errors import ControllerError, ProtocolError

PING_SECONDS: Final = 10.0
"""Between two pings: often enough to keep a NAT's entry, seldom enough to cost nothing."""

PONG_SECONDS: Final = 10.0
"""A bot that has sent nothing for this long after a ping is gone."""

CLOSE_SECONDS: Final = 2.0
"""How long the bot has to answer our close frame before the connection is cut."""

FRAME_BYTES_MAX: Final = 1 << 20
"""A larger frame ends the connection (code 1009): 131 s of G.711 are more than the playout would take."""

SOCKET_SEND_BYTES: Final = 32_768
"""The kernel's send buffer: audio in it can no longer be dropped, so it holds seconds, not minutes."""

AUDIO_WAITING_BYTES_MAX: Final = 16_384
"""Audio that waits behind a full socket, 2 s. Past it new audio is dropped: late audio is worth nothing."""

TEXT_WAITING_BYTES_MAX: Final = 262_144
"""A bot that lets this much wait does not read at all, and the connection is cut."""

# The bot's faults are reported in our own words; picows would also log every connection.
_SILENT = getLogger("picows.bot")
_SILENT.setLevel(CRITICAL)

Message = Clear | Pause | Resume | Mark | Transcript | Result | Log | Transfer | Hangup
"""What a bot may say after `accept`."""


class BotFailed(ControllerError):
    """No bot: not reachable or not speaking our protocol (`unreachable`), or too late (`no_answer`)."""

    def __init__(self, trigger: Literal["unreachable", "no_answer"], detail: str) -> None:
        self.trigger: Final = trigger
        self.detail = detail
        super().__init__(detail)


class BotRefused(ControllerError):
    """The bot's own `reject`."""

    def __init__(self, reject: Reject) -> None:
        self.reject = reject
        super().__init__(f"the bot refused the call: {reject.reason}")


class BotEvents(Protocol):
    """Who listens to a bot. Called in the order in which the bot's frames came; must not raise."""

    def on_accepted(self) -> None: ...

    def on_audio(self, audio: memoryview) -> None:
        """`audio` is valid during the call only."""

    def on_message(self, message: Message) -> None: ...

    def on_lost(self, detail: str) -> None:
        """The connection went away after `accept`, and not by `end`. Nothing follows."""


class _State(Enum):
    CONNECTING = "connecting"
    STARTED = "started"
    ACCEPTED = "accepted"
    ENDED = "ended"


class BotConnection(WSListener):
    """One connection, used once. `counters` are for the statistics of the call."""

    def __init__(self, events: BotEvents, clock: Callable[[], float]) -> None:
        self._events = events
        self._clock = clock
        self._state = _State.CONNECTING
        self._transport: WSTransport | None = None
        self._start: Start | None = None
        self._answer: asyncio.Future[None] | None = None
        self._afterlife: asyncio.Task[None] | None = None
        self._writable = True
        self._heard = True
        """Since the last ping."""
        self._pinged_at = clock()
        self._fragments: bytearray | None = None
        self._too_early_told = False
        self.counters = {"unknown_messages": 0, "malformed_messages": 0, "audio_frames_dropped_to_bot": 0}

    # --- the opening ----------------------------------------------------------------------------------------

    async def open(self, url: str, token: str, start: Start, accept_seconds: float, tls: ssl.SSLContext) -> None:
        """Connect, send `start`, wait for `accept`. Raises BotRefused or BotFailed.

        Everything together may take `accept_seconds`. Redirects are not followed: they would carry the token away.
        """
        self._start = start
        self._answer = asyncio.get_running_loop().create_future()
        headers = [("Sec-WebSocket-Protocol", SUBPROTOCOL)]
        if token:
            headers.append(("Authorization", f"Bearer {token}"))
        try:
            async with asyncio.timeout(accept_seconds):
                await ws_connect(
                    self._negotiated,
                    url,
                    ssl_context=tls,
                    extra_headers=headers,
                    max_redirects=0,
                    max_frame_size=FRAME_BYTES_MAX,
                    websocket_handshake_timeout=accept_seconds,
                    logger_name=_SILENT,
                )
                await self._answer
        except TimeoutError as error:
            raise BotFailed("no_answer", f"{_where(url)} {self._overdue()} within {accept_seconds:g} s") from error
        except (OSError, WSError, WSInvalidURL) as error:
            raise BotFailed("unreachable", f"{_where(url)}: {_explain(error)}") from error
        finally:
            # Also when this task was cancelled: whatever was half open is closed, and a late answer not missed.
            if self._answer.done() and not self._answer.cancelled():
                self._answer.exception()
            if self._state is not _State.ACCEPTED:
                self._finish(WSCloseCode.OK)

    def _negotiated(self, _request: WSUpgradeRequest, response: WSUpgradeResponse) -> "BotConnection":
        """Check what the bot agreed to; picows passes on what is raised here."""
        chosen = response.headers.get("Sec-WebSocket-Protocol")
        if chosen != SUBPROTOCOL:
            answer = f"chose {chosen!r}" if chosen else "chose none"
            raise WSHandshakeError(f"the bot does not speak {SUBPROTOCOL} (asked for this subprotocol, it {answer})")
        if "Sec-WebSocket-Extensions" in response.headers:
            raise WSHandshakeError("the bot switched on a WebSocket extension that was not offered")
        return self

    def _overdue(self) -> str:
        return "did not accept the call" if self._state is _State.STARTED else "did not complete the connection"

    # --- called by picows -----------------------------------------------------------------------------------

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport
        if self._state is _State.ENDED or self._start is None:
            transport.disconnect(graceful=False)
            return
        connection = transport.underlying_transport
        connection.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_SEND_BYTES)
        connection.set_write_buffer_limits(high=AUDIO_WAITING_BYTES_MAX)
        self._state = _State.STARTED
        self._heard, self._pinged_at = True, self._clock()
        self.send(self._start)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        self._heard = True
        kind = frame.msg_type
        if kind is WSMsgType.CLOSE:
            self._closed_by_bot(transport, frame)
        elif self._state is _State.ENDED or kind is WSMsgType.PONG:
            return
        elif transport.is_close_frame_sent:
            # picows reads on for a moment after a fault, and would deliver even the frame that was too long.
            self._broken(transport)
        elif frame.rsv1 or frame.rsv2 or frame.rsv3:
            self._lose("used a WebSocket extension that was not agreed", WSCloseCode.PROTOCOL_ERROR)
        elif kind is WSMsgType.BINARY or (kind is WSMsgType.CONTINUATION and self._fragments is None):
            # Audio has no message boundaries: the parts of a fragmented message are taken as they come.
            self._audio(frame.get_payload_as_memoryview())
        else:
            self._text_part(frame)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        # picows keeps a fault it found for whoever waits for the end; nobody else does.
        self._afterlife = asyncio.get_running_loop().create_task(self.wait_closed())
        if transport.is_close_frame_sent:
            self._broken(transport)
        else:
            self._lose("lost the connection", WSCloseCode.GOING_AWAY)

    def pause_writing(self) -> None:
        self._writable = False

    def resume_writing(self) -> None:
        self._writable = True

    # --- from the bot ---------------------------------------------------------------------------------------

    def _audio(self, audio: memoryview) -> None:
        if self._state is _State.ACCEPTED:
            self._events.on_audio(audio)
        elif not self._too_early_told:
            self._too_early_told = True
            self.refuse("not_now", "audio before accept is not played")

    def _text_part(self, frame: WSFrame) -> None:
        """Put the parts of a fragmented message together (RFC 6455, section 5.4), up to the limit."""
        if frame.msg_type is WSMsgType.TEXT:
            self._fragments = bytearray()
        parts = self._fragments if self._fragments is not None else bytearray()
        if len(parts) <= TEXT_MESSAGE_BYTES_MAX:
            parts += frame.get_payload_as_memoryview()
        if not frame.fin:
            return
        self._fragments = None
        if len(parts) > TEXT_MESSAGE_BYTES_MAX:
            self.counters["malformed_messages"] += 1
            self.refuse("too_large", f"a message may have {TEXT_MESSAGE_BYTES_MAX} bytes")
        else:
            self._text(bytes(parts))

    def _text(self, text: bytes) -> None:
        try:
            message = parse_from_bot(text)
        except UnknownType:
            self.counters["unknown_messages"] += 1
        except ProtocolError as error:
            self.counters["malformed_messages"] += 1
            self.refuse("malformed", str(error), error.field)
        else:
            self._message(message)

    def _message(self, message: FromBot) -> None:
        started = self._state is _State.STARTED
        if isinstance(message, Accept | Reject):
            if not started:
                self.refuse("not_now", f"{message.type} comes once, before anything else")
            elif isinstance(message, Accept):
                self._accept()
            else:
                self._settle(BotRefused(message))
        elif started and not isinstance(message, Log):
            self.refuse("not_now", f"{message.type} comes after accept")
        else:
            self._events.on_message(message)

    def _accept(self) -> None:
        # Reported here and not by the task that awaits the answer: the frames behind this one come first otherwise.
        if self._answer is not None and not self._answer.done():
            self._state = _State.ACCEPTED
            self._answer.set_result(None)
            self._events.on_accepted()

    def _settle(self, error: Exception) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)

    # --- to the bot -----------------------------------------------------------------------------------------

    def send_audio(self, audio: bytes | bytearray | memoryview) -> bool:
        """Send one binary frame; False when the bot reads too slowly and it was dropped."""
        if self._transport is None or self._state is not _State.ACCEPTED:
            return False
        if not self._writable:
            self.counters["audio_frames_dropped_to_bot"] += 1
            return False
        self._transport.send(WSMsgType.BINARY, audio)
        return True

    def send(self, message: ToBot) -> None:
        """Send one text frame; nothing happens when the connection is gone."""
        if self._transport is None or self._state not in {_State.STARTED, _State.ACCEPTED}:
            return
        self._transport.send(WSMsgType.TEXT, serialize(message))
        if not self._writable and _waiting_bytes(self._transport) > TEXT_WAITING_BYTES_MAX:
            self._lose("does not read what it is sent", WSCloseCode.POLICY_VIOLATION)

    def refuse(self, code: ErrorCode, message: str, field: str | None = None) -> None:
        """Answer the bot with an `error`."""
        self.send(Error(code=code, message=message, field=field))

    # --- life and end ---------------------------------------------------------------------------------------

    def watch(self, now: float) -> None:
        """Ping a bot that is due; give up one that did not answer. To be called about once a second."""
        if self._transport is None or self._state not in {_State.STARTED, _State.ACCEPTED}:
            return
        if not self._heard and now - self._pinged_at >= PONG_SECONDS:
            self._lose(f"did not answer a ping within {PONG_SECONDS:g} s", WSCloseCode.GOING_AWAY)
        elif now - self._pinged_at >= PING_SECONDS:
            self._heard, self._pinged_at = False, now
            self._transport.send_ping()

    def end(self, reason: EndReason) -> None:
        """Say `end` and close. Nothing is reported afterwards."""
        self.send(End(reason=reason))
        self._finish(WSCloseCode.OK)

    def _closed_by_bot(self, transport: WSTransport, frame: WSFrame) -> None:
        # picows' stub says enum, but codes of an application's own (4000 and up) are plain numbers.
        code: object = frame.get_close_code()
        reason = frame.get_close_reason()
        self._lose(f"closed the connection with code {code}" + (f" ({reason})" if reason else ""), WSCloseCode.OK)
        transport.disconnect()

    async def wait_closed(self) -> None:
        """Until the socket is gone, which is at most CLOSE_SECONDS after `end`."""
        if self._transport is not None:
            with contextlib.suppress(WSError):
                await self._transport.wait_disconnected()

    def _broken(self, transport: WSTransport) -> None:
        """A fault that picows has found; its close frame says which."""
        sent = transport.close_handshake.sent
        reason = f" ({sent.reason})" if sent and sent.reason else ""
        self._lose(f"broke the WebSocket protocol{reason}", WSCloseCode.PROTOCOL_ERROR)

    def _lose(self, detail: str, code: WSCloseCode) -> None:
        """The connection is over without our wish."""
        accepted = self._state is _State.ACCEPTED
        if self._state is not _State.ENDED:
            self._finish(code)
        if accepted:
            self._events.on_lost(f"the bot {detail}")
        else:
            self._settle(WSHandshakeError(f"the bot {detail} before it accepted the call"))

    def _finish(self, code: WSCloseCode) -> None:
        """Send a close frame, wait a little for the bot's, then cut.

        Closing at once would make the kernel answer data that is still coming with a reset, and the reset could
        overtake our last message.
        """
        if self._state is _State.ENDED:
            return
        self._state = _State.ENDED
        if self._transport is not None and not self._transport.is_disconnected:
            self._transport.send_close(code)
            asyncio.get_running_loop().call_later(CLOSE_SECONDS, self._transport.disconnect, False)


def _waiting_bytes(transport: WSTransport) -> int:
    return transport.underlying_transport.get_write_buffer_size()


def _where(url: str) -> str:
    """The URL without what may be secret in it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _explain(error: Exception) -> str:
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
