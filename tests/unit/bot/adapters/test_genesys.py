"""Genesys AudioHook: the handshake, and what the bot is told."""

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.bot.adapters.adapter import Opening
from controller.bot.adapters.genesys import NO_ORGANIZATION, Genesys, conversation_id
from controller.bot.protocol import (
    Ack,
    Answered,
    AudioFormat,
    Dtmf,
    End,
    Error,
    ErrorCode,
    MetadataUpdated,
    Party,
    SpeechStarted,
    ToBot,
    TransferProgress,
)
from controller.errors import ProtocolError
from tests.bots.genesys_bot import DURATION, UUID
from tests.unit.bot.adapters.genesys_side import (
    FROM_GENESYS,
    MEDIA,
    ORGANIZATION,
    SESSION,
    START,
    Bot,
    opened,
    read_steps,
    session,
)

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
