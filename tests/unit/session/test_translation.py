"""Between the vocabularies."""

from datetime import UTC, datetime
from typing import get_args

import pytest

from controller.bot import protocol
from controller.call import commands as c
from controller.call import events as e
from controller.call.finish import BOT_END_REASONS
from controller.call.vocabulary import Ending, TransferOutcome
from controller.config import BotAudio
from controller.errors import ProtocolError
from controller.media import control_messages as media
from controller.records import items
from controller.routing.route import Arrival, BotRung, Keep, Route
from controller.routing.trigger import Trigger
from controller.session import translation

START = datetime(2026, 11, 22, 16, 30, tzinfo=UTC)
CALL = "20261122-163012-k3v9qx"
TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
RESULT = e.ResultReported(1, "r", "done", {})


def of_bot(message: dict[str, object]) -> tuple[e.Event, ...]:
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
    assert translation.from_report(report, 3) == ((event,) if event else ())


@pytest.mark.parametrize(
    ("message", "event"),
    [
        ({"type": "transcript", "id": "t", "role": "bot", "text": "x"}, e.TranscriptSaid(3, "t", "bot", "x")),
        (
            {"type": "transcript", "id": "t", "role": "caller", "text": "x", "start_ms": 100, "end_ms": 900},
            e.TranscriptSaid(3, "t", "caller", "x", 100, 900),
        ),
        ({"type": "transcript", "id": "t", "role": "bot", "text": "x", "final": False}, None),
        ({"type": "result", "id": "r", "name": "n", "data": {"a": 1}}, e.ResultReported(3, "r", "n", {"a": 1})),
        ({"type": "log", "id": "l", "message": "m"}, e.LogWritten(3, "l", "info", "m")),
        ({"type": "transfer", "summary": "s"}, e.TransferRequested(3, "s")),
        (
            {"type": "transfer", "to": "desk", "way": "attended", "whisper": "w"},
            e.TransferRequested(3, "", "desk", "attended", "w"),
        ),
        ({"type": "transfer_complete"}, e.TransferCompleted(3)),
        ({"type": "transfer_cancel"}, e.TransferCancelled(3)),
        ({"type": "hold"}, e.HoldRequested(3, held=True)),
        ({"type": "unhold"}, e.HoldRequested(3, held=False)),
        ({"type": "send_dtmf", "digits": "12#"}, e.DigitsRequested(3, "12#")),
        ({"type": "recording", "action": "start"}, e.RecordingRequested(3, "start")),
        ({"type": "hangup", "reason": "done"}, e.BotHungUp(3, "done")),
    ],
)
def test_messages_of_the_bot(message: dict[str, object], event: e.Event | None) -> None:
    assert of_bot(message) == ((event,) if event else ())


def test_a_hangup_with_a_result_is_both() -> None:
    told = of_bot({"type": "hangup", "result": {"id": "r", "name": "n"}})
    assert told == (e.ResultReported(3, "r", "n"), e.BotHungUp(3))


def test_what_came_without_an_id_gets_the_same_one_each_time() -> None:
    first, again = (of_bot({"type": "metadata_update", "data": {"a": 1}}) for _ in range(2))
    assert first == again
    assert isinstance(first[0], e.MetadataAdded)
    assert first[0].id.startswith("~")


def test_what_the_worker_keeps_for_itself_is_not_passed_on() -> None:
    with pytest.raises(ProtocolError, match="passed on a clear"):
        of_bot({"type": "clear"})


@pytest.mark.parametrize("audio", get_args(BotAudio))
def test_every_audio_setting_is_a_format_of_the_protocol(audio: BotAudio) -> None:
    told = translation.to_audio_format(audio)
    assert audio == (f"pcm16/{told.sample_rate}" if told.encoding == "pcm16" else told.encoding)


def test_every_ending_has_a_word_for_the_bot() -> None:
    assert set(BOT_END_REASONS) <= set(Ending)
    assert set(BOT_END_REASONS.values()) | {"transferred", "failed"} <= set(get_args(protocol.EndReason))


def test_every_transfer_outcome_has_a_word_for_the_bot() -> None:
    for outcome in TransferOutcome:
        state = "failed" if outcome is TransferOutcome.CANCELLED else outcome.value
        told = translation.to_bot(c.TellTransfer(1, state))
        assert isinstance(told, protocol.TransferProgress)


def test_items_of_the_record() -> None:
    def item(command: c.Recorded) -> items.Item:
        (only,) = translation.to_items(command, CALL, START, 4)
        return only

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


def test_a_key_and_the_way_to_a_human_are_facts_of_their_own() -> None:
    key = translation.to_items(c.Note(1.0, "dtmf", "5"), CALL, START, 4)
    assert key[1] == items.DtmfPressed(CALL, "step-4", 1000.0, "5")
    gone = translation.to_items(c.Note(1.0, "human_gone", "busy: SIP 486", 2, "sales"), CALL, START, 4)
    assert gone[1] == items.TransferChanged(CALL, "step-4", 1000.0, 2, "sales", "busy", "busy: SIP 486")


@pytest.mark.parametrize(
    ("command", "kept"),
    [
        (c.Save(1.0, e.TranscriptSaid(1, "t", "caller", "My PIN is 1 2 3")), None),
        (c.Save(1.0, e.LogWritten(1, "l", "info", "asked for a PIN", {})), None),
        (c.Note(1.0, "dtmf", "5"), c.Note(1.0, "dtmf")),
        (c.Note(1.0, "dtmf_sent", "12#, by desk"), c.Note(1.0, "dtmf_sent")),
        (c.Note(1.0, "rung_left", "escape: the caller pressed 0"), c.Note(1.0, "rung_left", "escape")),
        (c.Note(1.0, "rung_left", "busy: all lines"), c.Note(1.0, "rung_left", "busy: all lines")),
        (c.Save(1.0, RESULT), c.Save(1.0, RESULT)),
    ],
)
def test_what_a_route_does_not_keep(command: c.Recorded, kept: c.Recorded | None) -> None:
    assert translation.to_be_kept(command, Keep(transcripts=False, digits=False, logs=False)) == kept
    assert translation.to_be_kept(command, Keep()) == command


def test_a_key_that_is_not_kept_is_a_step_only() -> None:
    assert translation.to_items(c.Note(1.0, "dtmf"), CALL, START, 4) == [items.StepTaken(CALL, 4, 1000.0, "dtmf")]


def test_what_was_said_is_in_no_line_of_the_log() -> None:
    said = e.TranscriptSaid(1, "t", "caller", "My PIN is 1 2 3")
    assert "PIN" not in f"{said} {items.TranscriptSaid(CALL, 't', 1.0, 'caller', said.text)}"


def test_voicemail_and_callback_of_the_record() -> None:
    assert translation.to_items(c.SaveVoicemail(9.0, "x-voicemail", 2.5), CALL, START, 4) == [
        items.VoicemailLeft(CALL, "x-voicemail", 9000.0, "x-voicemail.wav", 2500)
    ]
    assert translation.to_items(c.SaveCallback(9.0, "+49301"), CALL, START, 4) == [
        items.CallbackAsked(CALL, "callback", 9000.0, "+49301")
    ]


def test_the_worker_is_told_how_to_prove_who_we_are() -> None:
    rung = BotRung(
        "wss://bot", "pa55word", username="us", signing_secret="s1gning", headers={"X-Key": "h3ader"},
        ca_file="ca.pem", certificate_file="client.pem", key_file="client.key", protocol="twilio",
    )  # fmt: skip
    command = c.OpenBot(1, rung)
    arrival = Arrival("trunk", "", "", "")
    start = translation.to_start(command, "call-1", arrival, Route("all", (rung,)), {})
    opening = translation.to_opening("call-1/1", rung, start)
    target = opening.bot
    assert (target.username, target.token, target.signing_secret) == ("us", "pa55word", "s1gning")
    assert (target.ca_file, target.certificate_file, target.key_file) == ("ca.pem", "client.pem", "client.key")
    assert (target.headers, target.protocol) == ({"X-Key": "h3ader"}, "twilio")
    for shown in (repr(command), repr(opening)):
        assert not [secret for secret in ("pa55word", "s1gning", "h3ader") if secret in shown]


@pytest.mark.parametrize(("reconnect", "resume"), [(0.0, 0.0), (2.0, 2.0), (5.0, 5.0), (60.0, 5.0)])
def test_a_bot_is_never_tried_longer_than_its_route_says(reconnect: float, resume: float) -> None:
    rung = BotRung("wss://bot", reconnect_seconds=reconnect)
    start = translation.to_start(c.OpenBot(1, rung), "call-1", Arrival("trunk", "", "", ""), Route("all", (rung,)), {})
    assert translation.to_opening("call-1/1", rung, start).bot.resume_seconds == resume


def test_how_long_a_bot_was_tried_is_passed_on() -> None:
    report = media.Disconnected(session="s", detail="gone", tried_seconds=3.5)
    assert translation.from_report(report, 1) == (e.BotLost(1, Trigger.DROPPED, "gone", 3.5),)


@pytest.mark.parametrize(
    ("metadata", "multiplex", "headers"),
    [
        ({"traceparent": TRACEPARENT}, False, {"traceparent": TRACEPARENT}),
        ({"traceparent": TRACEPARENT}, True, {}),
        ({"traceparent": "x\r\nx: y"}, False, {}),
        ({}, False, {}),
    ],
)
def test_the_trace_is_in_the_handshake_of_a_bot_with_a_socket_of_its_own(
    metadata: dict[str, object], multiplex: bool, headers: dict[str, str]
) -> None:
    rung = BotRung("ws://bot/", multiplex=multiplex)
    start = translation.to_start(
        c.OpenBot(1, rung), CALL, Arrival("trunk", "", "", ""), Route("all", (rung,)), metadata
    )
    assert translation.to_opening(f"{CALL}/1", rung, start).bot.headers == headers
    assert start.metadata == metadata
