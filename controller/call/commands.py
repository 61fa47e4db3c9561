"""What a call wants done. Carried out in the order given; every result comes back as an event."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from controller.call.events import RecordingAction, Report
from controller.call.legs import Request
from controller.call.vocabulary import Ending, TransferOutcome
from controller.routing.route import (
    Arrival,
    BotRung,
    DocumentRung,
    HumanRung,
    Placed,
    QueueRung,
    ReferRung,
    Route,
    Sound,
    VoicemailRung,
)

# --- the caller ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RingCaller:
    """Tell the caller's phone that it rings (SIP 180)."""


@dataclass(frozen=True, slots=True)
class PlaceCall:
    """Dial the callee, and have the bridge ready. Result: CallerAnswered or CallerGone."""

    placed: Placed
    from_number: str


@dataclass(frozen=True, slots=True)
class OpenBridge:
    """Make the bridge and put the caller into it. Failure: CommandFailed."""


@dataclass(frozen=True, slots=True)
class AnswerCaller:
    """Result: CallerAnswered, or CommandFailed."""


@dataclass(frozen=True, slots=True)
class StartMusic:
    """Let an answered caller hear a class of music on hold, and nothing else; `ringback` is a ringing tone."""

    music: str


@dataclass(frozen=True, slots=True)
class StopMusic:
    """End it."""


@dataclass(frozen=True, slots=True)
class PlaySound:
    """Play to the caller. Result: SoundEnded, always."""

    number: int
    sound: Sound


@dataclass(frozen=True, slots=True)
class StopSound:
    """End it now."""

    number: int


@dataclass(frozen=True, slots=True)
class RecordCaller:
    """Beep, and record what the caller says. Result: RecordingEnded, always."""

    rung: VoicemailRung


@dataclass(frozen=True, slots=True)
class PressKeys:
    """Send keys to the caller's side."""

    digits: str


@dataclass(frozen=True, slots=True)
class RecordCall:
    """Record what the caller says and hears, silence it for a while, or end it. Result: RecordingChanged, always."""

    number: int
    action: RecordingAction


@dataclass(frozen=True, slots=True)
class SendAway:
    """Give the caller's channel to the dialplan for an errand. Result: CallerReturned, or CallerGone."""

    rung: ReferRung | QueueRung
    request: Request


@dataclass(frozen=True, slots=True)
class AskDocument:
    """Ask how the call goes on. Result: OperatorSteered or OperatorHungUp, unless the call has gone on meanwhile."""

    rung: DocumentRung
    reached: TransferOutcome | None
    """What came of the human before it, where there was one."""


@dataclass(frozen=True, slots=True)
class TakeBack:
    """Put a caller who has returned into the bridge again. Failure: CommandFailed."""


@dataclass(frozen=True, slots=True)
class RejoinCaller:
    """Take the caller out of the bridge and put it in again. Failure: CommandFailed."""


@dataclass(frozen=True, slots=True)
class HangUpCaller:
    """End the caller's channel with a Q.850 cause."""

    cause: int


@dataclass(frozen=True, slots=True)
class HandToDialplan:
    """Let the dialplan send the caller to the human: the way out when we cannot go on."""


@dataclass(frozen=True, slots=True)
class JoinLine:
    """Wait for a bot that is busy. Results: LineMoved, TurnCame; or LineFull."""

    rung: BotRung


@dataclass(frozen=True, slots=True)
class LeaveLine:
    """Not any more."""


# --- the bot ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OpenBot:
    """Ask a bot to take the call. Result: BotAccepted, BotLost or WorkerLost.

    `resumed`: it had the call already and lost it; `resume_token` is what it has given us for that.
    """

    attempt: int
    rung: BotRung
    resumed: bool = False
    resume_token: str = ""


@dataclass(frozen=True, slots=True)
class OpenMedia:
    """Make the media channel and put it into the bridge. Result: MediaJoined or MediaGone."""

    attempt: int
    rung: BotRung


@dataclass(frozen=True, slots=True)
class PlayBot:
    """The caller is there: tell the bot and let it be heard."""

    attempt: int


@dataclass(frozen=True, slots=True)
class CloseBot:
    """End the bot's part and remove its media channel. `reason` goes to the bot."""

    attempt: int
    reason: str


@dataclass(frozen=True, slots=True)
class TellDigit:
    """Pass a key press on to the bot."""

    attempt: int
    digit: str
    duration_ms: int


@dataclass(frozen=True, slots=True)
class TellTransfer:
    """Tell the bot how the transfer goes; `state` is `TransferState` of the bot protocol."""

    attempt: int
    state: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class TellNotNow:
    """Tell the bot that what it asked for cannot be done at this moment."""

    attempt: int
    message: str
    about: str
    """The type of its message, in the words of the bot protocol."""


@dataclass(frozen=True, slots=True)
class TellStored:
    """Acknowledge a transcript, result or log to the bot."""

    attempt: int
    id: str


@dataclass(frozen=True, slots=True)
class TellMetadata:
    """Tell the bot what somebody else knows about the call."""

    attempt: int
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class TellRecording:
    """Tell the bot what became of the recording; `state` is `RecordingState` of the bot protocol."""

    attempt: int
    state: str
    detail: str = ""


# --- the human ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DialHuman:
    """Dial a human. Result: HumanRinging, HumanAnswered, HumanGone."""

    attempt: int
    endpoint: str
    rung: HumanRung
    request: Request


@dataclass(frozen=True, slots=True)
class Whisper:
    """Play to a human who has picked up and hears nobody else. Result: WhisperEnded, always."""

    attempt: int
    sound: Sound


@dataclass(frozen=True, slots=True)
class Consult:
    """Bring bot and human together, without the caller. Result: ConsultBegun or HumanGone."""

    attempt: int


@dataclass(frozen=True, slots=True)
class EndConsult:
    """The bot returns to the caller."""


@dataclass(frozen=True, slots=True)
class JoinHuman:
    """Put the human into the bridge, in the bot's place. Result: HumanJoined or HumanGone."""

    attempt: int


@dataclass(frozen=True, slots=True)
class HangUpHuman:
    """End the human's leg, ringing or not."""

    attempt: int


# --- the record ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OpenRecord:
    """Begin the call's record."""

    arrival: Arrival
    route: Route


@dataclass(frozen=True, slots=True)
class Note:
    """A step for the record. `at` is in seconds since the call arrived."""

    at: float
    kind: str
    detail: str = ""
    way: int = 0
    """Which of the call's ways to a human it is about, if it is about one."""
    to: str = ""
    """Where that leads."""


@dataclass(frozen=True, slots=True)
class Save:
    """Store what the bot reported. Result: Stored."""

    at: float
    item: Report


@dataclass(frozen=True, slots=True)
class SaveMetadata:
    """Store what somebody else knows about the call than the bot."""

    at: float
    id: str
    source: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class SaveVoicemail:
    """Store that the caller left a message."""

    at: float
    name: str
    seconds: float


@dataclass(frozen=True, slots=True)
class SaveCallback:
    """Store that the caller is to be called back."""

    at: float
    number: str


@dataclass(frozen=True, slots=True)
class Release:
    """Give back everything that is left of the call. Result: Released, always."""


@dataclass(frozen=True, slots=True)
class CloseRecord:
    """Finish the record: the last command of every call. Times are in seconds since the call arrived."""

    at: float
    ending: Ending
    answered_at: float | None
    cause: int
    """Q.850, 0 where Asterisk named none."""
    statistics: dict[str, int | float]


Recorded = OpenRecord | Note | Save | SaveMetadata | SaveVoicemail | SaveCallback | CloseRecord
"""Goes to the store."""
Told = TellDigit | TellTransfer | TellNotNow | TellStored | TellMetadata | TellRecording
"""Goes to the bot."""
Command = (
    RingCaller
    | PlaceCall
    | OpenBridge
    | AnswerCaller
    | StartMusic
    | StopMusic
    | PlaySound
    | StopSound
    | RecordCaller
    | RecordCall
    | PressKeys
    | SendAway
    | AskDocument
    | TakeBack
    | RejoinCaller
    | HangUpCaller
    | HandToDialplan
    | JoinLine
    | LeaveLine
    | OpenBot
    | OpenMedia
    | PlayBot
    | CloseBot
    | DialHuman
    | Whisper
    | Consult
    | EndConsult
    | JoinHuman
    | HangUpHuman
    | Release
    | Recorded
    | Told
)
Commands = Iterator[Command]
"""What an action yields."""
