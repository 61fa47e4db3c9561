"""A conversation with a bot that speaks another protocol: its adapter says what, this carries it out."""

import asyncio
import ssl
from collections.abc import Callable
from http import HTTPStatus
from typing import TypeVar

import structlog
from picows import WSInvalidStatusError

from controller.bot.adapters import adapt
from controller.bot.adapters.adapter import TEXT_FRAME_BYTES_MAX, Adapter, Left, Opening, Speech, Steps
from controller.bot.conversation import BotEvents, BotFailed, Conversation, Stage
from controller.bot.oauth import NoToken, Tokens
from controller.bot.protocol import EndReason, Log, Result, ToBot, Transcript
from controller.bot.websocket import CLOSE_SECONDS, BotSocket
from controller.errors import ProtocolError

WhatT = TypeVar("WhatT")

_log = structlog.get_logger(__name__)


class AdaptedConnection(Conversation):
    """One call, one socket, used once."""

    def __init__(
        self, protocol: str, events: BotEvents, clock: Callable[[], float], tokens: Tokens | None = None
    ) -> None:
        super().__init__(events)
        self._protocol = protocol
        self._tokens = tokens or Tokens(clock)
        self._socket = BotSocket(self, clock, TEXT_FRAME_BYTES_MAX)
        self._adapter: Adapter | None = None
        self._awaits_farewell = False

    async def _connect(self, opening: Opening, seconds: float, tls: ssl.SSLContext) -> None:
        try:
            authorized = await self._tokens.authorize(opening, tls)
            self._adapter = adapt(self._protocol, authorized)
            handshake = self._adapter.handshake()
        except (ProtocolError, NoToken) as error:
            raise BotFailed("unreachable", str(error)) from error
        try:
            await self._socket.connect(handshake, seconds, tls)
        except WSInvalidStatusError as refusal:
            if refusal.response is not None and refusal.response.status == HTTPStatus.UNAUTHORIZED:
                self._tokens.forget(authorized)
            raise

    # --- from the bot ---------------------------------------------------------------------------------------

    def on_text(self, text: bytes) -> None:
        if self._adapter is not None:
            self._hear(self._adapter.text_from_bot, text)

    def on_binary(self, part: memoryview, _last: bool) -> None:
        if self._adapter is not None:
            self._hear(self._adapter.binary_from_bot, part)

    def on_long_text(self) -> None:
        self.on_malformed("too_large", f"a message may have {TEXT_FRAME_BYTES_MAX} bytes")

    def on_gone(self, detail: str, code: int | None = None) -> None:
        if self._adapter is not None and code is not None and self._stage is Stage.ACCEPTED:
            self._hear(self._adapter.closed_by_bot, code)
        super().on_gone(detail)

    def watch(self, now: float) -> None:
        self._socket.watch(now)
        if self._adapter is not None and self._stage in {Stage.STARTED, Stage.ACCEPTED}:
            self._hear(self._adapter.watch, now)

    def _hear(self, translate: Callable[[WhatT], Steps], what: WhatT) -> None:
        try:
            steps = translate(what)
        except ProtocolError as fault:
            self.on_fault(fault)
        except Exception:  # noqa: BLE001
            self._break()
        else:
            self._carry_out(steps)

    def _carry_out(self, steps: Steps) -> None:
        for step in steps:
            if isinstance(step, str | bytes):
                self._send_frame(step)
            elif isinstance(step, Left):
                self._socket.close()
                super().on_gone(step.detail)
            elif isinstance(step, Speech):
                self._play(step.audio)
            elif self._stage is not Stage.OVER:
                self.take(step)
            elif isinstance(step, Transcript | Result | Log):
                # Of the farewell: what came of the call is told by some protocols only now.
                self._events.on_message(step)

    def _play(self, audio: bytes | memoryview) -> None:
        if self._stage is not Stage.OVER:
            self.on_audio(memoryview(audio))

    def _break(self) -> None:
        """Our own fault, whatever it is, has met this call."""
        _log.exception("a bot's adapter broke", protocol=self._protocol)
        self._socket.close()
        super().on_gone("was cut off by a fault of ours")

    # --- to the bot -----------------------------------------------------------------------------------------

    def send(self, message: ToBot) -> None:
        if self._adapter is None or self._stage not in {Stage.STARTED, Stage.ACCEPTED}:
            return
        try:
            steps = self._adapter.to_bot(message)
        except Exception:  # noqa: BLE001
            self._break()
        else:
            self._carry_out(steps)

    def send_audio(self, audio: bytes | bytearray | memoryview) -> bool:
        if self._stage is not Stage.ACCEPTED or self._adapter is None:
            return False
        # Asked before: what is translated is counted as sent, in the protocol's own numbering.
        if not self._socket.writable:
            self._socket.postpone(bytes(audio))
            return False
        frame = self._adapter.audio_to_bot(audio)
        if frame is not None:
            self._send_frame(frame)
        return True

    def on_room(self, audio: bytes) -> None:
        self.send_audio(audio)

    def on_dropped(self, _audio: bytes) -> None:
        self.counters["audio_frames_dropped_to_bot"] += 1

    def _send_frame(self, frame: str | bytes) -> None:
        if isinstance(frame, str):
            self._socket.send_text(frame)
        else:
            self._socket.send_binary(frame)

    def _send(self, text: str) -> None:
        self._socket.send_text(text)

    # --- the end --------------------------------------------------------------------------------------------

    def end(self, reason: EndReason, counters: dict[str, int | float] | None = None) -> None:
        self._awaits_farewell = self._stage is Stage.ACCEPTED and self._adapter is not None and self._adapter.LAST_WORD
        super().end(reason, counters)

    def _leave(self) -> None:
        if self._awaits_farewell:
            asyncio.get_running_loop().call_later(CLOSE_SECONDS, self._socket.close)
        else:
            self._socket.close()

    def cut(self) -> None:
        """Break off without a word, as a network does: for trying out what a bot does then."""
        self._socket.cut()

    async def wait_closed(self) -> None:
        await self._socket.wait_closed()
