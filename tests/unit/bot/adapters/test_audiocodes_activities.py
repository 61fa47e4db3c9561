"""AudioCodes' Bot API: what the bot reports and wants."""

from typing import Any

import pytest

from controller.bot.adapters.adapter import Speech
from controller.bot.protocol import (
    Hangup,
    Log,
    Mark,
    MetadataUpdate,
    Play,
    PlayFinished,
    Recording,
    SendDtmf,
    Transcript,
    Transfer,
)
from tests.unit.bot.adapters.audiocodes_side import accepted, read_steps

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
