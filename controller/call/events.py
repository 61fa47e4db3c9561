"""What can happen to a call. `attempt` tells legs of the same kind apart: late news of an earlier one is ignored."""

from dataclasses import dataclass, field
from typing import Any, Literal

from controller.call.vocabulary import TransferOutcome
from controller.routing.route import AnyRung, BotRung, Sound
from controller.routing.trigger import Trigger

# --- the caller's leg ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CallerGone:
    """The caller's channel has ended. `cause` is Q.850, `sip_status` what the peer said, where known."""

    cause: int = 0
    sip_status: int | None = None


@dataclass(frozen=True, slots=True)
class CallerAnswered:
    """Asterisk has sent the answer to the caller."""


@dataclass(frozen=True, slots=True)
class CallerPressed:
    """The caller pressed a key."""

    digit: str
    duration_ms: int = 0


@dataclass(frozen=True, slots=True)
class CallerHeld:
    """The caller's phone put us on hold, or took us back."""

    held: bool


@dataclass(frozen=True, slots=True)
class CallerReturned:
    """The dialplan gave the caller's channel back. `outcome` is None where the errand succeeded."""

    outcome: TransferOutcome | None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class SoundEnded:
    """The sound of this number has been played to the caller, or could not be."""

    number: int


@dataclass(frozen=True, slots=True)
class RecordingEnded:
    """The caller's message is kept under `name`; `seconds` 0: there is none."""

    name: str
    seconds: float
    detail: str = ""


# --- the line for a busy bot --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LineMoved:
    """The caller's place in it, from 1."""

    position: int


@dataclass(frozen=True, slots=True)
class LineFull:
    """No more callers may wait."""

    detail: str = ""


@dataclass(frozen=True, slots=True)
class TurnCame:
    """The caller is first in line, and the bot may be free."""


# --- the bot and its media leg ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MediaJoined:
    """The media channel of this attempt is in the bridge with the caller."""

    attempt: int


@dataclass(frozen=True, slots=True)
class MediaGone:
    """The media channel could not be made or ended by itself."""

    attempt: int
    detail: str


@dataclass(frozen=True, slots=True)
class MediaSilent:
    """No packet from the caller for `seconds`."""

    attempt: int
    seconds: float


@dataclass(frozen=True, slots=True)
class FirstAudio:
    """The first sound in this direction."""

    attempt: int
    to: Literal["bot", "caller"]


@dataclass(frozen=True, slots=True)
class BotChosen:
    """The company's own system was asked which bot takes the call: this one."""

    attempt: int
    rung: BotRung
    detail: str = ""
    """Which, in words; with `problem` why it is the route's."""
    problem: bool = False


@dataclass(frozen=True, slots=True)
class BotAccepted:
    """The bot takes the call. `resume_token`: it can go on with it on another connection, which has to show this."""

    attempt: int
    resume_token: str = ""


@dataclass(frozen=True, slots=True)
class BotLost:
    """The bot refused, could not be reached, was too late, or went away in mid-call: `trigger` says which."""

    attempt: int
    trigger: Trigger
    detail: str = ""
    tried_seconds: float = 0.0
    """How long a bot that was lost in mid-call has been tried again already."""


@dataclass(frozen=True, slots=True)
class WorkerLost:
    """The media worker that carried this bot is gone; the bot itself may be well."""

    attempt: int
    detail: str = ""
    alone: bool = False
    """There is no other: the call waits for it to be started again."""


@dataclass(frozen=True, slots=True)
class BotHungUp:
    """The bot asks to end the call."""

    attempt: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TransferRequested:
    """The bot asks for a human: `to` a name, a number or a SIP URI; empty: the route's own human."""

    attempt: int
    summary: str = ""
    to: str = ""
    way: Literal["bridge", "attended", "refer", "queue"] = "bridge"
    whisper: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    """For the call to the human: SIP headers that begin with X-."""
    too_many: bool = False
    """This controller has been asked for more transfers in this minute than the route's fence allows."""


@dataclass(frozen=True, slots=True)
class TransferCompleted:
    """The bot has talked to the human, who is to get the caller now."""

    attempt: int


@dataclass(frozen=True, slots=True)
class TransferCancelled:
    """The bot takes the transfer back."""

    attempt: int


@dataclass(frozen=True, slots=True)
class HoldRequested:
    """The bot lets the caller wait with music, or takes the caller back."""

    attempt: int
    held: bool


@dataclass(frozen=True, slots=True)
class DigitsRequested:
    """The bot presses keys."""

    attempt: int
    digits: str


@dataclass(frozen=True, slots=True)
class TranscriptSaid:
    """A final piece of the transcript."""

    attempt: int
    id: str
    role: str
    text: str = field(repr=False)
    """In no log: the route may say that it is not kept."""
    start_ms: float | None = None
    """Where in the audio since the answer it was said, where the bot knows."""
    end_ms: float | None = None


@dataclass(frozen=True, slots=True)
class ResultReported:
    """Something came of the call."""

    attempt: int
    id: str
    name: str
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LogWritten:
    """A line of the bot for the operator."""

    attempt: int
    id: str
    level: str
    message: str
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MetadataAdded:
    """What the bot knows about the call beside that."""

    attempt: int
    id: str
    data: dict[str, Any] = field(default_factory=dict)


RecordingAction = Literal["start", "pause", "resume", "stop"]


@dataclass(frozen=True, slots=True)
class RecordingRequested:
    """The bot wants the call to be recorded, or not for a while."""

    attempt: int
    action: RecordingAction


@dataclass(frozen=True, slots=True)
class Stored:
    """The bot's transcript, result or log with this id is in the store."""

    attempt: int
    id: str


# --- the human's leg ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HumanRinging:
    """The human's phone rings."""

    attempt: int


@dataclass(frozen=True, slots=True)
class HumanAnswered:
    """The human has picked up and is not in the bridge yet."""

    attempt: int


@dataclass(frozen=True, slots=True)
class HumanPressed:
    """The human pressed a key."""

    attempt: int
    digit: str


@dataclass(frozen=True, slots=True)
class WhisperEnded:
    """The human has heard what it is about, or could not."""

    attempt: int


@dataclass(frozen=True, slots=True)
class ConsultBegun:
    """Bot and human hear each other."""

    attempt: int


@dataclass(frozen=True, slots=True)
class HumanJoined:
    """Caller and human hear each other."""

    attempt: int


@dataclass(frozen=True, slots=True)
class HumanGone:
    """The human's leg has ended or could not be made; `outcome` says how, had it not been answered."""

    attempt: int
    outcome: TransferOutcome
    detail: str = ""


# --- the operator -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OperatorHungUp:
    """Somebody ends the call through the API. `by` is who."""

    by: str


@dataclass(frozen=True, slots=True)
class OperatorTransferred:
    """Somebody gives the caller to a human through the API, as a bot would."""

    by: str
    to: str = ""
    way: Literal["bridge", "attended", "refer", "queue"] = "bridge"
    summary: str = ""
    takes_over: bool = False
    """The bot leaves at once, and does not get the caller back."""


@dataclass(frozen=True, slots=True)
class OperatorPlayed:
    """Somebody lets the caller hear something through the API; the bot is not heard meanwhile."""

    by: str
    sound: Sound


@dataclass(frozen=True, slots=True)
class OperatorPressed:
    """Somebody sends keys to the caller's side through the API."""

    by: str
    digits: str


@dataclass(frozen=True, slots=True)
class OperatorSteered:
    """Somebody takes the caller from the bot through the API, and down another ladder; below it the call ends."""

    by: str
    ladder: tuple[AnyRung, ...]


@dataclass(frozen=True, slots=True)
class OperatorKnows:
    """Somebody adds to what is known about the call through the API. `id` is of our own making."""

    by: str
    id: str
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OperatorRecorded:
    """Somebody wants the call to be recorded, or not for a while, through the API."""

    by: str
    action: RecordingAction


# --- the machinery ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DeadlinePassed:
    """`Call.deadline` has come."""


@dataclass(frozen=True, slots=True)
class CommandFailed:
    """Asterisk would not do something that the call cannot go on without (bridge, answer)."""

    command: str
    detail: str


@dataclass(frozen=True, slots=True)
class RecordingChanged:
    """What Asterisk does about the recording of the call with this number. `lost`: half of it ended by itself."""

    number: int
    state: Literal["recording", "paused", "stopped", "failed", "lost"]
    detail: str = ""


@dataclass(frozen=True, slots=True)
class AsteriskLost:
    """Asterisk restarted under the call."""


@dataclass(frozen=True, slots=True)
class ShutDown:
    """The controller stops."""


@dataclass(frozen=True, slots=True)
class Released:
    """Everything the call held is given back, except `left_behind` (ids), which will be tried again later."""

    left_behind: tuple[str, ...] = ()
    statistics: dict[str, int | float] = field(default_factory=dict)


Report = TranscriptSaid | ResultReported | LogWritten | MetadataAdded
"""What a bot wants to be kept."""

Event = (
    CallerGone
    | CallerAnswered
    | CallerPressed
    | CallerHeld
    | CallerReturned
    | SoundEnded
    | RecordingEnded
    | LineMoved
    | LineFull
    | TurnCame
    | MediaJoined
    | MediaGone
    | MediaSilent
    | FirstAudio
    | BotChosen
    | BotAccepted
    | BotLost
    | WorkerLost
    | BotHungUp
    | TransferRequested
    | TransferCompleted
    | TransferCancelled
    | HoldRequested
    | DigitsRequested
    | TranscriptSaid
    | ResultReported
    | LogWritten
    | MetadataAdded
    | RecordingRequested
    | Stored
    | HumanRinging
    | HumanAnswered
    | HumanPressed
    | WhisperEnded
    | ConsultBegun
    | HumanJoined
    | HumanGone
    | OperatorHungUp
    | OperatorTransferred
    | OperatorPlayed
    | OperatorPressed
    | OperatorSteered
    | OperatorKnows
    | OperatorRecorded
    | DeadlinePassed
    | CommandFailed
    | RecordingChanged
    | AsteriskLost
    | ShutDown
    | Released
)
