"""AudioCodes' Bot API, streaming mode: the session, and what the bot is told."""

import json
from typing import Any, get_args

import pytest

from controller.bot.adapters.adapter import Left
from controller.bot.protocol import (
    Accept,
    Ack,
    Answered,
    AudioFormat,
    Dtmf,
    End,
    EndReason,
    Error,
    Reject,
    ResumePoint,
    SpeechStarted,
    ToBot,
)
from controller.errors import ProtocolError
from tests.unit.bot.adapters.audiocodes_side import (
    CONVERSATION,
    FROM_AUDIOCODES,
    START,
    Bot,
    accepted,
    read_steps,
    session,
    without_drawn,
)

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
