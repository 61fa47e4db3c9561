"""The messages: what we write can be read, what bots write is checked, and the field at fault is named."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from controller.bot import protocol
from controller.bot.protocol import parse_from_bot, parse_to_bot, serialize
from controller.errors import ProtocolError

TEXT = st.text(st.characters(codec="utf-8"), max_size=200)
IDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=128)
NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=10,
)
DATA = st.dictionaries(TEXT, JSON, max_size=4)
COUNTERS = st.dictionaries(TEXT, NUMBERS, max_size=3)
PARTIES = st.builds(protocol.Party, number=st.none() | TEXT, name=st.none() | TEXT)

TO_BOT = st.one_of(
    # Not st.builds: it would add fields of its own under the names on the wire.
    st.fixed_dictionaries({"call_id": IDS, "caller": PARTIES, "callee": PARTIES, "route": TEXT, "metadata": DATA}).map(
        lambda fields: protocol.Start(**fields)
    ),
    st.just(protocol.Answered()),
    st.builds(protocol.Dtmf, digit=st.sampled_from("0123456789ABCD*#"), duration_ms=st.integers(0, 60_000)),
    st.builds(protocol.MarkReached, name=IDS),
    st.builds(protocol.Cleared, discarded_ms=st.integers(0, 10**6), marks=st.lists(IDS, max_size=3)),
    st.builds(protocol.Ack, id=IDS),
    st.builds(protocol.TransferProgress, state=st.sampled_from(["ringing", "connected", "busy"]), detail=TEXT),
    st.builds(protocol.Error, code=st.sampled_from(["malformed", "overrun"]), message=TEXT, field=st.none() | TEXT),
    st.builds(protocol.PlayFinished, id=IDS, outcome=st.sampled_from(["played", "cleared", "failed"]), detail=TEXT),
    st.builds(protocol.RecordingState, state=st.sampled_from(["recording", "paused", "failed"]), detail=TEXT),
    st.builds(protocol.MetadataUpdated, data=DATA),
    st.builds(protocol.Statistics, counters=COUNTERS),
    st.builds(protocol.Pong, id=st.none() | IDS),
    st.builds(protocol.End, reason=st.sampled_from(["caller_hung_up", "shutdown"]), counters=st.none() | COUNTERS),
)

FROM_BOT = st.one_of(
    st.builds(
        protocol.Accept,
        audio=st.none() | st.builds(protocol.ChosenAudio, encoding=st.sampled_from(["mulaw", "pcm16"])),
        resume_token=st.none() | IDS,
        messages_received=st.none() | st.integers(0, 1_000),
    ),
    st.builds(protocol.Reject, reason=st.sampled_from(["busy", "unavailable"]), message=TEXT),
    st.just(protocol.Clear(type="clear")),
    st.builds(protocol.Mark, name=IDS),
    st.builds(protocol.Transcript, id=st.none() | IDS, role=st.sampled_from(["caller", "bot", "human"]), text=TEXT),
    st.builds(protocol.Result, id=st.none() | IDS, name=IDS, data=DATA),
    st.builds(protocol.Log, id=st.none() | IDS, level=st.sampled_from(["debug", "error"]), message=TEXT, data=DATA),
    st.builds(protocol.MetadataUpdate, data=DATA),
    st.builds(protocol.SendDtmf, digits=st.text("0123456789ABCD*#", min_size=1, max_size=64)),
    st.builds(protocol.Play, url=IDS, id=st.none() | IDS),
    st.sampled_from([protocol.Hold(type="hold"), protocol.Unhold(type="unhold")]),
    st.builds(protocol.Recording, action=st.sampled_from(["start", "pause", "resume", "stop"])),
    st.just(protocol.GetStatistics(type="get_statistics")),
    st.builds(protocol.Ping, id=st.none() | IDS),
    st.builds(
        protocol.Transfer,
        to=IDS,
        way=st.sampled_from(["bridge", "attended", "refer", "queue"]),
        summary=TEXT,
        headers=st.dictionaries(
            st.sampled_from(["X-A", "X-B2"]),
            st.text(st.characters(codec="ascii", min_codepoint=32, max_codepoint=126), max_size=9),
        ),
    ),
    st.just(protocol.TransferComplete(type="transfer_complete")),
    st.just(protocol.TransferCancel(type="transfer_cancel")),
    st.builds(protocol.Hangup, reason=TEXT, result=st.none() | st.builds(protocol.FinalResult, name=IDS, data=DATA)),
)


@given(TO_BOT)
def test_what_we_write_to_a_bot_reads_as_what_we_meant(message: protocol.ToBot) -> None:
    assert parse_to_bot(serialize(message)) == message


@given(FROM_BOT)
def test_what_a_bot_writes_reads_as_what_it_meant(message: protocol.FromBot) -> None:
    assert parse_from_bot(serialize(message)) == message


@given(TO_BOT | FROM_BOT)
def test_a_frame_is_one_json_object_without_nulls_of_ours(message: protocol.ToBot | protocol.FromBot) -> None:
    frame = json.loads(serialize(message))
    assert frame["type"] == message.type
    assert not [name for name, value in frame.items() if value is None]


def test_start_has_the_names_of_the_page() -> None:
    start = protocol.Start(
        call_id="c1", caller=protocol.Party(number="+4930"), callee=protocol.Party(number="110"), route="reception"
    )
    assert json.loads(serialize(start)) == {
        "type": "start",
        "protocol": "ari-controller.v1",
        "call_id": "c1",
        "direction": "inbound",
        "from": {"number": "+4930"},
        "to": {"number": "110"},
        "route": "reception",
        "audio": {"encoding": "mulaw", "sample_rate": 8000, "channels": 1},
        "resumed": False,
        "metadata": {},
    }


def test_the_shortest_messages_have_defaults() -> None:
    assert parse_from_bot('{"type":"reject"}') == protocol.Reject(type="reject", reason="unavailable", message="")
    transcript = parse_from_bot('{"type":"transcript","role":"bot","text":"Hello"}')
    assert isinstance(transcript, protocol.Transcript)
    assert transcript.final
    assert transcript.id is None
    assert parse_from_bot('{"type":"transfer"}') == protocol.Transfer(type="transfer", to="human", summary="")


@pytest.mark.parametrize(
    ("frame", "field"),
    [
        ("", None),
        ("hello", None),
        ('{"type":"clear"', None),
        ("[]", None),
        ('"clear"', None),
        ("null", None),
        ("{}", "type"),
        ('{"type":null}', "type"),
        ('{"type":7}', "type"),
        ('{"type":["clear"]}', "type"),
        ('{"type":"mark"}', "name"),
        ('{"type":"mark","name":""}', "name"),
        ('{"type":"mark","name":7}', "name"),
        (json.dumps({"type": "mark", "name": "x" * 129}), "name"),
        ('{"type":"reject","reason":"tired"}', "reason"),
        (json.dumps({"type": "reject", "message": "x" * 501}), "message"),
        ('{"type":"transcript","text":"Hello"}', "role"),
        ('{"type":"transcript","role":"dog","text":"Woof"}', "role"),
        ('{"type":"transcript","role":"bot"}', "text"),
        ('{"type":"transcript","role":"bot","text":"Hello","final":"no"}', "final"),
        ('{"type":"transcript","role":"bot","text":"Hello","id":""}', "id"),
        (json.dumps({"type": "transcript", "role": "bot", "text": "x" * 20_001}), "text"),
        ('{"type":"result","data":{}}', "name"),
        ('{"type":"result","name":"Booked","data":[]}', "data"),
        ('{"type":"result","name":"Booked","data":{"price":NaN}}', "data"),
        ('{"type":"result","name":"Booked","data":{"prices":[{"net":1e999}]}}', "data"),
        ('{"type":"log","message":"x","level":"fatal"}', "level"),
        ('{"type":"log","level":"info"}', "message"),
        ('{"type":"transfer","to":""}', "to"),
        ('{"type":"transfer","way":"pigeon"}', "way"),
        ('{"type":"transfer","headers":{"Via":"evil"}}', "headers.Via.[key]"),
        ('{"type":"transfer","headers":{"X-A":"1\\r\\nVia: evil"}}', "headers.X-A"),
        ('{"type":"send_dtmf","digits":""}', "digits"),
        ('{"type":"send_dtmf","digits":"12E"}', "digits"),
        ('{"type":"send_dtmf","digits":"1","duration_ms":39}', "duration_ms"),
        ('{"type":"play"}', "url"),
        ('{"type":"recording"}', "action"),
        ('{"type":"recording","action":"burn"}', "action"),
        ('{"type":"metadata_update"}', "data"),
        ('{"type":"metadata_update","data":{"a":NaN}}', "data"),
        ('{"type":"hangup","result":{"data":{}}}', "result.name"),
        ('{"type":"reject","retry_after_seconds":3601}', "retry_after_seconds"),
        ('{"type":"accept","audio":{"encoding":"opus"}}', "audio.encoding"),
        ('{"type":"accept","resume_token":""}', "resume_token"),
        ('{"type":"transcript","role":"bot","text":"x","start_ms":-1}', "start_ms"),
        (json.dumps({"type": "hangup", "reason": "x" * 201}), "reason"),
    ],
)
def test_a_malformed_message_names_the_field(frame: str, field: str | None) -> None:
    with pytest.raises(ProtocolError) as raised:
        parse_from_bot(frame)
    assert not isinstance(raised.value, protocol.UnknownType)
    assert raised.value.field == field
    assert str(raised.value)
    assert "Value error" not in str(raised.value)


def test_a_path_into_an_object_is_dotted_and_uses_the_names_on_the_wire() -> None:
    with pytest.raises(ProtocolError) as raised:
        parse_to_bot('{"type":"start","call_id":"c","from":{"number":5},"to":{},"route":"r"}')
    assert raised.value.field == "from.number"


@pytest.mark.parametrize("frame", [b'{"type":"log","message":"\xff"}', b"\x00", b'{"type":"log","message":"\\ud800"}'])
def test_text_that_is_no_unicode_is_malformed(frame: bytes) -> None:
    with pytest.raises(ProtocolError):
        parse_from_bot(frame)


def test_nesting_without_end_is_malformed() -> None:
    with pytest.raises(ProtocolError):
        parse_from_bot('{"type":"result","name":"x","data":{"x":' + "[" * 30_000 + "]" * 30_000 + "}}")


@pytest.mark.parametrize("name", ["dance", "start", "ack", ""])
def test_an_unknown_type_is_told_apart(name: str) -> None:
    with pytest.raises(protocol.UnknownType, match="unknown type") as raised:
        parse_from_bot(json.dumps({"type": name, "x": 1}))
    assert raised.value.field == "type"


def test_an_unknown_type_is_not_repeated_at_length() -> None:
    with pytest.raises(protocol.UnknownType) as raised:
        parse_from_bot(json.dumps({"type": "x" * 60_000}))
    assert len(str(raised.value)) < 100


@given(FROM_BOT, st.dictionaries(st.text(min_size=1).map("x-".__add__), JSON, max_size=3))
def test_a_bot_may_send_fields_that_we_do_not_know(message: protocol.FromBot, more: dict[str, Any]) -> None:
    frame = json.dumps({**json.loads(serialize(message)), **more})
    assert parse_from_bot(frame) == message


@pytest.mark.parametrize(
    "fields", [{"digit": "12"}, {"digit": "E"}, {"digit": "1\n"}, {"digit": "1", "duration_ms": -1}]
)
def test_our_own_mistakes_are_found_when_a_message_is_built(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        protocol.Dtmf(**fields)
    with pytest.raises(ValidationError):
        protocol.End(reason="bored")


@given(st.text() | st.binary() | JSON.map(json.dumps))
def test_no_frame_does_more_than_raise_our_error(frame: str | bytes) -> None:
    try:
        message = parse_from_bot(frame)
    except ProtocolError:
        return
    assert json.loads(serialize(message))["type"] == message.type


def test_numbers_are_finite_at_any_depth() -> None:
    with pytest.raises(ValidationError, match="finite"):
        protocol.Result(type="result", name="x", data={"deep": [{"er": -math.inf}]})
