"""One call with its bot, from `start` to `end`: what may be said when. Subclasses say what carries the frames."""

import asyncio
import ssl
from abc import ABC, abstractmethod
from dataclasses import replace
from enum import Enum
from typing import Final, Literal, Protocol

import numpy as np
import numpy.typing as npt
from picows import WSError, WSHandshakeError, WSInvalidURL

from controller.bot.adapters.adapter import Opening
from controller.bot.protocol import (
    TEXT_MESSAGE_BYTES_MAX,
    Accept,
    AudioFormat,
    Clear,
    End,
    EndReason,
    Error,
    ErrorCode,
    FromBot,
    GetStatistics,
    Hangup,
    Hold,
    Log,
    Mark,
    MetadataUpdate,
    Pause,
    Ping,
    Play,
    Pong,
    Recording,
    Reject,
    Result,
    Resume,
    SendDtmf,
    ToBot,
    Transcript,
    Transfer,
    TransferCancel,
    TransferComplete,
    Unhold,
    UnknownType,
    parse_from_bot,
    serialize,
)
from controller.bot.resumption import Account
from controller.bot.websocket import explain, where
from controller.errors import ControllerError, ProtocolError

Message = (
    Clear
    | Pause
    | Resume
    | Mark
    | Transcript
    | Result
    | Log
    | MetadataUpdate
    | SendDtmf
    | Play
    | Hold
    | Unhold
    | Recording
    | GetStatistics
    | Transfer
    | TransferComplete
    | TransferCancel
    | Hangup
)
"""What a bot may say after `accept`, and we do not answer at once."""


MOVED_CODES: Final = (1001, 1012, 1013)
"""Close codes (RFC 6455, section 7.4.1, and IANA's registry) of a bot that goes away and comes again. With any other
one it means to be gone: to reach it again would only keep the caller waiting."""

RESUME_PAUSE_SECONDS: Final = 0.2
"""Between two attempts: a bot's machine that takes over needs a moment."""


class BotFailed(ControllerError):
    """No bot: not reachable or not speaking our protocol (`unreachable`), or too late (`no_answer`)."""

    def __init__(self, trigger: Literal["unreachable", "no_answer"], detail: str) -> None:
        self.trigger: Literal["unreachable", "no_answer"] = trigger
        self.detail = detail
        super().__init__(detail)


class BotRefused(ControllerError):
    """The bot's own `reject`."""

    def __init__(self, reject: Reject) -> None:
        self.reject = reject
        super().__init__(f"the bot refused the call: {reject.reason}")


class BotEvents(Protocol):
    """Who listens to a bot. Called in the order in which the bot's frames came; must not raise."""

    def on_accepted(self, accept: Accept) -> None: ...

    def on_audio(self, audio: memoryview) -> None:
        """`audio` is valid during the call only."""

    def on_message(self, message: Message) -> None: ...

    def played_ms(self) -> int:
        """How much of the bot's audio the caller has heard so far."""

    def on_lost(self, detail: str) -> None:
        """The connection went away after `accept`, and not by `end`. Nothing follows."""


class Stage(Enum):
    CONNECTING = "connecting"
    STARTED = "started"
    ACCEPTED = "accepted"
    RESUMING = "resuming"
    """The connection broke, and the bot can go on: from there to its next `accept`."""
    OVER = "over"


class Carrier(Protocol):
    """What takes the audio of many calls at once."""

    serial: int
    """Tells it from others; from 1."""

    def gather_frames(self, calls: npt.NDArray[np.uint32], frames: npt.NDArray[np.uint8]) -> bool:
        """Send one frame of each of these calls; False when the bot is behind, and nothing was done."""


class Conversation(ABC):
    """Used once. `counters` are for the statistics of the call."""

    carrier: Carrier | None = None
    """What takes this call's audio together with that of others; None where nothing does, and after the end."""
    number = 0
    """Of this call there."""

    def __init__(self, events: BotEvents) -> None:
        self.counters = {
            "unknown_messages": 0,
            "malformed_messages": 0,
            "audio_frames_dropped_to_bot": 0,
            "resumptions": 0,
        }
        self._events = events
        self._stage = Stage.CONNECTING
        self._opening: Opening | None = None
        self._tls: ssl.SSLContext | None = None
        self._account: Account | None = None
        """None: the bot cannot go on with this call on a new connection."""
        self._resuming: asyncio.Task[None] | None = None
        self._messages_received = self._audio_bytes_received = 0
        self._answer: asyncio.Future[None] | None = None
        self._too_early_told = False
        self.tried_seconds = 0.0
        """How long the bot was tried again before it was lost."""

    # --- what carries it ------------------------------------------------------------------------------------

    @abstractmethod
    async def _connect(self, opening: Opening, seconds: float, tls: ssl.SSLContext) -> None:
        """Until `on_open` has been called. Again with a new connection, when the last one is gone."""

    @abstractmethod
    def _send(self, text: str) -> None: ...

    @abstractmethod
    def send_audio(self, audio: bytes | bytearray | memoryview) -> bool:
        """Send the caller's audio; False when there is no bot (any more), or it is behind and takes nothing now."""

    @abstractmethod
    def _leave(self) -> None:
        """The conversation is over: nothing of the bot's is to come any more."""

    @abstractmethod
    def watch(self, now: float) -> None:
        """To be called about once a second: the bot's signs of life."""

    @abstractmethod
    async def wait_closed(self) -> None:
        """Until the bot has taken note of `end`, or the time for it has passed."""

    # --- the opening ----------------------------------------------------------------------------------------

    async def open(self, opening: Opening, accept_seconds: float, tls: ssl.SSLContext) -> None:
        """Connect, send `start`, wait for `accept`: all within `accept_seconds`. Raises BotRefused or BotFailed."""
        self._opening, self._tls, url = opening, tls, opening.url
        self._answer = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(accept_seconds):
                await self._connect(opening, accept_seconds, tls)
                await self._answer
        except TimeoutError as error:
            raise BotFailed("no_answer", f"{where(url)} {self._overdue()} within {accept_seconds:g} s") from error
        except (OSError, WSError, WSInvalidURL) as error:
            raise BotFailed("unreachable", f"{where(url)}: {explain(error)}") from error
        finally:
            # Also when this task was cancelled: whatever was half open is closed, and a late answer not missed.
            if self._answer.done() and not self._answer.cancelled():
                self._answer.exception()
            if self._stage is not Stage.ACCEPTED:
                self._finish()

    def _overdue(self) -> str:
        return "did not accept the call" if self._stage is Stage.STARTED else "did not complete the connection"

    # --- from the bot ---------------------------------------------------------------------------------------

    def on_open(self) -> None:
        if self._opening is None:
            return
        if self._stage is Stage.CONNECTING:
            self._stage = Stage.STARTED
            self._tell(self._opening.start)
        elif self._stage is Stage.RESUMING:
            self._tell(self._opening.start)

    def on_audio(self, audio: memoryview) -> None:
        if self._stage is Stage.ACCEPTED:
            self._audio_bytes_received += len(audio)
            self._events.on_audio(audio)
        elif not self._too_early_told:
            self._too_early_told = True
            self.refuse("not_now", "audio before accept is not played")

    def on_text(self, text: bytes) -> None:
        self._messages_received += 1
        try:
            message = parse_from_bot(text)
        except ProtocolError as error:
            self.on_fault(error)
        else:
            self.take(message)

    def on_fault(self, fault: ProtocolError) -> None:
        """The bot said what its protocol does not allow, or what we do not know."""
        if isinstance(fault, UnknownType):
            self.counters["unknown_messages"] += 1
        else:
            self.on_malformed("malformed", str(fault), fault.field)

    def on_long_text(self) -> None:
        self.on_malformed("too_large", f"a message may have {TEXT_MESSAGE_BYTES_MAX} bytes")

    def on_malformed(self, code: ErrorCode, message: str, field: str | None = None) -> None:
        self.counters["malformed_messages"] += 1
        self.refuse(code, message, field)

    def on_gone(self, detail: str, code: int | None = None) -> None:
        """The connection is over without our wish. `code` is that of the bot's close frame."""
        if self._stage is Stage.RESUMING:
            self._settle(WSHandshakeError(f"the bot {detail}"))
        elif self._stage is Stage.ACCEPTED and self._account is not None and (code is None or code in MOVED_CODES):
            self._stage = Stage.RESUMING
            self._account.broken()
            seconds = self._opening.resume_seconds if self._opening else 0.0
            self._resuming = asyncio.get_running_loop().create_task(self._resume(detail, self._account, seconds))
        else:
            self._give_up(detail)

    def _give_up(self, detail: str) -> None:
        accepted = self._stage in {Stage.ACCEPTED, Stage.RESUMING}
        self._finish()
        if accepted:
            self._events.on_lost(f"the bot {detail}")
        else:
            self._settle(WSHandshakeError(f"the bot {detail} before it accepted the call"))

    def take(self, message: FromBot) -> None:
        """One message of the bot's, valid in itself; whether it is right at this moment is told here."""
        awaited = self._stage in {Stage.STARTED, Stage.RESUMING}
        if isinstance(message, Accept | Reject):
            if not awaited:
                self.refuse("not_now", f"{message.type} comes once, before anything else", about=message.type)
            elif isinstance(message, Accept):
                self._choose(message)
            else:
                self._settle(BotRefused(message))
        elif isinstance(message, Ping):
            self.send(Pong(id=message.id))
        elif awaited and not isinstance(message, Log):
            self.refuse("not_now", f"{message.type} comes after accept", about=message.type)
        else:
            self._events.on_message(message)

    def _choose(self, accept: Accept) -> None:
        """Take the bot's choice of audio, where it makes one, and then the call."""
        if accept.audio is None or self._opening is None:
            self._accept(accept)
            return
        start = self._opening.start
        chosen = AudioFormat.model_construct(**accept.audio.model_dump())
        if chosen not in (start.audio, *(start.audio_choices or ())):
            self.refuse("malformed", "this audio is not among what start has offered", "audio")
        else:
            self._opening = replace(self._opening, start=start.model_copy(update={"audio": chosen}))
            self._accept(accept)

    def _accept(self, accept: Accept) -> None:
        # Reported here and not by the task that awaits the answer: the frames behind this one come first otherwise.
        if self._answer is None or self._answer.done():
            return
        resumed = self._stage is Stage.RESUMING
        self._stage = Stage.ACCEPTED
        self._answer.set_result(None)
        if resumed:
            self._catch_up(accept)
        else:
            self._messages_received = 0
            may_break = self._opening is not None and self._opening.resume_seconds > 0
            inherited = self._opening is not None and self._opening.start.resume is not None
            got = (accept.messages_received or 0) if inherited else 0
            kept = accept.resume_token if may_break else None
            self._account = Account(kept, got, inherited=inherited) if kept else None
            self._events.on_accepted(accept)

    def _settle(self, error: Exception) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)

    # --- a connection that broke ----------------------------------------------------------------------------

    async def _resume(self, detail: str, account: Account, seconds: float) -> None:
        """Try to reach the bot again, for so long; the rest of the call does not notice."""
        loop = asyncio.get_running_loop()
        broken_at = loop.time()
        try:
            async with asyncio.timeout(seconds):
                while not await self._reached_again(account, seconds):  # noqa: ASYNC110 - a bot's return is no event
                    await asyncio.sleep(RESUME_PAUSE_SECONDS)
        except TimeoutError:
            # All of it, whatever the clock's last digits say.
            self._not_resumed(detail, seconds)
        except BotRefused:
            self._not_resumed(detail, loop.time() - broken_at)

    def _not_resumed(self, detail: str, tried_seconds: float) -> None:
        if self._stage is Stage.RESUMING:
            self.tried_seconds = tried_seconds
            self._give_up(detail)

    async def _reached_again(self, account: Account, seconds: float) -> bool:
        if self._opening is None or self._tls is None:
            return False
        point = account.point(self._events.played_ms(), self._audio_bytes_received, self._messages_received)
        start = self._opening.start.model_copy(update={"resumed": True, "resume": point})
        self._opening = replace(self._opening, start=start)
        self._answer = asyncio.get_running_loop().create_future()
        try:
            await self._connect(self._opening, seconds, self._tls)
            await self._answer
        except (OSError, WSError, WSInvalidURL, BotFailed):
            return False
        finally:
            if self._answer.done() and not self._answer.cancelled():
                self._answer.exception()
        return True

    def _catch_up(self, accept: Accept) -> None:
        """The bot has taken its call again: what it missed comes first, then what the caller said meanwhile."""
        self.counters["resumptions"] += 1
        self._messages_received = max(0, self._messages_received - 1)  # the accept itself
        account = self._account
        if account is None:
            return
        for message in account.missed(accept):
            self._tell(message)
        if audio := account.take_audio():
            self.send_audio(audio)
        if accept.resume_token:
            account.token = accept.resume_token
        else:
            self._account = None

    def _keep(self, audio: bytes | bytearray | memoryview) -> bool:
        """The caller's audio while there is no connection; False when there will be none."""
        if self._stage is not Stage.RESUMING or self._account is None:
            return False
        self._account.keep(audio)
        return True

    # --- to the bot -----------------------------------------------------------------------------------------

    def send(self, message: ToBot) -> None:
        """Send one message; nothing happens when the conversation is over."""
        if self._account is not None:
            self._account.said(message)
        if self._stage in {Stage.STARTED, Stage.ACCEPTED}:
            self._tell(message)

    def _tell(self, message: ToBot) -> None:
        self._send(serialize(message))

    def refuse(self, code: ErrorCode, message: str, field: str | None = None, about: str | None = None) -> None:
        """Answer the bot with an `error`."""
        self.send(Error(code=code, message=message, field=field, about=about))

    def end(self, reason: EndReason, counters: dict[str, int | float] | None = None) -> None:
        """Say `end` and leave. Nothing is reported afterwards."""
        self.send(End(reason=reason, counters=counters if self._stage is Stage.ACCEPTED else None))
        self._finish()

    def leave(self) -> None:
        """Without a word: the bot will be reached for this call again, by somebody else."""
        self._finish()

    def _finish(self) -> None:
        if self._stage is not Stage.OVER:
            self._stage = Stage.OVER
            if self._resuming is not None and self._resuming is not asyncio.current_task():
                self._resuming.cancel()
            self._leave()
