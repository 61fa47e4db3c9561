"""One call as it is written down."""

from datetime import UTC, datetime, timedelta

from controller.records.items import (
    CallClosed,
    CallOpened,
    Item,
    LogWritten,
    ResultReported,
    StepTaken,
    TranscriptSaid,
)

START = datetime(2026, 11, 22, 14, 15, 7, 250_000, tzinfo=UTC)


def opened(call_id: str = "c1", after_seconds: float = 0) -> CallOpened:
    return CallOpened(
        call_id, START + timedelta(seconds=after_seconds), "+493012345678", "Ada", "+493023125000", "reception"
    )


def closed(call_id: str = "c1", ending: str = "bot_hung_up") -> CallClosed:
    return CallClosed(
        call_id, START + timedelta(seconds=65), ending, START + timedelta(seconds=0.142), 16, {"rtp_in": 3250}
    )


STEPS = (StepTaken("c1", 0, 0.0, "arrived"), StepTaken("c1", 1, 81.375, "bot_accepted", "ws://bot/"))
TRANSCRIPTS = (
    TranscriptSaid("c1", "t1", 250.25, "bot", "Grüß Gott 👋"),
    TranscriptSaid("c1", "t2", 4000, "caller", "", 3100.0, 3900.5),
)
RESULTS = (ResultReported("c1", "r1", 9000, "Appointment confirmed", {"date": "2026-12-01", "seats": [1, 2.5, None]}),)
LOGS = (LogWritten("c1", "t1", 300, "warning", "slow", {"s": 2}),)


def whole_call() -> list[Item]:
    return [opened(), *STEPS, *TRANSCRIPTS, *RESULTS, *LOGS, closed()]
