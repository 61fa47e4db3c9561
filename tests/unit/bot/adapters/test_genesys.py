"""AudioHook against messages as Genesys Cloud and its reference servers send them, both ways."""

import contextlib
import json
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.bot.adapters.adapter import Left, Opening, Speech
from controller.bot.adapters.genesys import NO_ORGANIZATION, Genesys, conversation_id
from controller.bot.protocol import (
    Accept,
    Ack,
    Answered,
    AudioFormat,
    Clear,
    Cleared,
    Dtmf,
    End,
    Error,
    ErrorCode,
    Hangup,
    Log,
    Mark,
    MarkReached,
    MetadataUpdated,
    Party,
    Reject,
    Result,
    SpeechStarted,
    Start,
    ToBot,
    Transcript,
    Transfer,
    TransferProgress,
    UnknownType,
)
from controller.errors import ProtocolError
from tests.bots.genesys_bot import DURATION, UUID
from tests.unit.bot.test_protocol import JSON

ORGANIZATION = "22352111-6076-492a-8163-514a00723975"
SESSION = "0f0f0f0f-0f0f-4f0f-8f0f-0f0f0f0f0f0f"
START = Start(
    call_id="call-1", caller=Party(number="+491604697810"), callee=Party(number="+493070016507"), route="default"
)
MEDIA = {"type": "audio", "format": "PCMU", "channels": ["external"], "rate": 8000}

FROM_GENESYS: dict[str, Any] = {
    "open": {
        "version": "2",
        "id": SESSION,
        "type": "open",
        "seq": 1,
        "position": "PT0.0S",
        "parameters": {
            "organizationId": ORGANIZATION,
            "conversationId": conversation_id("call-1"),
            "participant": {
                "id": "1e44e9a8-0b2a-5a3c-a8b4-3e5d8b7f0c11",
                "ani": "tel:+491604697810",
                "aniName": "",
                "dnis": "+493070016507",
            },
            "media": [MEDIA],
            "language": "en-us",
            "inputVariables": {"team": "sales"},
        },
        "serverseq": 0,
    },
    "dtmf": {
        "version": "2",
        "id": SESSION,
        "type": "dtmf",
        "seq": 2,
        "position": "PT0.02S",
        "parameters": {"digit": "5"},
        "serverseq": 1,
    },
    "close": {
        "version": "2",
        "id": SESSION,
        "type": "close",
        "seq": 2,
        "position": "PT0.02S",
        "parameters": {"reason": "end"},
        "serverseq": 1,
    },
}


def session(start: Start = START, token: str = "", **parameters: str) -> Genesys:
    return Genesys(Opening("wss://bot.example/ws", start, token, parameters=parameters, nonce="0f" * 16))


class Bot:
    """The other side of one session: numbers its messages as the reference servers do."""

    def __init__(self, adapter: Genesys) -> None:
        self.adapter = adapter
        self.seq = 0

    def says(self, kind: str, parameters: dict[str, Any] | None = None, **other: Any) -> list[Any]:
        """Our answer; frames are read as JSON."""
        self.seq += 1
        message = {"version": "2", "id": SESSION, "type": kind, "seq": self.seq, "clientseq": 1}
        if parameters is not None:
            message["parameters"] = parameters
        return read_steps(self.adapter.text_from_bot(json.dumps(message | other).encode()))


def read_steps(steps: Any) -> list[Any]:
    return [json.loads(step) if isinstance(step, str) else step for step in steps]


def opened(**parameters: str) -> Bot:
    adapter = session(START, "", **parameters)
    adapter.to_bot(START)
    bot = Bot(adapter)
    assert bot.says("opened", {"media": [MEDIA]}) == [Accept(type="accept")]
    return bot


# --- the handshake ------------------------------------------------------------------------------------------


def test_the_handshake_names_organization_session_and_call() -> None:
    handshake = session(organizationId=ORGANIZATION).handshake()
    assert dict(handshake.headers) == {
        "Audiohook-Organization-Id": ORGANIZATION,
        "Audiohook-Session-Id": SESSION,
        "Audiohook-Correlation-Id": conversation_id("call-1"),
    }
    assert handshake.subprotocol is None
    assert all(UUID.match(name) for name in (NO_ORGANIZATION, SESSION, conversation_id("call-1")))


def test_an_api_key_alone_is_shown_and_nothing_signed() -> None:
    headers = dict(session(token="the key").handshake().headers)
    assert headers["X-API-KEY"] == "the key"
    assert "Signature" not in headers


@pytest.mark.parametrize(
    ("url", "authority", "target"),
    [
        ("wss://Bot.example:443", "bot.example", "/"),
        ("wss://u:p@bot.example:8443/a/b?c=d", "bot.example:8443", "/a/b?c=d"),
        ("ws://bot.example:80/x", "bot.example", "/x"),
    ],
)
def test_what_is_signed_is_what_is_asked_for(url: str, authority: str, target: str) -> None:
    opening = Opening(url, START, "key:c2VjcmV0", {"X-Own": "1"}, {}, "0f" * 16, 1_744_210_396.7)
    headers = dict(Genesys(opening).handshake().headers)
    assert headers["Host"] == authority
    assert ';created=1744210396;expires=1744210406;keyid="key";nonce="' in headers["Signature-Input"]
    assert headers["X-Own"] == "1"
    elsewhere = Genesys(Opening(url + "x", START, "key:c2VjcmV0", {}, {}, "0f" * 16, 1_744_210_396.7))
    assert dict(elsewhere.handshake().headers)["Signature"] != headers["Signature"]
    assert target


@pytest.mark.parametrize(
    ("token", "parameters", "field"),
    [
        ("key:no base64", {}, "token"),
        ("", {"organizationId": "mine"}, "organizationId"),
        ("", {"customConfig": "[1]"}, "customConfig"),
        ("", {"transferIf": "transfer"}, "transferIf"),
    ],
)
def test_a_wrong_setting_is_named(token: str, parameters: dict[str, str], field: str) -> None:
    with pytest.raises(ProtocolError) as raised:
        session(START, token, **parameters).handshake()
    assert raised.value.field == field


# --- to the bot ---------------------------------------------------------------------------------------------


def test_a_session_is_opened_as_genesys_cloud_opens_it() -> None:
    adapter = session(START, "", organizationId=ORGANIZATION, language="en-us", team="sales")
    (frame,) = read_steps(adapter.to_bot(START))
    assert UUID.match(frame["parameters"]["participant"]["id"])
    frame["parameters"]["participant"]["id"] = FROM_GENESYS["open"]["parameters"]["participant"]["id"]
    assert frame == FROM_GENESYS["open"]


def test_the_operators_language_is_the_sessions_and_may_change() -> None:
    start = START.model_copy(update={"language": "de-DE"})
    adapter = session(start)
    (frame,) = read_steps(adapter.to_bot(start))
    assert frame["parameters"]["language"] == "de-DE"
    (update,) = read_steps(adapter.to_bot(MetadataUpdated(data={"language": "fr-FR"})))
    assert (update["type"], update["parameters"]) == ("update", {"language": "fr-FR"})
    assert adapter.to_bot(MetadataUpdated(data={"mood": "calm", "language": 7})) == ()


def test_a_withheld_number_is_empty_and_the_custom_configuration_is_an_object() -> None:
    start = START.model_copy(update={"caller": Party(name="Jane")})
    (frame,) = read_steps(session(start, customConfig='{"model": 1}').to_bot(start))
    assert frame["parameters"]["participant"]["ani"] == ""
    assert frame["parameters"]["participant"]["aniName"] == "Jane"
    assert frame["parameters"]["customConfig"] == {"model": 1}
    assert "language" not in frame["parameters"]


@pytest.mark.parametrize(
    ("message", "kind"), [(Dtmf(digit="5", duration_ms=120), "dtmf"), (End(reason="caller_hung_up"), "close")]
)
def test_what_we_say_is_what_genesys_says(message: ToBot, kind: str) -> None:
    bot = opened()
    bot.adapter.audio_to_bot(bytes(160))
    assert read_steps(bot.adapter.to_bot(message)) == [FROM_GENESYS[kind]]


@pytest.mark.parametrize(
    ("code", "number"), [("malformed", 400), ("too_large", 413), ("not_now", 409), ("overrun", 429)]
)
def test_a_fault_is_told_by_its_number(code: Any, number: int) -> None:
    (frame,) = read_steps(opened().adapter.to_bot(Error(code=code, message="why")))
    assert frame["type"] == "error"
    assert frame["parameters"] == {"code": number, "message": "why"}


def test_every_fault_has_one() -> None:
    for code in get_args(ErrorCode):
        (frame,) = read_steps(opened().adapter.to_bot(Error(code=code, message="why")))
        assert 400 <= frame["parameters"]["code"] < 500


@pytest.mark.parametrize(
    "message", [Answered(), SpeechStarted(at_ms=1), Ack(id="a"), TransferProgress(state="ringing")]
)
def test_what_genesys_has_no_word_for_is_not_said(message: ToBot) -> None:
    bot = opened()
    assert bot.adapter.to_bot(message) == ()
    assert read_steps(bot.adapter.to_bot(Dtmf(digit="1")))[0]["seq"] == 2


def test_audio_is_binary_and_its_length_is_the_position() -> None:
    bot = opened()
    assert bot.adapter.audio_to_bot(b"\xff\xfe\xfd") == b"\xff\xfe\xfd"
    bot.adapter.audio_to_bot(memoryview(bytes(9_597)))
    assert read_steps(bot.adapter.to_bot(Dtmf(digit="1")))[0]["position"] == "PT1.2S"


def test_linear_audio_has_two_bytes_to_the_sample() -> None:
    start = START.model_copy(update={"audio": AudioFormat(encoding="pcm16")})
    adapter = session(start)
    (frame,) = read_steps(adapter.to_bot(start))
    assert frame["parameters"]["media"] == [MEDIA | {"format": "L16"}]
    Bot(adapter).says("opened", {"media": [MEDIA | {"format": "L16"}]})
    adapter.audio_to_bot(bytes(320))
    assert read_steps(adapter.to_bot(Dtmf(digit="1")))[0]["position"] == "PT0.02S"


def test_no_audio_before_opened_and_none_after_close() -> None:
    adapter = session()
    adapter.to_bot(START)
    assert adapter.audio_to_bot(bytes(160)) is None
    bot = opened()
    bot.adapter.to_bot(End(reason="caller_hung_up"))
    assert bot.adapter.audio_to_bot(bytes(160)) is None
    assert bot.adapter.to_bot(Dtmf(digit="1")) == ()


@given(st.integers(0, 10**6))
def test_every_position_is_a_duration_that_genesys_reads(audio_bytes: int) -> None:
    bot = opened()
    bot.adapter.audio_to_bot(bytes(audio_bytes))
    position = read_steps(bot.adapter.to_bot(Dtmf(digit="1")))[0]["position"]
    assert DURATION.match(position)
    assert float(position[2:-1]) == audio_bytes / 8_000


# --- pings --------------------------------------------------------------------------------------------------


def test_pings_come_every_five_seconds_with_the_time_of_the_last() -> None:
    bot = opened()
    (first,) = read_steps(bot.adapter.watch(100.0))
    assert (first["type"], first["parameters"]) == ("ping", {})
    bot.adapter.audio_to_bot(bytes(160))
    bot.adapter.audio_to_bot(bytes(160))
    assert bot.says("pong", {}) == []
    assert bot.adapter.watch(104.9) == ()
    (second,) = read_steps(bot.adapter.watch(105.0))
    assert second["parameters"] == {"rtt": "PT0.04S"}


def test_a_bot_that_does_not_answer_its_pings_is_left() -> None:
    bot = opened()
    bot.adapter.watch(0.0)
    assert len(bot.adapter.watch(5.0)) == 1
    error, close, left = read_steps(bot.adapter.watch(10.0))
    assert error["parameters"] == {"code": 408, "message": "Timeout waiting for pong"}
    assert close["parameters"] == {"reason": "error"}
    assert left == Left("did not answer 2 pings of AudioHook")


def test_no_pings_before_the_session_is_open_nor_after() -> None:
    adapter = session()
    adapter.to_bot(START)
    assert adapter.watch(1.0) == ()
    bot = opened()
    bot.adapter.to_bot(End(reason="shutdown"))
    assert bot.adapter.watch(1.0) == ()


# --- the caller's audio held back ---------------------------------------------------------------------------


def test_a_pause_holds_the_callers_audio_back_and_counts_it() -> None:
    bot = opened()
    bot.adapter.audio_to_bot(bytes(8_000))
    (paused,) = bot.says("pause", {})
    assert (paused["type"], paused["position"], paused["parameters"]) == ("paused", "PT1.0S", {})
    assert bot.adapter.audio_to_bot(bytes(4_000)) is None
    assert bot.says("pause", {})[0]["type"] == "paused"
    (resumed,) = bot.says("resume", {})
    assert resumed["parameters"] == {"start": "PT1.0S", "discarded": "PT0.5S"}
    assert resumed["position"] == "PT1.5S"
    assert bot.adapter.audio_to_bot(b"x") == b"x"
    assert bot.says("resume", {})[0]["parameters"]["discarded"] == "PT0.0S"


def test_a_session_may_start_paused_and_skip_its_beginning() -> None:
    adapter = session()
    adapter.to_bot(START)
    bot = Bot(adapter)
    accept, discarded, paused = bot.says("opened", {"media": [MEDIA], "startPaused": True, "discardTo": "PT.5S"})
    assert accept == Accept(type="accept")
    assert discarded["parameters"] == {"start": "PT0.0S", "discarded": "PT0.5S"}
    assert paused["type"] == "paused"
    bot.says("resume", {})
    assert adapter.audio_to_bot(bytes(4_000)) is None
    assert adapter.audio_to_bot(b"x") == b"x"


# --- the bot's audio ----------------------------------------------------------------------------------------


def test_the_bot_is_told_when_it_is_heard_and_when_no_more() -> None:
    adapter = opened().adapter
    started, speech, mark = read_steps(adapter.binary_from_bot(memoryview(b"good morning")))
    assert started["type"] == "playback_started"
    assert (speech, mark) == (Speech(memoryview(b"good morning")), Mark(type="mark", name="playback-1"))
    assert adapter.binary_from_bot(memoryview(b"more")) == (Speech(memoryview(b"more")),)
    assert adapter.to_bot(MarkReached(name="playback-1")) == (Mark(type="mark", name="playback-2"),)
    assert adapter.to_bot(MarkReached(name="playback-1")) == ()
    (completed,) = read_steps(adapter.to_bot(MarkReached(name="playback-2")))
    assert completed["type"] == "playback_completed"
    assert len(adapter.binary_from_bot(memoryview(b"again"))) == 3


def test_a_barge_in_completes_the_playback() -> None:
    bot = opened()
    bot.adapter.binary_from_bot(memoryview(b"good morning"))
    assert bot.says("event", {"entities": [{"type": "barge_in", "data": {}}]}) == [Clear(type="clear")]
    (completed,) = read_steps(bot.adapter.to_bot(Cleared(discarded_ms=5, marks=["playback-1"])))
    assert completed["type"] == "playback_completed"
    assert bot.adapter.to_bot(Cleared(discarded_ms=0)) == ()
    assert read_steps(bot.adapter.binary_from_bot(memoryview(b"as you like")))[0]["type"] == "playback_started"


def test_audio_before_opened_is_left_to_the_conversation() -> None:
    adapter = session()
    adapter.to_bot(START)
    assert adapter.binary_from_bot(memoryview(b"early")) == (Speech(memoryview(b"early")),)


# --- what the bot reports -----------------------------------------------------------------------------------


def test_a_transcript_has_its_place_in_the_callers_audio() -> None:
    entities = [transcript("hello", offset="PT1.25S", duration="PT.5S")]
    (said,) = opened().says("event", {"entities": entities})
    assert (said.start_ms, said.end_ms) == (1_250, 1_750)


def transcript(text: str, channel: str = "external", **other: Any) -> dict[str, Any]:
    alternatives = [{"confidence": 0.9, "interpretations": [{"type": "display", "transcript": text}]}]
    data = {"id": "t-1", "channel": channel, "isFinal": True, "alternatives": alternatives}
    return {"type": "transcript", "data": data | other}


def test_transcripts_of_both_sides() -> None:
    entities = [transcript("hello"), transcript("good mor", "internal", isFinal=False, id="x" * 200)]
    assert opened().says("event", {"entities": entities}) == [
        Transcript(type="transcript", id="t-1", role="caller", text="hello"),
        Transcript(type="transcript", role="bot", text="good mor", final=False),
    ]


def test_a_turn_of_the_bot_is_its_transcript() -> None:
    turn = {"type": "bot_turn_response", "data": {"disposition": "match", "text": "You are welcome", "confidence": 1.0}}
    silent = {"type": "bot_turn_response", "data": {"disposition": "no_input"}}
    assert opened().says("event", {"entities": [turn, silent, {"type": "new", "data": {}}]}) == [
        Transcript(type="transcript", role="bot", text="You are welcome")
    ]


def test_the_end_by_the_bot_is_a_hangup_with_its_output_variables() -> None:
    bot = opened()
    variables = {"intent": "billing", "verified": True}
    close, result, hangup = bot.says(
        "disconnect", {"reason": "completed", "info": "done", "outputVariables": variables}
    )
    assert (close["type"], close["parameters"]) == ("close", {"reason": "disconnect"})
    assert result == Result(type="result", name="outputVariables", data=variables)
    assert hangup == Hangup(type="hangup", reason="done")
    assert bot.adapter.to_bot(End(reason="bot_hung_up")) == ()
    assert bot.says("closed", {}) == [Left("closed the session")]


@pytest.mark.parametrize(("value", "transfers"), [("transfer", True), ("finished", False), (None, False)])
def test_the_flow_behind_the_bot_may_be_the_human(value: str | None, transfers: bool) -> None:
    bot = opened(transferIf="action=transfer")
    variables = {"action": value, "summary": "wants a refund"}
    *_, last = bot.says("disconnect", {"reason": "completed", "outputVariables": variables})
    assert isinstance(last, Transfer if transfers else Hangup)
    if isinstance(last, Transfer):
        assert last.summary == "wants a refund"


def test_a_flag_may_ask_for_the_human() -> None:
    *_, last = opened(transferIf="human=true").says(
        "disconnect", {"reason": "completed", "outputVariables": {"human": True}}
    )
    assert last == Transfer(type="transfer")


def test_a_bot_that_fails_is_lost_and_not_hung_up() -> None:
    close, log, left = opened().says("disconnect", {"reason": "error", "info": "no model"})
    assert close["type"] == "close"
    assert log == Log(type="log", level="error", message="the bot reports: error: no model")
    assert left == Left("disconnected (error: no model)")


def test_a_bot_that_refuses_does_so_before_it_opens() -> None:
    adapter = session()
    adapter.to_bot(START)
    close, reject = Bot(adapter).says("disconnect", {"reason": "unauthorized", "info": "BADKEY"})
    assert close["parameters"] == {"reason": "disconnect"}
    assert reject == Reject(type="reject", message="unauthorized: BADKEY")


@pytest.mark.parametrize(
    "media", [[], [MEDIA, MEDIA], [MEDIA | {"channels": ["external", "internal"]}], [MEDIA | {"format": "L16"}], [7]]
)
def test_other_media_than_the_offered_end_the_session(media: list[Any]) -> None:
    adapter = session()
    adapter.to_bot(START)
    close, left = Bot(adapter).says("opened", {"media": media})
    assert close["parameters"] == {"reason": "error"}
    assert left == Left("chose other media than the one that was offered (PCMU of the external channel)")


def test_the_farewell_has_the_output_variables_too() -> None:
    """As Pipecat sends them, with fields that Genesys' own servers leave out."""
    bot = opened()
    bot.adapter.to_bot(End(reason="caller_hung_up"))
    steps = bot.says("closed", {"outputVariables": {"intent": "billing"}}, position="PT0.000S")
    assert steps == [
        Result(type="result", name="outputVariables", data={"intent": "billing"}),
        Left("closed the session"),
    ]


def test_a_bot_that_moves_asks_for_a_new_connection() -> None:
    close, left = opened().says("reconnect", {"info": "update"})
    assert close["parameters"] == {"reason": "reconnect"}
    assert left == Left("asked for a new connection")


def test_messages_without_parameters_are_taken() -> None:
    bot = opened()
    assert bot.says("pong") == []
    assert bot.says("updated") == []
    assert bot.says("pause")[0]["type"] == "paused"
    assert bot.says("error", {"code": 500, "message": "oh"}) == [
        Log(type="log", level="error", message="the bot reports: oh")
    ]


def test_what_is_asked_for_before_opened_is_not_done() -> None:
    adapter = session()
    adapter.to_bot(START)
    assert Bot(adapter).says("pause") == []


# --- faults -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "other", "field"),
    [
        ("pong", {"version": "1"}, "version"),
        ("pong", {"id": NO_ORGANIZATION}, "id"),
        ("pong", {"seq": 7}, "seq"),
        ("pong", {"seq": "2"}, "seq"),
        ("pong", {"clientseq": 2}, "clientseq"),
        ("pong", {"clientseq": -1}, "clientseq"),
        ("opened", {"parameters": {"media": [MEDIA]}}, "type"),
        ("event", {}, "parameters.entities"),
        ("event", {"parameters": {"entities": ["x"]}}, "parameters.entities"),
        ("event", {"parameters": {"entities": [transcript("x", "left")]}}, "data.channel"),
        (
            "event",
            {"parameters": {"entities": [transcript("x", alternatives=[])]}},
            "data.alternatives.0.interpretations.0.transcript",
        ),
        ("disconnect", {"parameters": {}}, "parameters.reason"),
        ("disconnect", {"parameters": {"reason": "completed", "outputVariables": []}}, "parameters.outputVariables"),
    ],
)
def test_a_fault_is_named_by_its_field(kind: str, other: dict[str, Any], field: str) -> None:
    with pytest.raises(ProtocolError) as raised:
        opened().says(kind, **other)
    assert raised.value.field == field


def test_a_wrong_number_is_told_once_and_counted_from() -> None:
    bot = opened()
    bot.seq += 5
    with pytest.raises(ProtocolError, match="seq must be 2, one more than before"):
        bot.says("pong", {})
    assert bot.says("pong", {}) == []
    assert read_steps(bot.adapter.to_bot(Dtmf(digit="1")))[0]["serverseq"] == 8


def test_a_duration_that_is_none_is_told() -> None:
    adapter = session()
    adapter.to_bot(START)
    with pytest.raises(ProtocolError, match=r"discardTo must be a duration in seconds, such as PT1\.2S"):
        Bot(adapter).says("opened", {"media": [MEDIA], "discardTo": "1 s"})


@pytest.mark.parametrize(
    ("kind", "parameters"), [("wave", {}), ("event", {"entities": [{"type": "agentassist", "data": {}}]})]
)
def test_an_unknown_kind_is_no_fault(kind: str, parameters: dict[str, Any]) -> None:
    with pytest.raises(UnknownType):
        opened().says(kind, parameters)


KINDS = st.sampled_from(["opened", "event", "disconnect", "closed", "reconnect", "error", "pong", "pause", "resume"])
NAMES = st.sampled_from(
    [
        "media",
        "entities",
        "reason",
        "info",
        "outputVariables",
        "message",
        "startPaused",
        "discardTo",
        "type",
        "data",
        "channel",
        "alternatives",
        "interpretations",
        "transcript",
        "isFinal",
        "id",
        "offset",
        "duration",
        "text",
    ]
)
WORDS = st.sampled_from(["transcript", "barge_in", "bot_turn_response", "external", "completed", "PT1.2S", "audio"])
VALUES = st.recursive(
    JSON | WORDS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=6), max_leaves=12
)


@given(st.lists(st.tuples(KINDS, st.dictionaries(NAMES, VALUES, max_size=4)), max_size=5), st.booleans())
def test_no_parameters_raise_anything_but_a_protocol_error(said: list[tuple[str, Any]], is_open: bool) -> None:
    adapter = session()
    adapter.to_bot(START)
    bot = opened() if is_open else Bot(adapter)
    for kind, parameters in said:
        with contextlib.suppress(ProtocolError):
            bot.says(kind, parameters)
