"""What the world is told: everything of an item but secrets, under an id that does not change."""

import json
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from controller.records import items
from controller.records.events import TYPES, to_event
from controller.records.items import HandoffOffered, TranscriptSaid
from controller.routing.webhook import EventType
from tests.unit.records.examples import START, closed, opened


def test_every_item_has_a_type_of_its_own() -> None:
    assert set(TYPES) == set(get_args(items.Item))
    assert len(set(TYPES.values())) == len(EventType) == len(TYPES)


def test_a_transcript() -> None:
    event = to_event(TranscriptSaid("c1", "1/t 1\n", 250.25, "bot", "Grüß Gott"), "reception", START)
    assert json.loads(event.payload) == {
        "id": event.id,
        "type": "transcript",
        "time": "2026-11-22T14:15:07.500Z",
        "call_id": "c1",
        "route": "reception",
        "data": {"id": "1/t 1\n", "role": "bot", "text": "Grüß Gott", "start_ms": None, "end_ms": None},
    }
    assert event.id.isascii()
    assert event.id.startswith("evt_")


def test_ids_are_the_same_again_and_differ_by_call_kind_and_id() -> None:
    said = [TranscriptSaid(call, name, 0, "bot", "x") for call in ("c1", "c2") for name in ("1", "2")]
    ids = [to_event(item, "r", START).id for item in said]
    assert len(set(ids)) == 4
    assert ids == [to_event(item, "r", START).id for item in said]


@pytest.mark.parametrize(("item", "time"), [(opened(), "14:15:07.250Z"), (closed(), "14:16:12.250Z")])
def test_begin_and_end_have_their_own_times(item: items.Item, time: str) -> None:
    assert json.loads(to_event(item, "r", START).payload)["time"] == f"2026-11-22T{time}"


def test_a_secret_is_not_told() -> None:
    expires = datetime(2026, 11, 23, tzinfo=UTC) + timedelta(0)
    assert "s3cret" not in to_event(HandoffOffered("c1", "h1", 0, "s3cret", "Ada", expires), "r", START).payload
