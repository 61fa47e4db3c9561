"""The Bot API against messages as VoiceAI Connect and AudioCodes' own library write them, both ways."""

import base64
import contextlib
import json
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.bot.adapters.adapter import Left, Opening, Speech
from controller.bot.adapters.audiocodes import PLAYING_MAX, AudioCodes
from controller.bot.protocol import (
    Accept,
    Ack,
    Answered,
    AudioFormat,
    Clear,
    Cleared,
    Dtmf,
    End,
    EndReason,
    Error,
    Hangup,
    Log,
    Mark,
    MarkReached,
    MetadataUpdate,
    Party,
    Play,
    PlayFinished,
    Recording,
    Reject,
    ResumePoint,
    SendDtmf,
    SpeechStarted,
    Start,
    ToBot,
    Transcript,
    Transfer,
    UnknownType,
)
from controller.errors import ProtocolError
from tests.unit.bot.test_protocol import JSON

CONVERSATION = "f010e998-4499-4ddb-80d4-fea137fd7b4d"
START = Start(
    call_id=CONVERSATION,
    caller=Party(number="+491604697810", name="Jane"),
    callee=Party(number="+493040739365"),
    route="reception",
    audio=AudioFormat(encoding="pcm16", sample_rate=16000),
)

FROM_AUDIOCODES: dict[str, Any] = {
    "session.initiate": {
        "type": "session.initiate",
        "conversationId": CONVERSATION,
        "expectAudioMessages": True,
        "botName": "reception",
        "caller": "+491604697810",
        "supportedMediaFormats": ["raw/lpcm16"],
    },
    "start": {
        "type": "activities",
        "conversationId": CONVERSATION,
        "activities": [
            {
                "id": "e54d4dfe-e1ff-4272-8c3d-4ec4f4294681",
                "timestamp": "2024-12-04T15:07:55.145Z",
                "type": "event",
                "name": "start",
                "language": "en-US",
                "parameters": {
                    "locale": "en-US",
                    "callee": "+493040739365",
                    "caller": "+491604697810",
                    "callerDisplayName": "Jane",
                    "vaigConversationId": CONVERSATION,
                },
            }
        ],
    },
    "dtmf": {
        "type": "activities",
        "conversationId": CONVERSATION,
        "activities": [
            {
                "id": "582bbc43-0ef7-47e9-97b4-1e6141625b01",
                "timestamp": "2022-07-20T07:15:48.239Z",
                "type": "event",
                "name": "dtmf",
                "language": "en-US",
                "value": "5",
            }
        ],
    },
}


def session(start: Start = START, /, **parameters: str) -> AudioCodes:
    opening = Opening(
        "wss://bot.example/ws", start, "s3cret", parameters=parameters, nonce="0f" * 16, unix_seconds=1_733_324_875.145
    )
    return AudioCodes(opening)


class Bot:
    """The other side: names its messages as AudioCodes' library does, without a conversation."""

    def __init__(self, adapter: AudioCodes) -> None:
        self.adapter = adapter

    def says(self, kind: str, **fields: Any) -> list[Any]:
        """Our answer; frames are read as JSON."""
        return read_steps(self.adapter.text_from_bot(json.dumps({"type": kind, **fields}).encode()))

    def does(self, name: str, **fields: Any) -> list[Any]:
        return self.says("activities", activities=[{"type": "event", "name": name, **fields}])

    def speaks(self, stream: str, audio: bytes = b"good morning") -> list[Any]:
        self.says("playStream.start", streamId=stream, mediaFormat="raw/lpcm16")
        return self.says("playStream.chunk", streamId=stream, audioChunk=base64.b64encode(audio).decode())


def read_steps(steps: Any) -> list[Any]:
    return [json.loads(step) if isinstance(step, str) else step for step in steps]


def accepted(start: Start = START, /, **parameters: str) -> Bot:
    adapter = session(start, **parameters)
    adapter.to_bot(start)
    bot = Bot(adapter)
    bot.says("session.accepted", mediaFormat="raw/lpcm16")
    bot.says("userStream.started")
    return bot


def without_drawn(frame: dict[str, Any]) -> dict[str, Any]:
    """The ids and times of activities are nobody's business but their form."""
    for activity in frame.get("activities", []):
        assert len(activity.pop("id")) == 36
        assert activity.pop("timestamp").endswith("Z")
    return frame


# --- the session --------------------------------------------------------------------------------------------


def test_the_token_is_a_bearers() -> None:
    assert dict(session().handshake().headers) == {"Authorization": "Bearer s3cret"}


def test_a_session_is_initiated_as_voiceai_connect_does() -> None:
    assert read_steps(session().to_bot(START)) == [FROM_AUDIOCODES["session.initiate"]]


def test_an_accepted_session_has_the_call_and_its_audio() -> None:
    adapter = session(language="en-US")
    adapter.to_bot(START)
    accept, start, stream = Bot(adapter).says("session.accepted", mediaFormat="raw/lpcm16")
    assert accept == Accept(type="accept", resume_token=CONVERSATION)
    assert start["activities"][0]["timestamp"] == "2024-12-04T15:07:55.145Z"
    assert without_drawn(start) == without_drawn(FROM_AUDIOCODES["start"])
    assert stream == {"type": "userStream.start", "conversationId": CONVERSATION}


def test_the_operators_parameters_and_the_callers_headers_are_those_of_the_start() -> None:
    start = START.model_copy(update={"sip_headers": {"X-Customer": "7", "X-Team": "a"}, "language": "de-DE"})
    adapter = session(start, botName="Concierge", **{"X-Team": "sales"})
    (initiate,) = read_steps(adapter.to_bot(start))
    assert initiate["botName"] == "Concierge"
    _, begin, _ = Bot(adapter).says("session.accepted")
    parameters = begin["activities"][0]["parameters"]
    assert (parameters["X-Customer"], parameters["X-Team"], parameters["locale"]) == ("7", "sales", "de-DE")


@pytest.mark.parametrize(
    ("audio", "media"),
    [
        (AudioFormat(), "raw/mulaw"),
        (AudioFormat(encoding="pcm16"), "raw/lpcm16_8"),
        (AudioFormat(encoding="pcm16", sample_rate=24000), "raw/lpcm16_24"),
    ],
)
def test_the_audio_of_the_route_is_what_is_offered(audio: AudioFormat, media: str) -> None:
    start = START.model_copy(update={"audio": audio})
    (initiate,) = read_steps(session(start).to_bot(start))
    assert initiate["supportedMediaFormats"] == [media]


def test_a_bot_that_wants_other_audio_is_told_which_setting_mends_it() -> None:
    start = START.model_copy(update={"audio": AudioFormat()})
    adapter = session(start)
    adapter.to_bot(start)
    mend = "wants raw/lpcm16, and the audio of this bot is set to mulaw/8000; set it to pcm16/16000"
    assert Bot(adapter).says("session.accepted", mediaFormat="raw/lpcm16") == [Left(mend)]


def test_a_bot_that_refuses() -> None:
    adapter = session()
    adapter.to_bot(START)
    assert Bot(adapter).says("session.error", reason="full") == [Reject(type="reject", message="full")]


def test_an_error_later_is_the_loss_of_the_bot() -> None:
    assert accepted().says("session.error", reason="gone") == [Left("reported an error: gone")]


def test_a_session_is_resumed_on_a_new_connection() -> None:
    start = START.model_copy(update={"resume": ResumePoint(token=CONVERSATION)})
    adapter = session(start)
    (resume,) = read_steps(adapter.to_bot(start))
    assert resume == {
        "type": "session.resume",
        "conversationId": CONVERSATION,
        "supportedMediaFormats": ["raw/lpcm16"],
    }
    accept, stream = Bot(adapter).says("session.accepted")
    assert isinstance(accept, Accept)
    assert stream["type"] == "userStream.start"


def test_a_bot_that_has_forgotten_the_call_gets_it_anew() -> None:
    start = START.model_copy(update={"resumed": True})
    adapter = session(start)
    adapter.to_bot(start)
    bot = Bot(adapter)
    assert bot.says("session.error", reason="conversation not found") == [FROM_AUDIOCODES["session.initiate"]]
    assert len(bot.says("session.accepted")) == 3


def test_a_connection_may_be_validated_first() -> None:
    adapter = session(connectionValidate="true")
    (validate,) = read_steps(adapter.to_bot(START))
    assert validate == {"type": "connection.validate", "conversationId": CONVERSATION}
    bot = Bot(adapter)
    assert bot.says("connection.validated", success=True) == [FROM_AUDIOCODES["session.initiate"]]
    assert bot.says("connection.validated", success=True) == []


def test_a_connection_that_is_not_validated_is_none() -> None:
    adapter = session(connectionValidate="true")
    adapter.to_bot(START)
    assert Bot(adapter).says("connection.validated", success=False, reason="no licence") == [
        Left("did not validate the connection: no licence")
    ]


@pytest.mark.parametrize("name", ["bargeIn", "connectionValidate"])
def test_a_wrong_setting_is_named(name: str) -> None:
    with pytest.raises(ProtocolError, match=f"the parameter {name} must be true or false"):
        session(**{name: "maybe"})


@pytest.mark.parametrize(
    ("reason", "code"),
    [("caller_hung_up", "client-disconnected"), ("bot_hung_up", "bot-disconnected"), ("failed", "error")],
)
def test_the_end_has_its_reason(reason: Any, code: str) -> None:
    stop, end = read_steps(accepted().adapter.to_bot(End(reason=reason)))
    assert stop["type"] == "userStream.stop"
    assert (end["type"], end["reasonCode"]) == ("session.end", code)


def test_every_end_has_one() -> None:
    for reason in get_args(EndReason):
        (end,) = read_steps(session().to_bot(End(reason=reason)))
        assert end["reason"]


# --- to the bot ---------------------------------------------------------------------------------------------


def test_a_key_is_an_activity() -> None:
    (frame,) = read_steps(accepted(language="en-US").adapter.to_bot(Dtmf(digit="5", duration_ms=100)))
    assert without_drawn(frame) == without_drawn(FROM_AUDIOCODES["dtmf"])


def test_every_activity_has_an_id_and_a_time_of_its_own() -> None:
    adapter = accepted().adapter
    adapter.watch(50.0)
    adapter.watch(52.5)
    first, second = (read_steps(adapter.to_bot(Dtmf(digit="5")))[0]["activities"][0] for _ in range(2))
    assert first["id"] != second["id"]
    assert first["timestamp"] == "2024-12-04T15:07:57.645Z"


def test_audio_goes_out_once_the_bot_has_started_its_stream() -> None:
    adapter = session()
    adapter.to_bot(START)
    bot = Bot(adapter)
    bot.says("session.accepted")
    assert adapter.audio_to_bot(b"too early") is None
    bot.says("userStream.started")
    frame = adapter.audio_to_bot(memoryview(b"\x01\x02\x03\x04"))
    assert frame is not None
    assert json.loads(frame) == {
        "type": "userStream.chunk",
        "conversationId": CONVERSATION,
        "audioChunk": "AQIDBA==",
    }
    bot.says("userStream.stopped")
    assert adapter.audio_to_bot(b"too late") is None


@pytest.mark.parametrize(
    "message", [Answered(), SpeechStarted(at_ms=1), Ack(id="a"), Error(code="overrun", message="x")]
)
def test_what_the_bot_api_has_no_word_for_is_not_said(message: ToBot) -> None:
    assert accepted().adapter.to_bot(message) == ()


# --- the bot's audio ----------------------------------------------------------------------------------------


@given(st.binary(max_size=2_000))
def test_audio_survives_the_way_there_and_back(audio: bytes) -> None:
    bot = accepted()
    frame = bot.adapter.audio_to_bot(audio)
    assert frame is not None
    bot.says("playStream.start", streamId="1")
    assert bot.says("playStream.chunk", streamId="1", audioChunk=json.loads(frame)["audioChunk"]) == [Speech(audio)]


def test_a_play_stream_and_what_is_told_when_it_was_heard() -> None:
    bot = accepted()
    assert bot.says("playStream.start", streamId="7", mediaFormat="raw/lpcm16", altText="Hello") == [
        Transcript(type="transcript", role="bot", text="Hello")
    ]
    bot.says("playStream.chunk", streamId="7", audioChunk="AQI=")
    (mark,) = bot.says("playStream.stop", streamId="7")
    (finished,) = read_steps(bot.adapter.to_bot(MarkReached(name=mark.name)))
    assert finished["activities"][0]["name"] == "playFinished"
    assert finished["activities"][0]["parameters"] == {"streamId": "7"}
    assert bot.adapter.to_bot(MarkReached(name=mark.name)) == []


def test_a_stream_without_a_stop_ends_with_the_next() -> None:
    bot = accepted()
    bot.speaks("1")
    (mark,) = bot.says("playStream.start", streamId="2")
    assert isinstance(mark, Mark)


@pytest.mark.parametrize(
    "words",
    [
        ("userStream.speech.started", {}),
        ("userStream.speech.hypothesis", {"alternatives": [{"text": "wait"}]}),
        ("userStream.speech.recognition", {"alternatives": [{"text": "wait", "confidence": 0.9}]}),
        ("activities", {"activities": [{"type": "event", "name": "abortPrompts"}]}),
    ],
)
def test_an_interruption_silences_the_stream_and_all_that_is_left_of_it(words: tuple[str, dict[str, Any]]) -> None:
    bot = accepted()
    bot.speaks("1")
    mark, clear, *_ = bot.says(words[0], **words[1])
    assert (type(mark), clear) == (Mark, Clear(type="clear"))
    assert bot.says("playStream.chunk", streamId="1", audioChunk="AQI=") == []
    assert bot.says("playStream.stop", streamId="1") == []
    (finished,) = read_steps(bot.adapter.to_bot(Cleared(discarded_ms=5, marks=[mark.name])))
    assert finished["activities"][0]["parameters"] == {"streamId": "1"}
    assert bot.speaks("2") == [Speech(b"good morning")]


def test_what_was_said_but_not_yet_heard_is_interrupted_too() -> None:
    bot = accepted()
    bot.speaks("1")
    bot.says("playStream.stop", streamId="1")
    assert bot.does("abortPrompts") == [Clear(type="clear")]


def test_nothing_is_interrupted_where_nothing_plays() -> None:
    bot = accepted()
    assert bot.says("userStream.speech.started") == []
    assert bot.does("abortPrompts") == []


@pytest.mark.parametrize("switched_off", ["parameter", "config", "stream"])
def test_without_barge_in_speech_interrupts_nothing(switched_off: str) -> None:
    bot = accepted(bargeIn="false") if switched_off == "parameter" else accepted()
    if switched_off == "config":
        assert bot.does("config", sessionParams={"bargeIn": False}) == []
    fields = {"activityParams": {"bargeIn": False}} if switched_off == "stream" else {}
    bot.says("playStream.start", streamId="1", **fields)
    bot.says("playStream.chunk", streamId="1", audioChunk="AQI=")
    bot.does("sendMetaData", value={})
    assert bot.says("userStream.speech.started") == []
    assert len(bot.does("abortPrompts")) == 2
    bot.speaks("2")
    assert bool(bot.says("userStream.speech.started")) is (switched_off == "stream")


def test_a_stream_of_another_format_is_not_played_and_the_log_says_why() -> None:
    bot = accepted()
    (log,) = bot.says("playStream.start", streamId="1", mediaFormat="raw/lpcm16_24")
    assert log == Log(
        type="log",
        level="warning",
        message="not played: mediaFormat of playStream.start is raw/lpcm16_24, and the audio of this bot is set to"
        " pcm16/16000; set it to pcm16/24000",
    )
    assert bot.says("playStream.chunk", streamId="1", audioChunk="AQI=") == []
    assert bot.says("playStream.stop", streamId="1") == []


def test_so_many_streams_may_wait() -> None:
    bot = accepted()
    for number in range(PLAYING_MAX):
        bot.speaks(str(number))
        bot.says("playStream.stop", streamId=str(number))
    with pytest.raises(ProtocolError, match="256 streams and files are waiting"):
        bot.speaks("one more")
    assert bot.does("abortPrompts")[-1] == Clear(type="clear")


# --- what the bot reports and wants -------------------------------------------------------------------------


def test_speech_that_the_bot_has_recognised() -> None:
    bot = accepted()
    assert bot.says("userStream.speech.hypothesis", alternatives=[{"text": "how"}, {"text": "cow"}]) == [
        Transcript(type="transcript", role="caller", text="how", final=False)
    ]
    assert bot.says("userStream.speech.recognition", text="how are you", confidence=1.0) == [
        Transcript(type="transcript", role="caller", text="how are you")
    ]
    assert bot.says("userStream.speech.hypothesis", alternatives=[{"text": ""}]) == []
    assert bot.says("userStream.speech.stopped") == bot.says("userStream.speech.committed") == []


@pytest.mark.parametrize(
    ("name", "fields", "step"),
    [
        ("hangup", {}, Hangup(type="hangup")),
        ("hangup", {"activityParams": {"hangupReason": "done"}}, Hangup(type="hangup", reason="done")),
        ("transfer", {}, Transfer(type="transfer")),
        (
            "transfer",
            {
                "activityParams": {
                    "transferTarget": "tel:+123456789",
                    "handoverReason": "wants a human",
                    "transferSipHeaders": [{"name": "X-Case", "value": "42"}],
                }
            },
            Transfer(type="transfer", to="+123456789", summary="wants a human", headers={"X-Case": "42"}),
        ),
        (
            "handover",
            {"activityParams": {"transferTarget": "sip:desk@example.com"}},
            Transfer(type="transfer", to="sip:desk@example.com"),
        ),
        ("sendDtmf", {"activityParams": {"dtmf": "12#"}}, SendDtmf(type="send_dtmf", digits="12#")),
        ("sendDtmf", {"value": "5"}, SendDtmf(type="send_dtmf", digits="5")),
        ("startCallRecording", {}, Recording(type="recording", action="start")),
        ("stopCallRecording", {}, Recording(type="recording", action="stop")),
        ("pauseCallRecording", {}, Recording(type="recording", action="pause")),
        ("resumeCallRecording", {}, Recording(type="recording", action="resume")),
        ("sendMetaData", {"value": {"a": 1}}, MetadataUpdate(type="metadata_update", data={"a": 1})),
        ("sendMetaData", {"activityParams": {"b": 2}}, MetadataUpdate(type="metadata_update", data={"b": 2})),
    ],
)
def test_activities(name: str, fields: dict[str, Any], step: object) -> None:
    assert accepted().does(name, **fields) == [step]


def test_the_operator_may_say_to_whom_calls_are_transferred() -> None:
    (transfer,) = accepted(transferTo="human").does("transfer", activityParams={"transferTarget": "tel:+1"})
    assert transfer == Transfer(type="transfer")


def test_sip_headers_that_may_not_go_along_are_named() -> None:
    headers = [
        {"name": "Diversion", "value": "x"},
        {"name": "X-Case", "value": "4\r\n2"},
        {"name": "X-A", "value": "1"},
    ]
    log, transfer = accepted().does("transfer", activityParams={"transferSipHeaders": headers})
    assert log.message.endswith("Diversion, X-Case")
    assert transfer.headers == {"X-A": "1"}


def test_a_file_is_played_from_its_url() -> None:
    bot = accepted()
    params = {
        "playUrlUrl": "https://files.example/hello.wav",
        "playUrlMediaFormat": "wav/lpcm16",
        "playUrlAltText": "Hello",
    }
    play, said = bot.does("playUrl", activityParams=params)
    assert isinstance(play, Play)
    assert play.url == "https://files.example/hello.wav"
    assert said.text == "Hello"
    assert play.id is not None
    (finished,) = read_steps(bot.adapter.to_bot(PlayFinished(id=play.id, outcome="played")))
    assert finished["activities"][0]["name"] == "playFinished"


def test_audio_within_the_url_is_played_at_once() -> None:
    """As AudioCodes' sample bot does."""
    url = "data:application/octet-stream;base64,AQIDBA=="
    params = {"playUrlUrl": url, "playUrlMediaFormat": "raw/lpcm16", "playUrlAltText": ""}
    speech, mark = accepted().does("playUrl", activityParams=params)
    assert speech == Speech(b"\x01\x02\x03\x04")
    assert isinstance(mark, Mark)


def test_text_to_be_spoken_is_a_line_of_the_log() -> None:
    (log,) = accepted().says("activities", activities=[{"type": "message", "text": "Welcome"}])
    assert log.level == "warning"
    assert log.message.endswith("there is no text-to-speech here: Welcome")


def test_nothing_is_to_be_done_for_a_turn_that_goes_on() -> None:
    assert accepted().does("expectAnotherBotMessage") == []


def test_a_wrong_activity_does_not_cost_the_others() -> None:
    steps = accepted().says(
        "activities",
        activities=[{"type": "event", "name": "fly"}, {"type": "event", "name": "hangup"}, {"type": "event"}],
    )
    assert steps == [
        Hangup(type="hangup"),
        Log(type="log", level="warning", message="activity not carried out: unknown activity 'fly'"),
        Log(type="log", level="warning", message="activity not carried out: name is missing"),
    ]


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
