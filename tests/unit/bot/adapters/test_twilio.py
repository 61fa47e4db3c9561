"""Twilio Media Streams against the messages of its documentation, both ways, and against Twilio's own library."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from controller.bot.adapters.adapter import Opening, Speech
from controller.bot.adapters.twilio import Twilio, call_sid, signature, stream_sid
from controller.bot.protocol import (
    Accept,
    Ack,
    Answered,
    Clear,
    Cleared,
    Dtmf,
    End,
    Error,
    Hangup,
    Mark,
    MarkReached,
    Party,
    SpeechStarted,
    Start,
    ToBot,
    TransferProgress,
    UnknownType,
)
from controller.errors import ProtocolError

ACCOUNT = "AC" + "1" * 32
SESSION = "call-1/1"
STREAM = stream_sid(SESSION)
CALL = "CA7b4aab1bd6ca40a4d6ec3bc6ab4ba7a3"
START = Start(call_id="call-1", caller=Party(number="+4930111"), callee=Party(number="+4930222"), route="default")

FROM_TWILIO: dict[str, Any] = {
    "connected": {"event": "connected", "protocol": "Call", "version": "1.0.0"},
    "start": {
        "event": "start",
        "sequenceNumber": "1",
        "start": {
            "accountSid": ACCOUNT,
            "streamSid": STREAM,
            "callSid": call_sid("call-1"),
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": {"from": "+4930111", "to": "+4930222", "FirstName": "Jane"},
        },
        "streamSid": STREAM,
    },
    "media": {
        "event": "media",
        "sequenceNumber": "2",
        "media": {"track": "inbound", "chunk": "1", "timestamp": "0", "payload": "//79"},
        "streamSid": STREAM,
    },
    "dtmf": {
        "event": "dtmf",
        "sequenceNumber": "2",
        "dtmf": {"track": "inbound_track", "digit": "1"},
        "streamSid": STREAM,
    },
    "mark": {"event": "mark", "sequenceNumber": "2", "mark": {"name": "my label"}, "streamSid": STREAM},
    "stop": {
        "event": "stop",
        "sequenceNumber": "2",
        "stop": {"accountSid": ACCOUNT, "callSid": call_sid("call-1")},
        "streamSid": STREAM,
    },
}


def stream(**parameters: str) -> Twilio:
    return Twilio(Opening("wss://bot.example/ws", START, session=SESSION, parameters=parameters))


def started() -> Twilio:
    adapter = stream(accountSid=ACCOUNT, FirstName="Jane")
    adapter.to_bot(START)
    return adapter


def texts(adapter: Twilio, message: ToBot) -> list[Any]:
    return [json.loads(step) for step in adapter.to_bot(message) if isinstance(step, str)]


def test_a_stream_begins_with_connected_and_start_and_is_accepted() -> None:
    about = {"statusCallback": "https://a.example/?key=k3y", "statusCallbackMethod": "GET", "streamName": "first"}
    steps = stream(accountSid=ACCOUNT, FirstName="Jane", **about).to_bot(START)
    assert [json.loads(step) for step in steps[:2] if isinstance(step, str)] == [
        FROM_TWILIO["connected"],
        FROM_TWILIO["start"],
    ]
    assert steps[2] == Accept(type="accept")


def test_the_operators_parameters_win_and_a_withheld_number_is_left_out() -> None:
    start = START.model_copy(update={"caller": Party()})
    adapter = Twilio(Opening("wss://bot.example/ws", start, parameters={"to": "front desk"}))
    (_, begun, _) = adapter.to_bot(start)
    assert isinstance(begun, str)
    assert json.loads(begun)["start"]["customParameters"] == {"to": "front desk"}
    assert json.loads(begun)["start"]["accountSid"] == "AC" + "0" * 32


@pytest.mark.parametrize(
    ("message", "event"),
    [
        (Dtmf(digit="1", duration_ms=120), "dtmf"),
        (MarkReached(name="my label"), "mark"),
        (End(reason="caller_hung_up"), "stop"),
    ],
)
def test_what_we_say_is_what_twilio_says(message: ToBot, event: str) -> None:
    assert texts(started(), message) == [FROM_TWILIO[event]]


def test_the_callers_audio_is_numbered_and_timed() -> None:
    adapter = started()
    assert json.loads(adapter.audio_to_bot(b"\xff\xfe\xfd")) == FROM_TWILIO["media"]
    adapter.audio_to_bot(bytes(157))
    third = json.loads(adapter.audio_to_bot(memoryview(bytes(160))))
    assert third["sequenceNumber"] == "4"
    assert third["media"]["chunk"] == "3"
    assert third["media"]["timestamp"] == "20"
    assert base64.b64decode(third["media"]["payload"]) == bytes(160)


def test_a_clear_returns_the_marks_that_it_dropped() -> None:
    marks = texts(started(), Cleared(discarded_ms=100, marks=["a", "b"]))
    assert [(mark["event"], mark["mark"]["name"], mark["sequenceNumber"]) for mark in marks] == [
        ("mark", "a", "2"),
        ("mark", "b", "3"),
    ]


@pytest.mark.parametrize(
    "message",
    [
        Answered(),
        SpeechStarted(at_ms=1),
        Ack(id="a"),
        TransferProgress(state="ringing"),
        Error(code="overrun", message="x"),
    ],
)
def test_what_twilio_has_no_word_for_is_not_said(message: ToBot) -> None:
    adapter = started()
    assert adapter.to_bot(message) == ()
    assert json.loads(adapter.audio_to_bot(b""))["sequenceNumber"] == "2"


@pytest.mark.parametrize(
    ("frame", "step"),
    [
        ({"event": "media", "streamSid": STREAM, "media": {"payload": "//79"}}, Speech(b"\xff\xfe\xfd")),
        ({"event": "mark", "streamSid": STREAM, "mark": {"name": "my label"}}, Mark(type="mark", name="my label")),
        ({"event": "clear", "streamSid": STREAM}, Clear(type="clear")),
    ],
)
def test_what_the_bot_says(frame: dict[str, Any], step: object) -> None:
    assert started().text_from_bot(json.dumps(frame).encode()) == (step,)


@given(st.binary(max_size=2_000))
def test_audio_survives_the_way_there_and_back(audio: bytes) -> None:
    adapter = started()
    frame = json.loads(adapter.audio_to_bot(audio))
    assert adapter.text_from_bot(json.dumps(frame).encode()) == (Speech(audio),)


@pytest.mark.parametrize(
    ("frame", "field"),
    [
        ({}, "event"),
        ({"event": 7}, "event"),
        ({"event": "media", "streamSid": STREAM}, "media.payload"),
        ({"event": "media", "streamSid": STREAM, "media": {"payload": "not base64!"}}, "media.payload"),
        ({"event": "media", "streamSid": STREAM, "media": {"payload": "ÿÿÿ="}}, "media.payload"),
        ({"event": "media", "streamSid": STREAM, "media": {"payload": 7}}, "media.payload"),
        ({"event": "media", "media": {"payload": "//79"}}, "streamSid"),
        ({"event": "clear", "streamSid": "MZ1"}, "streamSid"),
        ({"event": "mark", "streamSid": STREAM, "mark": {"name": ""}}, "mark.name"),
        ({"event": "mark", "streamSid": STREAM, "mark": {"name": "x" * 129}}, "mark.name"),
        ({"event": "mark", "streamSid": STREAM, "mark": "x"}, "mark.name"),
    ],
)
def test_a_fault_is_named_by_its_field(frame: dict[str, Any], field: str) -> None:
    with pytest.raises(ProtocolError) as raised:
        started().text_from_bot(json.dumps(frame).encode())
    assert raised.value.field == field


def test_an_unknown_event_is_no_fault() -> None:
    with pytest.raises(UnknownType, match="'tts'"):
        started().text_from_bot(b'{"event":"tts"}')


@pytest.mark.parametrize(("code", "hangs_up"), [(1000, True), (1001, True), (1005, True), (1006, False), (1011, False)])
def test_a_bot_that_closes_its_stream_normally_has_hung_up(code: int, hangs_up: bool) -> None:
    steps = started().closed_by_bot(code)
    assert [type(step) for step in steps] == ([Hangup] if hangs_up else [])


@pytest.mark.parametrize("url", ["wss://bot.example/ws?a=1&b=2", "wss://u:p@bot.example:8443/ws"])
def test_the_handshake_carries_the_signature_that_twilios_library_accepts(url: str) -> None:
    handshake = Twilio(Opening(url, START, token="t0ken", headers={"X-Own": "1"})).handshake()
    headers = dict(handshake.headers)
    assert handshake.subprotocol is None
    assert headers["X-Own"] == "1"
    validator = RequestValidator("t0ken")
    assert validator.validate(url.replace("u:p@", ""), {}, headers["X-Twilio-Signature"])
    assert not validator.validate("wss://elsewhere.example/", {}, headers["X-Twilio-Signature"])


@given(st.dictionaries(st.text(min_size=1, max_size=9), st.text(max_size=9), max_size=5))
def test_a_signed_form_is_accepted_by_twilios_library(fields: dict[str, str]) -> None:
    signed = signature("t0ken", "https://app.example/status", fields)
    assert RequestValidator("t0ken").validate("https://app.example/status", fields, signed)


def test_the_sid_of_a_call_is_always_the_same() -> None:
    assert call_sid("call-1") == call_sid("call-1") != call_sid("call-2")
    assert len(call_sid("call-1")) == len(CALL)
