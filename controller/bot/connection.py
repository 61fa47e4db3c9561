"""A conversation with a bot that has a WebSocket of its own: what `docs/bot-protocol.md` describes first."""

import ssl
from collections.abc import Callable

from controller.bot.adapters.adapter import Opening
from controller.bot.adapters.native import native_handshake
from controller.bot.conversation import BotEvents, Conversation, Stage
from controller.bot.websocket import BotSocket


class BotConnection(Conversation):
    """One call, one socket, used once."""

    def __init__(self, events: BotEvents, clock: Callable[[], float]) -> None:
        super().__init__(events)
        self._socket = BotSocket(self, clock)

    def on_binary(self, part: memoryview, _last: bool) -> None:
        # Audio has no message boundaries: the parts of a fragmented message are taken as they come.
        self.on_audio(part)

    def send_audio(self, audio: bytes | bytearray | memoryview) -> bool:
        return self._stage is Stage.ACCEPTED and self._socket.send_binary(audio)

    def on_room(self, audio: bytes) -> None:
        self._socket.send_binary(audio)

    def on_dropped(self, _audio: bytes) -> None:
        self.counters["audio_frames_dropped_to_bot"] += 1

    def watch(self, now: float) -> None:
        self._socket.watch(now)

    def cut(self) -> None:
        """Break off without a word, as a network does: for trying out what a bot does then."""
        self._socket.cut()

    async def wait_closed(self) -> None:
        await self._socket.wait_closed()

    async def _connect(self, opening: Opening, seconds: float, tls: ssl.SSLContext) -> None:
        await self._socket.connect(native_handshake(opening), seconds, tls)

    def _send(self, text: str) -> None:
        self._socket.send_text(text)

    def _leave(self) -> None:
        self._socket.close()
