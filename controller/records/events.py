"""What the outside world is told: every item as an event, with the very text that webhooks sign and send. Pure."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from controller.records import items
from controller.routing.webhook import EventType

TYPES: Final[dict[type[Any], EventType]] = {
    items.CallOpened: EventType.CALL_STARTED,
    items.StepTaken: EventType.CALL_STEP,
    items.TranscriptSaid: EventType.TRANSCRIPT,
    items.ResultReported: EventType.RESULT,
    items.LogWritten: EventType.LOG,
    items.DtmfPressed: EventType.DTMF,
    items.TransferChanged: EventType.TRANSFER,
    items.VoicemailLeft: EventType.VOICEMAIL,
    items.CallbackAsked: EventType.CALLBACK,
    items.HandoffOffered: EventType.HANDOFF,
    items.MetadataAdded: EventType.METADATA,
    items.RecordingMade: EventType.RECORDING,
    items.CallClosed: EventType.CALL_ENDED,
}

_NOT_TOLD: Final = frozenset({"call_id", "at_ms", "secret_hash"})
"""What stands elsewhere in the event, and what nobody may have."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event. `id` is the same however often its item is written, so that whoever gets it twice can tell."""

    id: str
    call_id: str
    route: str
    type: EventType
    payload: str
    """JSON."""


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event that is on disk. `number` counts all events of the database upwards: where a reader left off."""

    number: int
    event: Event


def to_event(item: items.Item, route: str, started_at: datetime) -> Event:
    """The event of an item. `started_at`: of its call."""
    event_type = TYPES[type(item)]
    event_id = _event_id(item, event_type)
    told = {name: _plain(getattr(item, name)) for name in items.field_names(type(item)) if name not in _NOT_TOLD}
    payload = {
        "id": event_id,
        "type": event_type,
        "time": _plain(_time(item, started_at)),
        "call_id": item.call_id,
        "route": route,
        "data": told,
    }
    text = json.dumps(payload, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Event(event_id, item.call_id, route, event_type, text)


def _event_id(item: items.Item, event_type: EventType) -> str:
    """Not the item's own id: that is the bot's choice of characters, and this one goes into a header."""
    own = str(getattr(item, "id", "") or getattr(item, "position", ""))
    name = json.dumps([item.call_id, event_type, own])
    return f"evt_{hashlib.blake2s(name.encode(), digest_size=15).hexdigest()}"


def _time(item: items.Item, started_at: datetime) -> datetime:
    match item:
        case items.CallOpened():
            return item.started_at
        case items.CallClosed():
            return item.ended_at
        case _:
            return started_at + timedelta(milliseconds=item.at_ms)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return dict(value) if isinstance(value, Mapping) else value
