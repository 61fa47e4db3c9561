"""What a call wants done. Carried out in the order given; every result comes back as an event."""

from collections.abc import Iterator
from dataclasses import dataclass

from controller.call.events import LogWritten, ResultReported, TranscriptSaid
from controller.call.vocabulary import Ending
from controller.routing.route import Arrival, BotRung, HumanRung, Route


@dataclass(frozen=True, slots=True)
class RingCaller:
    """Tell the caller's phone that it rings (SIP 180)."""


@dataclass(frozen=True, slots=True)
class StartRingback:
    """Let an answered caller hear a ringing tone, and nothing else."""


@dataclass(frozen=True, slots=True)
class StopRingback:
    """End the tone."""


@dataclass(frozen=True, slots=True)
class OpenBridge:
    """Make the bridge and put the caller into it. Failure: CommandFailed."""


@dataclass(frozen=True, slots=True)
class AnswerCaller:
    """Result: CallerAnswered, or CommandFailed."""


@dataclass(frozen=True, slots=True)
class Announce:
    """Play a sound of Asterisk's to the caller. Result: AnnouncementEnded, always."""

    sound: str


@dataclass(frozen=True, slots=True)
class HangUpCaller:
    """End the caller's channel with a Q.850 cause."""

    cause: int


@dataclass(frozen=True, slots=True)
class HandToDialplan:
    """Let the dialplan send the caller to the human: the way out when we cannot go on."""


@dataclass(frozen=True, slots=True)
class OpenBot:
    """Ask a bot to take the call. Result: BotAccepted, BotLost or WorkerLost.

    `resumed`: it had the call already and lost it through us.
    """

    attempt: int
    rung: BotRung
    resumed: bool = False


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


@dataclass(frozen=True, slots=True)
class TellStored:
    """Acknowledge a transcript, result or log to the bot."""

    attempt: int
    id: str


@dataclass(frozen=True, slots=True)
class DialHuman:
    """Dial a human. Result: HumanRinging, HumanAnswered, HumanGone."""

    attempt: int
    rung: HumanRung


@dataclass(frozen=True, slots=True)
class JoinHuman:
    """Put the human into the bridge. Result: HumanJoined or HumanGone."""

    attempt: int


@dataclass(frozen=True, slots=True)
class HangUpHuman:
    """End the human's leg, ringing or not."""

    attempt: int


@dataclass(frozen=True, slots=True)
class Release:
    """Give back everything that is left of the call. Result: Released, always."""


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


@dataclass(frozen=True, slots=True)
class Save:
    """Store what the bot reported. Result: Stored."""

    at: float
    item: TranscriptSaid | ResultReported | LogWritten


@dataclass(frozen=True, slots=True)
class CloseRecord:
    """Finish the record: the last command of every call. Times are in seconds since the call arrived."""

    at: float
    ending: Ending
    answered_at: float | None
    cause: int
    """Q.850, 0 where Asterisk named none."""
    statistics: dict[str, int | float]


Command = (
    RingCaller
    | StartRingback
    | StopRingback
    | OpenBridge
    | AnswerCaller
    | Announce
    | HangUpCaller
    | HandToDialplan
    | OpenBot
    | OpenMedia
    | PlayBot
    | CloseBot
    | TellDigit
    | TellTransfer
    | TellNotNow
    | TellStored
    | DialHuman
    | JoinHuman
    | HangUpHuman
    | Release
    | OpenRecord
    | Note
    | Save
    | CloseRecord
)
Commands = Iterator[Command]
"""What an action yields."""
