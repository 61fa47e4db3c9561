"""What a person reads: one line of time, foreign text as text, ids in full."""

from dataclasses import replace
from datetime import UTC, timedelta

from rich.console import Console, RenderableType

from controller.records.calls import CallDetail, CallSummary
from controller.records.events import to_event
from controller.records.items import (
    CallbackAsked,
    DtmfPressed,
    HandoffOffered,
    MetadataAdded,
    RecordingMade,
    TransferChanged,
    VoicemailLeft,
)
from controller.records.outbox import DeadLetter, TargetState
from controller.records.text import render_call, render_calls, render_dead_letters, render_event, render_targets
from tests.unit.records.examples import LOGS, RESULTS, START, STEPS, TRANSCRIPTS

SUMMARY = CallSummary(
    id="20261122-141507-7f3k9q",
    started_at=START,
    from_number="+493012345678",
    from_name="Ada Lovelace",
    to_number="+493023125000",
    route="reception",
    answered_at=START + timedelta(seconds=0.142),
    ended_at=START + timedelta(seconds=65),
    ending="bot_hung_up",
    results=("Appointment confirmed",),
)
LIVE = replace(SUMMARY, id="live", from_number=None, answered_at=None, ended_at=None, ending=None, results=())
DETAIL = CallDetail(SUMMARY, 16, {"rtp_in": 3250, "jitter_ms": 1.25}, STEPS, TRANSCRIPTS, RESULTS, LOGS)


def shown(renderable: RenderableType, width: int = 80) -> str:
    console = Console(width=width, color_system=None)
    with console.capture() as capture:
        console.print(renderable)
    return capture.get()


def test_the_list_fits_a_terminal() -> None:
    text = shown(render_calls([SUMMARY, LIVE], UTC))
    first = text.splitlines()[1].split()
    assert first[:6] == ["20261122-141507-7f3k9q", "22", "Nov", "14:15:07", "+493012345678", "1:05"]
    assert "Appointment" in text
    assert "withheld" in text
    assert "in progress" in text


def test_an_empty_list_says_so() -> None:
    assert shown(render_calls([])) == "No calls yet.\n"


def test_a_call_is_one_line_of_time() -> None:
    lines = shown(render_call(DETAIL, UTC)).splitlines()
    times = [line.split()[0] for line in lines if line.lstrip().startswith("+") and " s " in line]
    assert times == ["+0.000", "+0.081", "+0.250", "+0.300", "+4.000", "+9.000"]
    assert [line.split()[2] for line in lines if line.split()[:1] and line.split()[0] in times] == [
        "arrived",
        "bot_accepted",
        "bot",
        "warning",
        "caller",
        "result",
    ]


def test_a_calls_heading_has_what_matters() -> None:
    text = " ".join(shown(render_call(DETAIL, UTC), width=120).split())
    for fact in (
        "Call 20261122-141507-7f3k9q",
        "Began 2026-11-22 14:15:07 UTC",
        "From +493012345678 Ada Lovelace",
        "To +493023125000",
        "Route reception",
        "Answered +0.142 s",
        "Ended bot_hung_up (cause 16) 1:05",
        '✔ Appointment confirmed {"date": "2026-12-01", "seats": [1, 2.5, null]}',
        "“Grüß Gott 👋”",
        "rtp_in=3250 jitter_ms=1.25",
    ):
        assert fact in text


def test_a_live_call_has_no_end_yet() -> None:
    text = shown(render_call(CallDetail(LIVE, None, {}, (), (), (), ())))
    assert "in progress" in text
    assert "never" in text
    assert "cause" not in text


def test_foreign_text_neither_marks_up_nor_controls_the_terminal() -> None:
    nasty = "[bold]Ada[/bold]\x1b[2J\u202e\r\nOverwritten\x07"
    detail = replace(
        DETAIL,
        summary=replace(SUMMARY, from_name=nasty, route=nasty, results=(nasty,)),
        transcripts=(replace(TRANSCRIPTS[0], text=nasty, role=nasty),),
        logs=(replace(LOGS[0], message=nasty, data={nasty: nasty}),),
        results=(replace(RESULTS[0], name=nasty),),
    )
    for text in (shown(render_call(detail), 200), shown(render_calls([detail.summary]), 200)):
        assert "[bold]Ada[/bold]" in text
        assert not {"\x1b", "\u202e", "\r", "\x07"} & set(text)
        assert not any(line.startswith("Overwritten") for line in text.splitlines())


def test_everything_else_that_came_of_a_call_stands_on_its_line_too() -> None:
    more = replace(
        DETAIL,
        digits=(DtmfPressed("c1", "1", 1, "5"),),
        transfers=(TransferChanged("c1", "1", 2, 1, "sales", "busy", "SIP 486", "wants to buy"),),
        voicemails=(VoicemailLeft("c1", "1", 3, "c1.wav", 4200, "call me"),),
        callbacks=(CallbackAsked("c1", "1", 4, "+4930", "about seats"),),
        handoffs=(HandoffOffered("c1", "1", 5, "s3cret", "Ada", START),),
        metadata=(MetadataAdded("c1", "1", 6, "context", {"vip": True}),),
        recordings=(RecordingMade("c1", "1", 7, "c1-recording", "wav", 60_000),),
    )
    text = " ".join(shown(render_call(more, UTC), width=120).split())
    for line in (
        "+0.003 s voicemail 4 s c1.wav “call me”",
        "+0.004 s callback +4930 about seats",
        "+0.005 s handoff Ada",
        '+0.006 s context {"vip": true}',
        "+0.007 s recording 60 s c1-recording.wav",
    ):
        assert line in text
    assert "s3cret" not in text
    assert "+0.001 s" not in text, "the step says which key it was"
    assert "+0.002 s" not in text, "and how the transfer goes"


def test_what_happens_now_is_a_line_each() -> None:
    said = shown(render_event(to_event(TRANSCRIPTS[0], "reception", START)), width=200)
    assert said.count("\n") == 1
    assert "c1  transcript  role=bot text=Grüß Gott 👋" in said


def test_what_waits_for_targets() -> None:
    assert shown(render_targets([])) == "Everything is delivered.\n"
    text = shown(render_targets([TargetState("crm", 7, 2, START, "HTTP 503")]))
    assert text.splitlines()[1].split()[:3] == ["crm", "7", "2"]
    letter = DeadLetter("crm", 1, "evt_1", "c1", "result", START, START, "HTTP 503")
    assert "evt_1 HTTP 503" in shown(render_dead_letters([letter]))
