"""Between the vocabularies."""

from datetime import UTC, datetime
from typing import get_args

import pytest

from controller.bot import protocol
from controller.call import commands as c
from controller.call import events as e
from controller.call.ladder import BOT_END_REASONS
from controller.call.vocabulary import Ending, TransferOutcome
from controller.config import BotAudio
from controller.errors import ProtocolError
from controller.media import control_messages as media
from controller.records import items
from controller.routing.route import Arrival, Route
from controller.routing.trigger import Trigger
from controller.session import translation

START = datetime(2026, 11, 22, 16, 30, tzinfo=UTC)
CALL = "20261122-163012-k3v9qx"


def of_bot(message: dict[str, object]) -> e.Event | None:
    return translation.from_report(media.BotMessage(session=f"{CALL}/3", message=message), 3)


@pytest.mark.parametrize(
    ("report", "event"),
    [
        (media.Accepted(session="s"), e.BotAccepted(3)),
        (media.Refused(session="s", reason="busy"), e.BotLost(3, Trigger.BUSY, "the bot rejected the call")),
        (media.Refused(session="s", reason="unavailable", detail="no"), e.BotLost(3, Trigger.UNREACHABLE, "no")),
        (media.Failed(session="s", trigger="no_answer", detail="late"), e.BotLost(3, Trigger.NO_ANSWER, "late")),
        (media.Disconnected(session="s", detail="gone"), e.BotLost(3, Trigger.DROPPED, "gone")),
        (media.Stalled(session="s", seconds=5.0), e.BotLost(3, Trigger.STALLED, "it took no audio for 5 s")),
        (media.FirstAudio(session="s", to="caller"), e.FirstAudio(3, "caller")),
        (media.Silent(session="s", seconds=60.0), e.MediaSilent(3, 60.0)),
        (media.Closed(session="s"), None),
    ],
)
def test_reports_of_the_worker(report: media.Report, event: e.Event | None) -> None:
    assert translation.from_report(report, 3) == event


@pytest.mark.parametrize(
    ("message", "event"),
    [
        ({"type": "transcript", "id": "t", "role": "bot", "text": "x"}, e.TranscriptSaid(3, "t", "bot", "x")),
        ({"type": "transcript", "id": "t", "role": "bot", "text": "x", "final": False}, None),
        ({"type": "result", "id": "r", "name": "n", "data": {"a": 1}}, e.ResultReported(3, "r", "n", {"a": 1})),
        ({"type": "log", "id": "l", "message": "m"}, e.LogWritten(3, "l", "info", "m")),
        ({"type": "transfer", "summary": "s"}, e.TransferRequested(3, "s")),
        ({"type": "hangup", "reason": "done"}, e.BotHungUp(3, "done")),
    ],
)
def test_messages_of_the_bot(message: dict[str, object], event: e.Event | None) -> None:
    assert of_bot(message) == event


def test_what_the_worker_keeps_for_itself_is_not_passed_on() -> None:
    with pytest.raises(ProtocolError, match="passed on a clear"):
        of_bot({"type": "clear"})


@pytest.mark.parametrize("audio", get_args(BotAudio))
def test_every_audio_setting_is_a_format_of_the_protocol(audio: BotAudio) -> None:
    told = translation.to_audio_format(audio)
    assert audio == (f"pcm16/{told.sample_rate}" if told.encoding == "pcm16" else told.encoding)


def test_every_ending_has_a_word_for_the_bot() -> None:
    assert set(BOT_END_REASONS) == set(Ending)
    assert set(BOT_END_REASONS.values()) | {"transferred"} <= set(get_args(protocol.EndReason))


def test_every_transfer_outcome_has_a_word_for_the_bot() -> None:
    for outcome in TransferOutcome:
        state = "failed" if outcome is TransferOutcome.CANCELLED else outcome.value
        told = translation.to_bot(c.TellTransfer(1, state))
        assert isinstance(told, protocol.TransferProgress)


def test_items_of_the_record() -> None:
    def item(command: c.OpenRecord | c.Note | c.Save | c.CloseRecord) -> items.Item:
        return translation.to_item(command, CALL, START, 4)

    opened = item(c.OpenRecord(Arrival("trunk", "+49301", "", "+49302"), Route("r", ())))
    assert opened == items.CallOpened(CALL, START, "+49301", None, "+49302", "r")
    assert item(c.Note(1.5, "answered")) == items.StepTaken(CALL, 4, 1500.0, "answered", "")
    assert item(c.Save(1.5, e.ResultReported(2, "r1", "n"))) == items.ResultReported(CALL, "2/r1", 1500.0, "n", {})
    closed = item(c.CloseRecord(60.0, Ending.BOT_HUNG_UP, 2.0, 16, {"packets_in": 5}))
    assert closed == items.CallClosed(
        CALL,
        START.replace(minute=31),
        "bot_hung_up",
        answered_at=START.replace(second=2),
        cause=16,
        statistics={"packets_in": 5},
    )
