"""Asterisk's end of one call's audio as a WebSocket: chan_websocket in server mode, to which we connect.

Binary messages are audio in the channel's format, 20 ms each from Asterisk; text messages are its events and our
commands, as JSON. Key presses come here too, and are left to ARI. As with a bot's connection nothing here waits:
what Asterisk sends is always taken, or it would block the thread of the call, and what it does not take is dropped.
"""

import asyncio
import json
import socket
import ssl
from collections.abc import Callable
from logging import CRITICAL, getLogger
from typing import Any, Final

import numpy as np
import structlog
from picows import (
    WSCloseCode,
    WSError,
    WSFrame,
    WSHandshakeError,
    WSInvalidURL,
    WSListener,
    WSMsgType,
    WSTransport,
    WSUpgradeRequest,
    WSUpgradeResponse,
    ws_connect,
)

from controller.errors import ControllerError
from controller.media.audio import activity
from controller.media.pace import Pace

SUBPROTOCOL: Final = "media"

CONNECT_SECONDS: Final = 3.0
"""Asterisk is next to us; the controller gives the channel up after 5."""

LINGER_SECONDS: Final = 2.0
"""For the controller to end the channel of a session that is over. Were we first, the call would hear of a lost
channel before it heard why the session ended: that its bot was busy, for instance."""

CLOSE_SECONDS: Final = 1.0
"""How long Asterisk has to answer our close frame before the connection is cut."""

MESSAGE_BYTES_MAX: Final = 65_536
"""From Asterisk: 200 times a frame. A larger one ends the connection."""

COMMAND_BYTES_MAX: Final = 128
"""Longer commands are passed over by Asterisk (MAX_TEXT_MESSAGE_LEN)."""

SOCKET_SEND_BYTES: Final = 16_384
"""The kernel's send buffer, for audio that can no longer be dropped: half a second of 16 kHz."""

AUDIO_WAITING_BYTES_MAX: Final = 8_192
"""Audio that waits behind a full socket, a quarter of a second of 16 kHz. Past it new audio is dropped."""

# What goes wrong is reported in our own words; picows would also log every connection.
_SILENT = getLogger("picows.asterisk")
_SILENT.setLevel(CRITICAL)

_log = structlog.get_logger(__name__)


class SocketFailed(ControllerError):
    """Asterisk's media socket cannot be reached, or it is none."""


class AsteriskSocket(WSListener):
    """One connection, used once. `on_audio` gets the caller's audio, which is valid during the call only.

    `silence` is 20 ms of it in the channel's format.
    """

    def __init__(
        self, silence: bytes, sample_bytes: int, on_audio: Callable[[memoryview], None], clock: Callable[[], float]
    ) -> None:
        self.started = False
        """Asterisk has said MEDIA_START, and not closed since."""
        self.counters = {
            "early_frames_from_asterisk": 0,
            "malformed_from_asterisk": 0,
            "errors_from_asterisk": 0,
            "audio_frames_dropped_to_asterisk": 0,
        }
        self.activity = activity.new(2)
        """Of the caller, and of who speaks to them."""
        self.activity[:] = activity.beginning("")
        self._heard = self._said = b""
        """The newest frames since the last glance."""
        self._silence = silence
        self._sample_bytes = sample_bytes
        self._on_audio = on_audio
        self._clock = clock
        self._pace = Pace(clock())
        self._transport: WSTransport | None = None
        self._closed = False
        self._writable = True
        self._full = False
        """Asterisk's queue has reached its mark (MEDIA_XOFF)."""

    async def open(self, url: str, tls: ssl.SSLContext) -> None:
        """Connect. Raises SocketFailed."""
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await ws_connect(
                    self._negotiated,
                    url,
                    ssl_context=tls,
                    extra_headers=[("Sec-WebSocket-Protocol", SUBPROTOCOL)],
                    max_redirects=0,
                    max_frame_size=MESSAGE_BYTES_MAX,
                    websocket_handshake_timeout=CONNECT_SECONDS,
                    logger_name=_SILENT,
                )
        except TimeoutError as error:
            raise SocketFailed(f"{url}: no connection within {CONNECT_SECONDS:g} s") from error
        except (OSError, WSError, WSInvalidURL) as error:
            raise SocketFailed(f"{url}: {str(error) or type(error).__name__}") from error

    def _negotiated(self, _request: WSUpgradeRequest, response: WSUpgradeResponse) -> "AsteriskSocket":
        if response.headers.get("Sec-WebSocket-Protocol") != SUBPROTOCOL:
            raise WSHandshakeError(f"this is no media socket of Asterisk's: it does not choose {SUBPROTOCOL}")
        return self

    # --- called by picows -----------------------------------------------------------------------------------

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport
        if self._closed:
            transport.disconnect(graceful=False)
            return
        connection = transport.underlying_transport
        connection.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_SEND_BYTES)
        connection.set_write_buffer_limits(high=AUDIO_WAITING_BYTES_MAX)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        kind = frame.msg_type
        if kind is WSMsgType.CLOSE:
            self._hang_up()
            transport.disconnect()
        elif kind is WSMsgType.BINARY:
            self._audio(frame.get_payload_as_memoryview())
        elif kind is WSMsgType.TEXT:
            self._event(frame.get_payload_as_bytes())

    def on_ws_disconnected(self, _transport: WSTransport) -> None:
        self.started, self._closed = False, True

    def pause_writing(self) -> None:
        self._writable = False

    def resume_writing(self) -> None:
        self._writable = True

    # --- from Asterisk --------------------------------------------------------------------------------------

    def _audio(self, audio: memoryview) -> None:
        if not self.started:
            self.counters["early_frames_from_asterisk"] += 1
        elif len(audio) % self._sample_bytes:
            self.counters["malformed_from_asterisk"] += 1
        else:
            self._heard = bytes(audio)
            self._on_audio(audio)

    def _event(self, text: bytes) -> None:
        event = _parse(text)
        if event is None:
            self.counters["malformed_from_asterisk"] += 1
            return
        match event:
            case {"event": "MEDIA_START", "optimal_frame_size": int(size)} if size != len(self._silence):
                _log.error("Asterisk has another format", frame_bytes=size, expected=len(self._silence))
                self._hang_up()
            case {"event": "MEDIA_START"}:
                self.started = not self._closed
            case {"event": "STATUS", "queue_length": int(frames)}:
                self._pace.told(frames, self._clock())
            case {"event": "MEDIA_XOFF"}:
                self._full = True
            case {"event": "MEDIA_XON"}:
                self._full = False
            case {"event": "ERROR"}:
                self.counters["errors_from_asterisk"] += 1
                _log.warning("Asterisk refused a media command", reason=str(event.get("error_text", "")))

    # --- to Asterisk ----------------------------------------------------------------------------------------

    def room(self, *, speech: bool) -> bool:
        """Whether a frame may be sent now. What has to wait is better kept where `clear` reaches it."""
        return self.started and not self._full and self._pace.room(self._clock(), speech=speech)

    def send(self, frame: bytes) -> bool:
        """Send one frame, filled up with silence; False when Asterisk reads too slowly and it was dropped."""
        if self._transport is None or not self.started:
            return False
        if not self._writable:
            self.counters["audio_frames_dropped_to_asterisk"] += 1
            return False
        self._said = frame
        self._transport.send(WSMsgType.BINARY, frame + self._silence[len(frame) :])
        self._pace.sent(self._clock())
        return True

    def glance(self, encoding: str) -> bool:
        """Whether the caller, or who speaks to them, began or ceased to be heard since the last glance."""
        powers = [activity.power(frame, encoding) for frame in (self._heard, self._said)]
        self._heard = self._said = b""
        return bool(activity.glance(self.activity, np.array(powers, np.float32)).any())

    def flush(self) -> None:
        """What Asterisk has and has not played is not to be heard any more."""
        self._command("FLUSH_MEDIA")
        self._pace.told(0, self._clock())

    def ask_status(self) -> None:
        """How long Asterisk's queue is: the answer corrects our own count."""
        self._command("GET_STATUS")

    def _command(self, name: str) -> None:
        if self._transport is not None and self.started and self._writable:
            self._transport.send(WSMsgType.TEXT, json.dumps({"command": name}).encode())

    def close(self) -> None:
        """Send and pass on nothing more. The connection ends with Asterisk's channel, or a little later by itself."""
        if not self._closed and self._transport is not None:
            asyncio.get_running_loop().call_later(LINGER_SECONDS, self._hang_up)
        self.started, self._closed = False, True

    def _hang_up(self) -> None:
        """Say goodbye; Asterisk ends the channel."""
        self.started, self._closed = False, True
        if self._transport is not None and not self._transport.is_disconnected:
            self._transport.send_close(WSCloseCode.OK)
            asyncio.get_running_loop().call_later(CLOSE_SECONDS, self._transport.disconnect, False)


def _parse(text: bytes) -> dict[str, Any] | None:
    try:
        event = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) else None
