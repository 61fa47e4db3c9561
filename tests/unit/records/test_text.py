"""What a person reads: one line of time, foreign text as text, ids in full."""

from dataclasses import replace
from datetime import UTC, timedelta

from rich.console import Console, RenderableType

from controller.records.store import CallDetail, CallSummary
from controller.records.text import render_call, render_calls
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
