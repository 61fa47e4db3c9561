"""AudioCodes' Bot API: the bot's audio, and its interruptions."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.bot.adapters.adapter import Speech
from controller.bot.adapters.audiocodes import PLAYING_MAX
from controller.bot.protocol import (
    Clear,
    Cleared,
    Log,
    Mark,
    MarkReached,
    Transcript,
)
from controller.errors import ProtocolError
from tests.unit.bot.adapters.audiocodes_side import accepted, read_steps

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
