"""The parties of a call that come and go. `attempt` is the number of a leg within its call."""

from dataclasses import dataclass, field
from typing import Final

from controller.routing.route import BotRung, HumanRung, QueueRung, ReferRung


@dataclass(slots=True)
class BotLeg:
    """The bot that is being asked or talks, and its media channel."""

    attempt: int
    rung: BotRung
    accepted: bool = False
    joined: bool = False
    """Its media channel is in the bridge with the caller."""
    media_later: bool = False
    """It gets one once it has accepted."""
    resume_token: str = ""
    """The bot can go on with the call on another connection, which has to show this."""


@dataclass(frozen=True, slots=True)
class Request:
    """A transfer that was asked for: by the bot, or by an operator."""

    summary: str = ""
    """What the human should know."""
    whisper: str = ""
    """What the human hears first, instead of the summary."""
    attended: bool = False
    """The bot talks to the human before the caller does."""
    headers: tuple[tuple[str, str], ...] = ()
    """SIP headers of the bot's own, for the call to the human."""


@dataclass(slots=True)
class HumanParty:
    """The humans who are dialled, or the one who talks."""

    rung: HumanRung
    request: Request | None
    """None: the ladder led here."""
    waiting: list[str]
    """Endpoints that are still to be dialled."""
    legs: dict[int, str] = field(default_factory=dict)
    """The phones that ring, or the one that was picked up: attempt to endpoint."""
    picked: int | None = None
    """Who picked up."""
    accepted: bool = False
    """May be joined with the caller."""


@dataclass(frozen=True, slots=True)
class Away:
    """Where the caller's channel has been sent."""

    rung: ReferRung | QueueRung
    request: Request | None


@dataclass(frozen=True, slots=True)
class Way:
    """To a human, or a group of them; counted from 1 within the call."""

    number: int = 0
    to: str = ""


NO_WAY: Final = Way()


@dataclass(slots=True)
class CallRecording:
    """What Asterisk records of the call."""

    number: int = 0
    """Of the latest one, from 1."""
    running: bool = False
    """It is being made, or is about to be."""
    paused: bool = False
    """It gets silence, and goes on in time."""
    announced: bool = False
    """The caller has heard of it, or is just hearing."""


@dataclass(slots=True)
class Line:
    """The caller's place in the line for a busy bot."""

    rung: BotRung
    until: float
    """When the caller has waited long enough."""
    announce_at: float | None
    """When the caller is to be told the place again."""
    position: int = 0
    """0: not known yet."""
