"""Tells the author of an account how a bot's stream and the phones that are dialled go, as Twilio would.

It looks on: what the call is told and what it wants done says all that there is to tell.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from controller.api.control import LiveCall
from controller.api.twilio_forms import phone_sid
from controller.bot.adapters.twilio import CALLBACK, CALLBACK_METHOD, PROTOCOL, STREAM_NAME, stream_sid
from controller.bot.twiml import PROGRESS, Callback
from controller.call import commands as c
from controller.call import events as e
from controller.call.vocabulary import TransferOutcome
from controller.routing.route import BotRung
from controller.session.bot_legs import session_id

OUTCOMES: Final = {
    TransferOutcome.CONNECTED: "completed",
    TransferOutcome.BUSY: "busy",
    TransferOutcome.NO_ANSWER: "no-answer",
    TransferOutcome.DECLINED: "busy",
    TransferOutcome.UNREACHABLE: "failed",
    TransferOutcome.FAILED: "failed",
    TransferOutcome.REFUSED: "failed",
    TransferOutcome.CANCELLED: "canceled",
}
"""What came of a human, as Twilio calls it."""

INITIATED, RINGING, ANSWERED, COMPLETED = PROGRESS


class Author(Protocol):
    """Who is told (`api.twilio_account.Account`). Returns at once."""

    def tell_of_stream(self, call: LiveCall, callback: Callback, stream: Mapping[str, str]) -> None: ...

    def tell_of_phone(self, call: LiveCall, callback: Callback, phone: Mapping[str, str]) -> None: ...


@dataclass(slots=True)
class _Stream:
    rung: BotRung
    started: bool = False
    over: bool = False


@dataclass(slots=True)
class _Phone:
    name: str
    """As the document has it."""
    callback: Callback | None
    told: int = 0
    answered_at: float | None = None
    ended_at: float | None = None
    hung_up: bool = False
    """By us."""

    @property
    def seconds(self) -> int:
        """It was talked."""
        ended = time.monotonic() if self.ended_at is None else self.ended_at
        return 0 if self.answered_at is None else round(ended - self.answered_at)


class StatusCallbacks:
    """Of one call. `shown`: the call as it is just now."""

    def __init__(self, call_id: str, author: Author | None, shown: Callable[[], LiveCall]) -> None:
        self._call_id = call_id
        self._author = author
        self._shown = shown
        self._callbacks: Mapping[str, tuple[str, Callback]] = {}
        self._streams: dict[int, _Stream] = {}
        self._phones: dict[int, _Phone] = {}

    @property
    def latest_bot(self) -> BotRung | None:
        """That was asked to take the call."""
        return self._streams[max(self._streams)].rung if self._streams else None

    def steered(self, callbacks: Mapping[str, tuple[str, Callback]]) -> None:
        """By a document: who wants to hear of which endpoint, and how the document names it."""
        self._callbacks = callbacks

    def on_command(self, command: c.Command) -> None:
        match command:
            case c.OpenBot(attempt=attempt, rung=rung):
                self._streams[attempt] = _Stream(rung)
            case c.CloseBot(attempt=attempt):
                self._stopped(attempt)
            case c.DialHuman(attempt=attempt, endpoint=endpoint):
                name, callback = self._callbacks.get(endpoint, (endpoint, None))
                self._phones[attempt] = _Phone(name, callback)
                self._tell(attempt, INITIATED, "initiated")
            case c.HangUpHuman(attempt=attempt) if attempt in self._phones:
                self._phones[attempt].hung_up = True

    def on_event(self, event: e.Event) -> None:
        match event:
            case e.BotChosen(attempt=attempt, rung=rung) if attempt in self._streams:
                self._streams[attempt].rung = rung
            case e.BotAccepted(attempt=attempt):
                self._started(attempt)
            case e.BotLost(attempt=attempt, detail=detail) | e.WorkerLost(attempt=attempt, detail=detail):
                self._stopped(attempt, detail or "the stream was lost")
            case e.BotHungUp(attempt=attempt):
                self._stopped(attempt)
            case e.HumanRinging(attempt=attempt):
                self._tell(attempt, RINGING, "ringing")
            case e.HumanAnswered(attempt=attempt) if attempt in self._phones:
                self._phones[attempt].answered_at = time.monotonic()
                self._tell(attempt, ANSWERED, "in-progress")
            case e.HumanGone(attempt=attempt, outcome=outcome):
                self._gone(attempt, outcome)

    def on_end(self) -> None:
        """The call is over, and with it all that belonged to it."""
        for attempt in self._streams:
            self._stopped(attempt)
        for attempt in self._phones:
            self._gone(attempt, TransferOutcome.CANCELLED)

    def dialled(self) -> dict[str, str]:
        """What is told of the latest phone to who is asked for the document behind a Dial."""
        if not self._phones:
            return {}
        attempt = next((number for number, phone in self._phones.items() if phone.answered_at), max(self._phones))
        phone = self._phones[attempt]
        told = {"DialCallSid": phone_sid(self._call_id, attempt)}
        return told if phone.answered_at is None else {**told, "DialCallDuration": str(phone.seconds)}

    # --- streams --------------------------------------------------------------------------------------------

    def _started(self, attempt: int) -> None:
        stream = self._streams.get(attempt)
        if stream and not stream.over and not stream.started:
            stream.started = True
            self._tell_of_stream(attempt, stream, "stream-started")

    def _stopped(self, attempt: int, fault: str = "") -> None:
        stream = self._streams.get(attempt)
        if stream is None or stream.over:
            return
        stream.over = True
        if fault:
            self._tell_of_stream(attempt, stream, "stream-error", fault)
        if stream.started:
            self._tell_of_stream(attempt, stream, "stream-stopped")

    def _tell_of_stream(self, attempt: int, stream: _Stream, event: str, fault: str = "") -> None:
        parameters = stream.rung.parameters
        url = parameters.get(CALLBACK, "")
        if self._author is None or stream.rung.protocol != PROTOCOL or not url:
            return
        told = {
            "StreamSid": stream_sid(session_id(self._call_id, attempt)),
            "StreamName": parameters.get(STREAM_NAME, ""),
            "StreamEvent": event,
            "StreamError": fault,
        }
        self._author.tell_of_stream(self._shown(), Callback(url, parameters.get(CALLBACK_METHOD, "POST")), told)

    # --- phones ---------------------------------------------------------------------------------------------

    def _gone(self, attempt: int, outcome: TransferOutcome) -> None:
        phone = self._phones.get(attempt)
        if phone is None or phone.ended_at is not None:
            return
        phone.ended_at = time.monotonic()
        if phone.answered_at is not None:
            status = "completed"
        else:
            status = OUTCOMES[TransferOutcome.CANCELLED if phone.hung_up else outcome]
        self._tell(attempt, COMPLETED, status, CallDuration=str(phone.seconds))

    def _tell(self, attempt: int, event: str, status: str, **more: str) -> None:
        phone = self._phones.get(attempt)
        if self._author is None or phone is None or phone.callback is None or event not in phone.callback.events:
            return
        told = {
            "CallSid": phone_sid(self._call_id, attempt),
            "To": phone.name,
            "CallStatus": status,
            "SequenceNumber": str(phone.told),
            **more,
        }
        phone.told += 1
        self._author.tell_of_phone(self._shown(), phone.callback, told)
