"""What can happen to a call. `attempt` tells legs of the same kind apart: late news of an earlier one is ignored."""

from dataclasses import dataclass, field
from typing import Any, Literal

from controller.call.vocabulary import TransferOutcome
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
class AnnouncementEnded:
    """The last words have been played, or could not be."""


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
class BotAccepted:
    """The bot takes the call."""

    attempt: int


@dataclass(frozen=True, slots=True)
class BotLost:
    """The bot refused, could not be reached, was too late, or went away in mid-call: `trigger` says which."""

    attempt: int
    trigger: Trigger
    detail: str = ""


@dataclass(frozen=True, slots=True)
class WorkerLost:
    """The media worker that carried this bot is gone; the bot itself may be well."""

    attempt: int
    detail: str = ""


@dataclass(frozen=True, slots=True)
class BotHungUp:
    """The bot asks to end the call."""

    attempt: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TransferRequested:
    """The bot asks for a human."""

    attempt: int
    summary: str = ""


@dataclass(frozen=True, slots=True)
class TranscriptSaid:
    """A final piece of the transcript."""

    attempt: int
    id: str
    role: str
    text: str


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
class HumanJoined:
    """Caller and human hear each other."""

    attempt: int


@dataclass(frozen=True, slots=True)
class HumanGone:
    """The human's leg has ended or could not be made; `outcome` says how, had it not been answered."""

    attempt: int
    outcome: TransferOutcome
    detail: str = ""


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


Event = (
    CallerGone
    | CallerAnswered
    | CallerPressed
    | CallerHeld
    | AnnouncementEnded
    | MediaJoined
    | MediaGone
    | MediaSilent
    | FirstAudio
    | BotAccepted
    | BotLost
    | WorkerLost
    | BotHungUp
    | TransferRequested
    | TranscriptSaid
    | ResultReported
    | LogWritten
    | Stored
    | HumanRinging
    | HumanAnswered
    | HumanJoined
    | HumanGone
    | DeadlinePassed
    | CommandFailed
    | AsteriskLost
    | ShutDown
    | Released
)
