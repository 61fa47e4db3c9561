"""Genesys AudioHook: what the bot reports, and how it leaves."""

from typing import Any

import pytest

from controller.bot.adapters.adapter import Left
from controller.bot.protocol import (
    End,
    Hangup,
    Log,
    Reject,
    Result,
    Transcript,
    Transfer,
)
from tests.unit.bot.adapters.genesys_side import (
    MEDIA,
    START,
    Bot,
    opened,
    session,
    transcript,
)

# --- what the bot reports -----------------------------------------------------------------------------------


def test_a_transcript_has_its_place_in_the_callers_audio() -> None:
    entities = [transcript("hello", offset="PT1.25S", duration="PT.5S")]
    (said,) = opened().says("event", {"entities": entities})
    assert (said.start_ms, said.end_ms) == (1_250, 1_750)


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
