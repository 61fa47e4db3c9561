"""Events of what is so just now: told to those who ask for their type, without a number, and stored nowhere."""

import json
from datetime import UTC, datetime
from enum import StrEnum

from controller.api.event_log import Entry
from controller.media.control_messages import Speaking


class PassingType(StrEnum):
    """What such an event is about; beside `routing.webhook.EventType`."""

    SPEAKING = "speaking"


def speaking(call_id: str, route: str, who: Speaking | None, at: datetime) -> Entry:
    """Who is to be heard in a call has changed; None: nobody can say any more."""
    event = {
        "type": PassingType.SPEAKING,
        "time": at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "call_id": call_id,
        "route": route,
        "data": {"speaking": who},
    }
    text = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
    return Entry(0, PassingType.SPEAKING, call_id, route, text)
