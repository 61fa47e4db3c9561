"""Genesys AudioHook: pings, pauses, and the audio of both sides."""

from controller.bot.adapters.adapter import Left, Speech
from controller.bot.protocol import (
    Accept,
    Clear,
    Cleared,
    End,
    Mark,
    MarkReached,
)
from tests.unit.bot.adapters.genesys_side import MEDIA, START, Bot, opened, read_steps, session

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
