"""What is written about a call, one frozen value per fact. Pure: the call's own logic makes them, `store` keeps them.

Every item can be written twice and is kept once: a call by its id, a step by its position, and a transcript,
result or log by its id within the call. Times within a call are milliseconds since its `started_at`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class CallOpened:
    """A call has arrived. The first item of every call: the others refer to it."""

    call_id: str
    started_at: datetime
    """Aware; kept in UTC."""
    from_number: str | None
    from_name: str | None
    to_number: str | None
    route: str


@dataclass(frozen=True, slots=True)
class StepTaken:
    """One thing that happened, such as `bot_accepted`. `position` counts a call's steps from 0."""

    call_id: str
    position: int
    at_ms: float
    kind: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class TranscriptSaid:
    """A final transcript. `role` is caller, bot or human."""

    call_id: str
    id: str
    """The bot's own id; where it gave none, one made by us, for a write is repeated when its outcome is unknown."""
    at_ms: float
    role: str
    text: str


@dataclass(frozen=True, slots=True)
class ResultReported:
    """What the bot says came of the call."""

    call_id: str
    id: str
    at_ms: float
    name: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LogWritten:
    """A line of the bot's for the operator. `level` is debug, info, warning or error."""

    call_id: str
    id: str
    at_ms: float
    level: str
    message: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CallClosed:
    """The call is over. Written once: a second one changes nothing."""

    call_id: str
    ended_at: datetime
    """Aware; kept in UTC."""
    ending: str
    """Of the closed vocabulary of endings."""
    answered_at: datetime | None = None
    """Aware; None: nobody ever answered."""
    cause: int | None = None
    """Hangup cause (ITU-T Q.850), where Asterisk named one."""
    statistics: Mapping[str, int | float] = field(default_factory=dict)


Item = CallOpened | StepTaken | TranscriptSaid | ResultReported | LogWritten | CallClosed
