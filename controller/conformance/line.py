"""One call to a bot, straight from here: the media worker's own session, and a clock in Asterisk's place."""

import asyncio
import secrets
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from controller.bot.adapted import AdaptedConnection
from controller.bot.adapters import NATIVE, adapter_of
from controller.bot.adapters.adapter import Opening
from controller.bot.connection import BotConnection
from controller.bot.conversation import Message
from controller.bot.protocol import (
    Accept,
    Ack,
    AudioFormat,
    EndReason,
    Hangup,
    Log,
    Party,
    Result,
    Start,
    ToBot,
    Transcript,
    Transfer,
    TransferProgress,
    TransferState,
    from_bot,
)
from controller.conformance.sound import bytes_per_ms, silence
from controller.media.control_messages import BotMessage, BotTarget, Disconnected, Open, Report
from controller.media.playout import FRAME_MS
from controller.media.session import Session

TICK_SECONDS: Final = FRAME_MS / 1000
TICKS_PER_SECOND: Final = 1000 // FRAME_MS
ACCEPT_SECONDS: Final = 5.0

HUNG_UP: Final = "bot_hung_up"
"""Why the call is over, when the bot has ended it."""

RESUME_SECONDS: Final = 6.0
"""A little longer than it is tried."""


@dataclass(frozen=True, slots=True)
class Target:
    """The bot, as a route would name it."""

    url: str
    protocol: str = NATIVE
    token: str = field(default="", repr=False)
    username: str = ""
    signing_secret: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    audio: AudioFormat | None = None
    """None: the protocol's most natural one."""
    tls: ssl.SSLContext | None = None
    accept_seconds: float = ACCEPT_SECONDS
    caller: str = "+491713920012"
    callee: str = "+493023125000"

    @property
    def format(self) -> AudioFormat:
        return self.audio or adapter_of(self.protocol).FORMATS[0]


@dataclass(frozen=True, slots=True)
class Said:
    """A message of the bot's, and when it came, in seconds since the connection was begun."""

    at: float
    message: Message


class _Watched(Session):
    """A session whose bot is listened to before what it says is carried out."""

    watcher: "BotLine"

    def on_accepted(self, accept: Accept) -> None:
        self.watcher.accept = accept
        super().on_accepted(accept)

    def on_audio(self, audio: memoryview) -> None:
        self.watcher.note_audio(len(audio))
        super().on_audio(audio)

    def on_message(self, message: Message) -> None:
        self.watcher.note(message)
        super().on_message(message)


class BotLine:
    """Used once. `transfer_ends`: what becomes of a transfer that the bot asks for."""

    def __init__(self, target: Target, transfer_ends: TransferState = "no_answer") -> None:
        self.target = target
        self.audio = target.format
        self.accept: Accept | None = None
        self.said: list[Said] = []
        self.audio_bytes = 0
        """From the bot."""
        self.first_audio_at: float | None = None
        self.heard = bytearray()
        """What the caller hears from the answer on, silence included."""
        self.spoken = bytearray()
        """What the caller says, tick by tick."""
        self.over: str | None = None
        """Why the call has ended."""
        self.began_at = time.monotonic()
        self.on_said: Callable[[Said], None] = lambda _said: None
        self._transfer_ends = transfer_ends
        self._to_say = bytearray()
        self._ticking: asyncio.Task[None] | None = None
        self._frame_bytes = bytes_per_ms(self.audio) * FRAME_MS
        self._silence = silence(self.audio, FRAME_MS)
        self._start = self._new_start()
        self.session = self._new_session()
        self.bot = self._new_conversation()

    def _new_start(self) -> Start:
        return Start(
            call_id=f"try-{secrets.token_hex(6)}",
            caller=Party(number=self.target.caller),
            callee=Party(number=self.target.callee),
            route="try",
            audio=self.audio,
            parameters=dict(self.target.parameters) or None,
        )

    def _new_session(self) -> Session:
        opening = Open(
            session=f"{self._start.call_id}/1",
            bot=BotTarget(url=self.target.url, protocol=self.target.protocol),
            start=self._start,
            encoding=self.audio.encoding,
        )
        session = _Watched(opening, self, time.monotonic)
        session.watcher = self
        return session

    def _new_conversation(self) -> BotConnection | AdaptedConnection:
        native = self.target.protocol == NATIVE
        line = (
            BotConnection(self.session, time.monotonic)
            if native
            else AdaptedConnection(self.target.protocol, self.session, time.monotonic)
        )
        self.session.bot = line
        return line

    @property
    def now(self) -> float:
        return time.monotonic() - self.began_at

    @property
    def call_id(self) -> str:
        return self._start.call_id

    # --- the call -------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Ring until the bot has accepted. Raises BotRefused or BotFailed."""
        target = self.target
        self.began_at = time.monotonic()
        opening = Opening(
            target.url,
            self._start,
            target.token,
            target.headers,
            target.parameters,
            secrets.token_hex(16),
            time.time(),
            target.username,
            target.signing_secret,
            session=f"{self._start.call_id}/1",
        )
        await self.bot.open(opening, target.accept_seconds, target.tls or _usual_tls())

    def answer(self) -> None:
        self.session.play(time.monotonic())
        self._ticking = asyncio.create_task(self._tick())

    async def end(self, reason: EndReason = "caller_hung_up") -> float:
        """Hang up; gives the seconds that the bot took to close the connection."""
        self._stop(reason)
        began = time.monotonic()
        self.bot.end(reason)
        await self.bot.wait_closed()
        if self._ticking is not None:
            await asyncio.gather(self._ticking, return_exceptions=True)
        return time.monotonic() - began

    async def drop(self) -> bool:
        """Break the connection without a word. Whether the bot went on with the call on a new one."""
        self.bot.cut()
        return await self.until(lambda: self.bot.counters.get("resumptions"), RESUME_SECONDS)

    def say(self, audio: bytes) -> None:
        """The caller speaks, behind what is said already."""
        self._to_say += audio

    @property
    def speaking_ms(self) -> int:
        """What the caller has still to say."""
        return len(self._to_say) // bytes_per_ms(self.audio)

    @property
    def waiting_ms(self) -> int:
        """Of the bot's audio that the caller has not heard."""
        played = int(self.session.downlink.statistics["played_ms"])
        return max(0, self.audio_bytes // bytes_per_ms(self.audio) - self._discarded_ms - played)

    @property
    def _discarded_ms(self) -> int:
        statistics = self.session.downlink.statistics
        return int(statistics["cleared_ms"] + statistics["dropped_ms"])

    def send(self, message: ToBot) -> None:
        self.session.tell_bot(message)

    def messages(self, *kinds: type, since: float = 0.0) -> list[Said]:
        return [said for said in self.said if said.at >= since and (not kinds or isinstance(said.message, kinds))]

    async def until(self, true: Callable[[], object], seconds: float) -> bool:
        """Whether it came true in time, and before the call was over."""
        deadline = time.monotonic() + seconds
        while not true():
            if self.over is not None or time.monotonic() >= deadline:
                return bool(true())
            await asyncio.sleep(TICK_SECONDS / 2)
        return True

    async def _tick(self) -> None:
        """Asterisk's part: a frame of the caller's, and one of the bot's, every 20 ms."""
        next_at, ticks = time.monotonic(), 0
        while self.over is None:
            frame = bytes(self._to_say[: self._frame_bytes]).ljust(self._frame_bytes, self._silence[:1])
            del self._to_say[: self._frame_bytes]
            self.spoken += frame
            self.session.send_to_bot(frame)
            self.heard += self._next_frame()
            ticks += 1
            if ticks % TICKS_PER_SECOND == 0:
                self.bot.watch(time.monotonic())
            next_at += TICK_SECONDS
            await asyncio.sleep(max(0.0, next_at - time.monotonic()))

    def _next_frame(self) -> bytes:
        downlink = self.session.downlink
        frame = downlink.next_frame() if downlink.speaking else b""
        downlink.settle()
        return frame + self._silence[len(frame) :]

    # --- what the bot says ----------------------------------------------------------------------------------

    def note_audio(self, size: int) -> None:
        self.audio_bytes += size
        if self.first_audio_at is None:
            self.first_audio_at = self.now

    def note(self, message: Message) -> None:
        said = Said(self.now, message)
        self.said.append(said)
        self.on_said(said)

    def crowded(self, _session: str) -> bool:
        return False

    def add(self, report: Report) -> None:
        """What the media worker would tell the controller (Reports): we are both."""
        if isinstance(report, Disconnected):
            self._stop(f"lost: {report.detail}")
        elif isinstance(report, BotMessage):
            message = from_bot(report.message)
            if isinstance(message, Transcript | Result | Log):
                if message.id and not message.id.startswith("~") and getattr(message, "final", True):
                    self.send(Ack(id=message.id))
            elif isinstance(message, Transfer):
                self._transfer()
            elif isinstance(message, Hangup):
                self.bot.end(HUNG_UP)
                self._stop(HUNG_UP)

    def _transfer(self) -> None:
        states: tuple[TransferState, ...] = ("dialling", "ringing", self._transfer_ends)
        for state in states:
            self.send(TransferProgress(state=state))
        if self._transfer_ends == "connected":
            self.bot.end("transferred")
            self._stop("transferred")

    def _stop(self, why: str) -> None:
        if self.over is None:
            self.over = why


@cache
def _usual_tls() -> ssl.SSLContext:
    """Made once: reading the system's certificates takes a tenth of a second."""
    return ssl.create_default_context()
