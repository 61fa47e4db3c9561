"""Reading events, from what Asterisk 22.10.1 really sent (captured_events.json)."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from controller.ari import events
from controller.errors import ProtocolError

CAPTURED: dict[str, dict[str, Any]] = {
    event["type"]: event for event in json.loads((Path(__file__).parent / "captured_events.json").read_text())
}


def captured(event_type: str) -> dict[str, Any]:
    return copy.deepcopy(CAPTURED[event_type])


@pytest.mark.parametrize("event_type", sorted(CAPTURED.keys() & events.EVENTS.keys()))
def test_captured_event_is_read(event_type: str) -> None:
    event = events.parse_event(captured(event_type))
    assert type(event) is events.EVENTS[event_type]
    assert event is not None
    assert events.subject(event) is not None


@pytest.mark.parametrize("event_type", sorted(CAPTURED.keys() - events.EVENTS.keys()))
def test_event_that_we_do_not_read_is_none(event_type: str) -> None:
    assert events.parse_event(captured(event_type)) is None


def test_stasis_start_of_a_call_from_the_trunk() -> None:
    event = events.parse_event(captured("StasisStart"))
    assert isinstance(event, events.StasisStart)
    assert event.args == ("trunk",)
    assert event.channel.caller == events.CallerID("Jane", "+491701234567")
    assert event.channel.dialplan.exten == "+493023125000"
    assert event.channel.state == "Ring"
    assert event.channel.protocol_id
    assert event.replace_channel is None


def test_hangup_request_without_causes() -> None:
    message = captured("ChannelHangupRequest")
    del message["cause"]
    event = events.parse_event(message)
    assert isinstance(event, events.ChannelHangupRequest)
    assert event.cause is None


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("digit", None),
        ("duration_ms", "100"),
        ("duration_ms", True),
        ("channel", None),
        ("channel", []),
        ("channel.id", None),
        ("channel.caller.number", None),
        ("channel.caller.number", 49),
    ],
)
def test_the_error_names_the_field(path: str, value: Any) -> None:
    message = captured("ChannelDtmfReceived")
    *parents, last = path.split(".")
    target = message
    for parent in parents:
        target = target[parent]
    target[last] = value
    with pytest.raises(ProtocolError, match=path) as caught:
        events.parse_event(message)
    assert caught.value.field == path


def test_an_event_without_a_type() -> None:
    with pytest.raises(ProtocolError) as caught:
        events.parse_event({"channel": {}})
    assert caught.value.field == "type"


def test_sounds_and_recordings_are_about_their_channel_or_bridge() -> None:
    playback = {"id": "p", "target_uri": "bridge:b-1", "state": "done"}
    event = events.parse_event({"type": "PlaybackFinished", "playback": playback})
    assert event is not None
    assert events.subject(event) == "b-1"
    recording = {"name": "r", "target_uri": "channel:c-1", "state": "failed", "cause": "no space"}
    event = events.parse_event({"type": "RecordingFailed", "recording": recording})
    assert event is not None
    assert events.subject(event) == "c-1"


def test_fields_read_lists_what_is_required() -> None:
    assert events.fields_read(events.ChannelDestroyed) == {
        "channel": (events.Channel, True),
        "cause": (int, True),
        "cause_txt": (str, True),
        "tech_cause": (int, False),
    }
