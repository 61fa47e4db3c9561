"""AudioCodes' Bot API: whatever is wrong is a fault by name, and nothing else."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.bot.protocol import (
    UnknownType,
)
from controller.errors import ProtocolError
from tests.unit.bot.adapters.audiocodes_side import START, Bot, accepted, session
from tests.unit.bot.test_protocol import JSON

# --- faults -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "fields", "field"),
    [
        ("session.accepted", {}, "type"),
        ("playStream.start", {}, "streamId"),
        ("playStream.chunk", {"streamId": "1", "audioChunk": "AQI="}, "streamId"),
        ("playStream.stop", {"streamId": "1"}, "streamId"),
        ("userStream.speech.hypothesis", {"alternatives": []}, "alternatives.0.text"),
        ("userStream.speech.recognition", {}, "text"),
        ("activities", {}, "activities"),
        ("activities", {"activities": [7]}, "activities"),
        ("activities", {"activities": [{"type": "event"}] * 101}, "activities"),
        ("activities", {"activities": [{"type": "event", "name": "sendDtmf", "value": "x"}]}, "digits"),
        (
            "activities",
            {"activities": [{"type": "event", "name": "transfer", "activityParams": {"transferSipHeaders": ["x"]}}]},
            "activityParams.transferSipHeaders",
        ),
    ],
)
def test_a_fault_is_named_by_its_field(kind: str, fields: dict[str, Any], field: str) -> None:
    with pytest.raises(ProtocolError) as raised:
        accepted().says(kind, **fields)
    assert raised.value.field == field


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"playUrlUrl": "ftp://files.example/a.wav"}, "playUrlUrl"),
        ({"playUrlUrl": "https://files.example/a.raw", "playUrlMediaFormat": "raw/lpcm16"}, "playUrlMediaFormat"),
        ({"playUrlUrl": "data:;base64,AQI=", "playUrlMediaFormat": "raw/mulaw"}, "playUrlMediaFormat"),
        ({"playUrlUrl": "data:AQI=", "playUrlMediaFormat": "raw/lpcm16"}, "playUrlUrl"),
        ({}, "playUrlUrl"),
    ],
)
def test_a_file_that_cannot_be_played_is_told(params: dict[str, str], field: str) -> None:
    with pytest.raises(ProtocolError) as raised:
        accepted().does("playUrl", activityParams=params)
    assert raised.value.field == f"activityParams.{field}"


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("session.renamed", {}),
        ("userStream.paused", {}),
        ("activities", {"activities": [{"type": "event", "name": "fly"}]}),
        ("activities", {"activities": [{"type": "wave"}]}),
    ],
)
def test_an_unknown_kind_is_no_fault(kind: str, fields: dict[str, Any]) -> None:
    with pytest.raises(UnknownType):
        accepted().says(kind, **fields)


KINDS = st.sampled_from(
    [
        "session.accepted",
        "session.error",
        "connection.validated",
        "userStream.started",
        "userStream.stopped",
        "userStream.speech.started",
        "userStream.speech.hypothesis",
        "userStream.speech.recognition",
        "activities",
        "playStream.start",
        "playStream.chunk",
        "playStream.stop",
    ]
)
EVENTS = st.sampled_from(
    ["hangup", "transfer", "handover", "playUrl", "sendDtmf", "sendMetaData", "config", "abortPrompts"]
)
PARAMS = st.sampled_from(
    [
        "bargeIn",
        "transferTarget",
        "handoverReason",
        "transferSipHeaders",
        "playUrlUrl",
        "playUrlMediaFormat",
        "dtmf",
        "playUrlAltText",
        "hangupReason",
        "name",
        "value",
    ]
)
WORDS = st.sampled_from(["raw/lpcm16", "wav/lpcm16", "data:;base64,AQI=", "https://a/b.wav", "tel:+1", "AQI=", "1"])
VALUES = st.recursive(
    JSON | WORDS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(PARAMS, inner, max_size=4), max_leaves=8
)
ACTIVITIES = st.fixed_dictionaries(
    {"type": st.sampled_from(["event", "message"]) | VALUES, "name": EVENTS | VALUES},
    optional={
        "activityParams": st.dictionaries(PARAMS, VALUES, max_size=4) | VALUES,
        "sessionParams": VALUES,
        "value": VALUES,
        "text": VALUES,
    },
)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "activities": st.lists(ACTIVITIES | VALUES, max_size=4) | VALUES,
        "streamId": WORDS | VALUES,
        "mediaFormat": WORDS | VALUES,
        "audioChunk": WORDS | VALUES,
        "alternatives": VALUES,
        "text": VALUES,
        "reason": VALUES,
        "success": VALUES,
        "altText": VALUES,
        "activityParams": VALUES,
    },
)


@given(st.lists(st.tuples(KINDS, FIELDS), max_size=6), st.booleans())
def test_no_fields_raise_anything_but_a_protocol_error(said: list[tuple[str, Any]], is_accepted: bool) -> None:
    adapter = session()
    adapter.to_bot(START)
    bot = accepted() if is_accepted else Bot(adapter)
    for kind, fields in said:
        with contextlib.suppress(ProtocolError):
            bot.says(kind, **fields)
