"""One call, as a bot's author has it in hand."""

import asyncio
import secrets
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from controller.bot.protocol import (
    Accept,
    Ack,
    Answered,
    Clear,
    Cleared,
    End,
    EndReason,
    Error,
    FromBot,
    Hangup,
    Hold,
    Log,
    Mark,
    MarkReached,
    MetadataUpdate,
    Pause,
    Play,
    PlayFinished,
    Recording,
    RecordingState,
    Reject,
    Result,
    Resume,
    SendDtmf,
    Start,
    ToBot,
    Transcript,
    Transfer,
    TransferProgress,
    Unhold,
    serialize,
)
from controller.bot.sdk.outgoing import Outgoing
from controller.bot.sdk.pace import AHEAD_SECONDS, CHUNK_SECONDS, Pace, bytes_per_second

EVENTS_MAX: Final = 1_000
"""Waiting for a bot that does not look: 20 s of audio. Past it the caller's audio is left out, and counted."""

UNDER_WAY: Final = ("dialling", "ringing", "consulting")
"""States of a transfer after which another comes."""


@dataclass(frozen=True, slots=True)
class Audio:
    """What the caller says, in the format `call.audio`."""

    audio: bytes


Event: TypeAlias = Audio | ToBot


class CallOver(Exception):
    """The call has ended, and this cannot be done any more."""


class Call:
    """Iterate over it for its events; they end when the call does, and `ended` says why.

    Nothing here waits for the network but what says so: messages are sent in order by a task of their own.
    """

    def __init__(self, start: Start, *, resumable: bool = True) -> None:
        self.start = start
        self.audio = start.audio
        """The format of both directions."""
        self.accepted = False
        self.ended: EndReason | Literal["rejected"] | None = None
        self.audio_left_out = 0
        """Events of audio that were dropped, because they were not read."""
        self.messages_received = 0
        """From the controller, without `start`: for a connection that is to be resumed."""
        self.resume_token = secrets.token_urlsafe(16)
        self._resumable = resumable
        self.outgoing = Outgoing()
        self.wake = asyncio.Event()
        """There is something to send, or the connection is to be closed."""
        self.room = asyncio.Event()
        """Something was sent."""
        self._opening: str | None = None
        self._events: deque[Event] = deque()
        self._event_came = asyncio.Event()
        self._hushed = asyncio.Event()
        """Set by `clear`, and then replaced: what is being said stops."""
        self._speaking = asyncio.Lock()
        self._pace = Pace(asyncio.get_running_loop().time)
        self._count = 0
        self._stored: dict[str, asyncio.Future[bool]] = {}
        self._marks: dict[str, asyncio.Future[bool]] = {}
        self._clears: deque[asyncio.Future[Cleared | None]] = deque()
        self._transfer: asyncio.Future[str] | None = None
        self._recordings: deque[asyncio.Future[str]] = deque()
        self._files: dict[str, asyncio.Future[str]] = {}

    @property
    def id(self) -> str:
        """The one in the call records."""
        return self.start.call_id

    @property
    def caller(self) -> str | None:
        """The number of who calls; None where it is withheld."""
        return self.start.caller.number

    # --- taking the call ------------------------------------------------------------------------------------

    async def accept(self) -> None:
        """Take the call: it is answered. Without this the caller hears ringing."""
        if not self.accepted and self.ended is None:
            self.accepted = True
            self._open(Accept(type="accept", resume_token=self.resume_token if self._resumable else None))

    async def reject(
        self,
        reason: Literal["busy", "unavailable"] = "unavailable",
        message: str = "",
        *,
        retry_after_seconds: int | None = None,
    ) -> None:
        """Refuse the call: somebody else takes it. `message` is for the operator's log."""
        if not self.accepted and self.ended is None:
            self._open(
                Reject(type="reject", reason=reason, message=message[:500], retry_after_seconds=retry_after_seconds)
            )
            self.finish("rejected")

    # --- what happens ---------------------------------------------------------------------------------------

    async def __aiter__(self) -> AsyncIterator[Event]:
        while True:
            while self._events:
                yield self._events.popleft()
            if self.ended is not None:
                return
            self._event_came.clear()
            await self._event_came.wait()

    # --- speaking -------------------------------------------------------------------------------------------

    async def send(self, audio: bytes) -> None:
        """Let the caller hear this behind all that was sent before. Waits only where the network does not keep up."""
        self._must_be_on()
        while self.outgoing.waiting_bytes > bytes_per_second(self.audio) and self.ended is None:
            self.room.clear()
            await self.room.wait()
        self._pace.sent(len(audio) / bytes_per_second(self.audio))
        self._post(bytes(audio))

    async def say(self, audio: bytes | AsyncIterable[bytes]) -> bool:
        """Let the caller hear this, and wait until it was heard. False: interrupted by `clear`, or the call ended.

        It is sent as it is spoken, a little ahead, and one `say` after the other.
        """
        self._must_be_on()
        hushed = self._hushed
        async with self._speaking:
            async for chunk in _chunks(audio, round(bytes_per_second(self.audio) * CHUNK_SECONDS)):
                if not await self._may_speak(hushed):
                    return False
                await self.send(chunk)
            return await self.mark() if await self._may_speak(hushed) else False

    async def _may_speak(self, hushed: asyncio.Event) -> bool:
        """When what was sent is nearly heard; False where it was interrupted."""
        while not hushed.is_set() and self.ended is None and self._pace.ahead > AHEAD_SECONDS:
            wait = asyncio.wait_for(hushed.wait(), max(0.0, self._pace.ahead - AHEAD_SECONDS) + CHUNK_SECONDS / 2)
            try:
                await wait
            except TimeoutError:
                continue
        return not hushed.is_set() and self.ended is None

    async def mark(self) -> bool:
        """Wait until all that was sent has been heard. False: it was cleared, or the call ended."""
        self._must_be_on()
        name = self._new_id("mark")
        self._marks[name] = reached = asyncio.get_running_loop().create_future()
        self.tell(Mark(type="mark", name=name))
        return bool(await reached)

    async def clear(self) -> Cleared | None:
        """Silence at once: what was not heard is thrown away. Tells how much was heard; None: the call ended."""
        self._must_be_on()
        self._hush()
        self.outgoing.drop_waiting_audio()
        self._clears.append(cleared := asyncio.get_running_loop().create_future())
        self.tell(Clear(type="clear"))
        told: Cleared | None = await cleared
        return told

    def _hush(self) -> None:
        self._hushed.set()
        self._hushed = asyncio.Event()
        self._pace.cleared()

    def pause(self) -> None:
        """Silence, but forget nothing: `resume` goes on in mid-word."""
        self.tell(Pause(type="pause"))

    def resume(self) -> None:
        self.tell(Resume(type="resume"))

    # --- what came of it ------------------------------------------------------------------------------------

    def transcript(
        self, role: Literal["caller", "bot", "human"], text: str, *, final: bool = True, name: str = ""
    ) -> "asyncio.Future[bool]":
        """What was said. The future is True when it is stored, which need not be awaited.

        `name`: the same for all that is said of one utterance while it is still being recognised.
        """
        name = name or self._new_id("transcript")
        return self._report(name, Transcript(type="transcript", id=name, role=role, text=text, final=final), final)

    def result(self, name: str, data: dict[str, Any] | None = None) -> "asyncio.Future[bool]":
        """What came of the call."""
        id_ = self._new_id("result")
        return self._report(id_, Result(type="result", id=id_, name=name, data=data or {}))

    def log(
        self,
        message: str,
        level: Literal["debug", "info", "warning", "error"] = "info",
        data: dict[str, Any] | None = None,
    ) -> "asyncio.Future[bool]":
        """A line for the operator, kept with the call."""
        id_ = self._new_id("log")
        return self._report(id_, Log(type="log", id=id_, level=level, message=message, data=data or {}))

    def _report(self, id_: str, message: FromBot, stored: bool = True) -> "asyncio.Future[bool]":
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        if self.ended is not None or not stored:
            future.set_result(False)
        else:
            self._stored[id_] = future
        self.tell(message)
        return future

    def metadata(self, data: dict[str, Any]) -> None:
        """What you have learned about the call, for the record and for whoever takes it next."""
        self.tell(MetadataUpdate(type="metadata_update", data=data))

    # --- what else can be done to the caller ----------------------------------------------------------------

    async def play(self, url: str) -> str:
        """Play a WAV file behind all that was sent, and wait for its end: `played`, `cleared` or `failed`."""
        self._must_be_on()
        name = self._new_id("file")
        self._files[name] = finished = asyncio.get_running_loop().create_future()
        self.tell(Play(type="play", url=url, id=name))
        return str(await finished)

    async def recording(self, action: Literal["start", "pause", "resume", "stop"]) -> str:
        """Record the call, or not for a while; tells what is so now: `recording`, `paused`, `stopped`, `failed`.

        `refused`: the operator does not allow it, or it is not the moment.
        """
        self._must_be_on()
        self._recordings.append(told := asyncio.get_running_loop().create_future())
        self.tell(Recording(type="recording", action=action))
        return str(await told)

    def hold(self) -> None:
        """Music for the caller, whom you do not hear meanwhile."""
        self.tell(Hold(type="hold"))

    def unhold(self) -> None:
        """Take the caller back."""
        self.tell(Unhold(type="unhold"))

    def press(self, digits: str) -> None:
        """Keys, as the caller's phone hears them."""
        self.tell(SendDtmf(type="send_dtmf", digits=digits))

    # --- the end --------------------------------------------------------------------------------------------

    async def transfer(self, to: str = "human", summary: str = "", **more: Any) -> str:
        """Give the caller to somebody else, and wait for the outcome: `connected`, and the call ends; or why not."""
        self._must_be_on()
        if self._transfer is not None:
            raise RuntimeError("a transfer is under way: wait for its outcome")
        self._transfer = outcome = asyncio.get_running_loop().create_future()
        self.tell(Transfer(type="transfer", to=to, summary=summary, **more))
        return str(await outcome)

    def hangup(self, reason: str = "") -> None:
        """End the call when all that was sent has been heard."""
        self.tell(Hangup(type="hangup", reason=reason))

    def tell(self, message: FromBot) -> None:
        """Any message of the protocol. Nothing happens where the call is over."""
        if self.ended is None:
            self._post(serialize(message))

    # --- for `Bot` ------------------------------------------------------------------------------------------

    def take_opening(self) -> str | None:
        """`accept` or `reject`, once."""
        opening, self._opening = self._opening, None
        return opening

    def take_over(self, start: Start) -> None:
        """The call goes on, on a new connection."""
        point = start.resume
        self._open(Accept(type="accept", resume_token=self.resume_token, messages_received=self.messages_received))
        self.outgoing.resume(point.messages_received if point else None, point.audio_bytes_received if point else None)

    def hear(self, audio: bytes) -> None:
        if len(self._events) < EVENTS_MAX:
            self._happen(Audio(audio))
        else:
            self.audio_left_out += 1

    def receive(self, message: ToBot) -> None:
        """A message of the controller's: what waits for it is told, then the bot."""
        self.messages_received += 1
        match message:
            case Answered():
                self._pace.answered()
            case Ack(id=id_):
                _settle(self._stored.pop(id_, None), result=True)
            case MarkReached(name=name):
                _settle(self._marks.pop(name, None), result=True)
            case Cleared(marks=names):
                for name in names:
                    _settle(self._marks.pop(name, None), result=False)
                _settle(self._clears.popleft() if self._clears else None, result=message)
            case TransferProgress(state=state) if state not in UNDER_WAY:
                self._transfer_is(state)
            case Error(about="transfer"):
                self._transfer_is("refused")
            case Error(about="recording"):
                self._recording_is("refused")
            case RecordingState(state=state):
                self._recording_is(state)
            case PlayFinished(id=id_, outcome=outcome):
                _settle(self._files.pop(id_, None), result=outcome)
            case End(reason=reason):
                self.finish(reason)
                return
        self._happen(message)

    def finish(self, reason: EndReason | Literal["rejected"]) -> None:
        """Nothing follows: whoever waits is told."""
        if self.ended is not None:
            return
        self.ended = reason
        self._hush()
        for future in (*self._stored.values(), *self._marks.values()):
            _settle(future, result=False)
        for cleared in self._clears:
            _settle(cleared, result=None)
        for waiting in (*self._recordings, *self._files.values()):
            _settle(waiting, result="failed")
        self._transfer_is("connected" if reason == "transferred" else "failed")
        self._event_came.set()
        self.wake.set()
        self.room.set()

    def _transfer_is(self, state: str) -> None:
        outcome, self._transfer = self._transfer, None
        _settle(outcome, result=state)

    def _recording_is(self, state: str) -> None:
        """The answers come in the order of the questions."""
        _settle(self._recordings.popleft() if self._recordings else None, result=state)

    def _happen(self, event: Event) -> None:
        self._events.append(event)
        self._event_came.set()

    def _open(self, message: FromBot) -> None:
        self._opening = serialize(message)
        self.wake.set()

    def _post(self, frame: str | bytes) -> None:
        self.outgoing.add(frame)
        self.wake.set()

    def _must_be_on(self) -> None:
        if self.ended is not None:
            raise CallOver(f"the call has ended: {self.ended}")
        if not self.accepted:
            raise RuntimeError("the call is not yet accepted: say `await call.accept()` first")

    def _new_id(self, kind: str) -> str:
        self._count += 1
        return f"{kind}-{self._count}"


def _settle(future: "asyncio.Future[Any] | None", result: Any) -> None:
    if future is not None and not future.done():
        future.set_result(result)


async def _chunks(audio: bytes | AsyncIterable[bytes], size: int) -> AsyncIterator[bytes]:
    if isinstance(audio, bytes):
        for start in range(0, len(audio), size):
            yield audio[start : start + size]
        return
    async for part in audio:
        async for chunk in _chunks(part, size):
            yield chunk
