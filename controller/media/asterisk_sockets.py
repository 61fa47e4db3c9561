"""All sessions whose Asterisk side is a WebSocket: what `Rows` and the UDP socket are to those with RTP."""

import asyncio
import ssl
from collections.abc import Callable
from functools import partial
from typing import Final

import structlog

from controller.media.asterisk_socket import AsteriskSocket, SocketFailed
from controller.media.session import Session

_log = structlog.get_logger(__name__)


class AsteriskSockets:
    """`on_failed` is told of a session whose socket was not reached, `on_broken` of one in which our code failed."""

    def __init__(
        self,
        tls: ssl.SSLContext,
        clock: Callable[[], float],
        on_failed: Callable[[Session, str], None],
        on_broken: Callable[[Session], None],
    ) -> None:
        self.streams: list[Session] = []
        self._tls: Final = tls
        self._clock = clock
        self._on_failed = on_failed
        self._on_broken = on_broken
        self._connecting: dict[str, asyncio.Task[None]] = {}

    def attach(self, session: Session, url: str) -> None:
        """Connect to Asterisk for this session; the audio flows once Asterisk says that it has begun."""
        if session.line is not None:
            # Over this transport Asterisk has the bot's own format, whatever that is.
            _log.error("session of two formats on a WebSocket", session=session.id)
            return
        self.remove(session)
        hear = partial(self._hear, session)
        session.socket = AsteriskSocket(session.silent_frame, session.sample_bytes, hear, self._clock)
        self.streams.append(session)
        self._connecting[session.id] = asyncio.create_task(self._connect(session, session.socket, url))

    def remove(self, session: Session) -> None:
        """End a session's connection, which ends Asterisk's channel; nothing happens when it has none."""
        if session in self.streams:
            self.streams.remove(session)
        if session.socket is not None:
            session.socket.close()
        if connecting := self._connecting.pop(session.id, None):
            connecting.cancel()

    def tick(self) -> None:
        """One frame to every caller whose call is answered, as far as Asterisk is not ahead already."""
        for session in self.streams.copy():
            try:
                _play(session)
            except Exception:  # noqa: BLE001
                self._on_broken(session)

    def watch(self) -> None:
        """Once a second: how far Asterisk is behind, by its own count."""
        for session in self.streams:
            if session.socket is not None:
                session.socket.ask_status()

    def glance(self) -> list[Session]:
        """Those in which somebody began, or ceased, to be heard since the last glance."""
        return [one for one in self.streams if one.socket is not None and one.socket.glance(one.encoding)]

    async def _connect(self, session: Session, socket: AsteriskSocket, url: str) -> None:
        try:
            await socket.open(url, self._tls)
        except SocketFailed as failure:
            # Said at once: the controller waits for the channel that comes with the connection.
            _log.error("no audio from Asterisk", session=session.id, reason=str(failure))
            self._on_failed(session, f"no audio from Asterisk: {failure}")
        finally:
            if self._connecting.get(session.id) is asyncio.current_task():
                del self._connecting[session.id]

    def _hear(self, session: Session, audio: memoryview) -> None:
        try:
            session.uplink.receive_audio(audio, self._clock())
        except Exception:  # noqa: BLE001
            self._on_broken(session)


def _play(session: Session) -> None:
    socket, speaking = session.socket, session.downlink.speaking
    if socket is None or not session.playing or not socket.room(speech=speaking):
        return
    if not session.packets_out:
        # One frame ahead from the start: the bot's first word must not be cut by a late tick.
        session.packets_out += socket.send(b"")
    session.packets_out += socket.send(session.downlink.next_frame() if speaking else b"")
    if speaking:
        session.downlink.settle()
