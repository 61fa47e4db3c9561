"""What is written about a call, one frozen value per fact. Pure: the call's own logic makes them, `store` keeps them.

Every item can be written twice and is kept once: a call by its id, a step by its position, and everything else by
its id within the call and its kind. Times within a call are milliseconds since its `started_at`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Final, get_args


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
    forwarded_from: str | None = None
    """The number that was dialled first, where another phone sent the call on to us."""
    direction: str = "inbound"
    """inbound or outbound."""


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
    text: str = field(repr=False)
    """In no log: what was said has its own days to be kept."""
    start_ms: float | None = None
    """Where in the audio since the answer it was said, where the bot knows."""
    end_ms: float | None = None


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


@dataclass(frozen=True, slots=True)
class DtmfPressed:
    """A key of the telephone. `leg` is caller or human."""

    call_id: str
    id: str
    at_ms: float
    digit: str
    duration_ms: int = 0
    leg: str = "caller"


@dataclass(frozen=True, slots=True)
class TransferChanged:
    """One step of a way to a human. `attempt` counts the call's transfers; `state` is of the bot protocol's words."""

    call_id: str
    id: str
    at_ms: float
    attempt: int
    to: str
    """Name or number of the human, or of the group."""
    state: str
    detail: str = ""
    summary: str = ""
    """What the human should know, where the bot has said it."""


@dataclass(frozen=True, slots=True)
class VoicemailLeft:
    """The caller has spoken to nobody. `recording` is the name of the file."""

    call_id: str
    id: str
    at_ms: float
    recording: str
    duration_ms: int
    text: str = ""
    """What was said, where somebody has written it down."""


@dataclass(frozen=True, slots=True)
class CallbackAsked:
    """The caller wants to be called back: a task that stays open until somebody has done it."""

    call_id: str
    id: str
    at_ms: float
    phone: str
    """The number to call."""
    note: str = ""
    wanted_at: datetime | None = None
    """Aware; None: as soon as possible."""


@dataclass(frozen=True, slots=True)
class HandoffOffered:
    """What a bot has found out, for whoever takes the caller. Read with a secret that only the taker was given."""

    call_id: str
    id: str
    """Unique over all calls: it is what the taker asks for."""
    at_ms: float
    secret_hash: str
    """Never the secret itself: `records.tasks.hash_secret`. It leaves the database with no event."""
    summary: str
    expires_at: datetime
    """Aware; kept in UTC."""
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MetadataAdded:
    """Something known about the call. `source` says who knew it, such as context, sip, bot or api."""

    call_id: str
    id: str
    at_ms: float
    source: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RecordingMade:
    """A recording of the call, finished. `name` is Asterisk's, without a path."""

    call_id: str
    id: str
    at_ms: float
    """Where in the call it began."""
    name: str
    format: str
    duration_ms: int
    size_bytes: int = 0
    sha256: str = ""
    """Of the file, so that nobody can change it unseen."""


Said = (
    TranscriptSaid
    | ResultReported
    | LogWritten
    | DtmfPressed
    | TransferChanged
    | VoicemailLeft
    | CallbackAsked
    | HandoffOffered
    | MetadataAdded
    | RecordingMade
)
"""What has an id within its call."""

Item = CallOpened | StepTaken | Said | CallClosed


@dataclass(frozen=True, slots=True)
class CallHeld:
    """What has to be known to go on with a call that another controller began. Nobody is told of it.

    Not an item: each takes the place of the one before, and the last goes with the call.
    """

    call_id: str
    state: Mapping[str, Any] = field(repr=False)


Writable = Item | CallHeld


_NAMES: Final = {kind: tuple(field.name for field in fields(kind)) for kind in get_args(Item)}


def field_names(kind: type[Any]) -> tuple[str, ...]:
    """Of a kind of item, in order. Asked for several times for every item, and `fields` takes its time."""
    return _NAMES[kind]
