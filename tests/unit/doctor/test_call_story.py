"""A record in plain words."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from controller.call.vocabulary import Ending
from controller.doctor.call_story import BAD_ENDINGS, ENDINGS, TRIGGERS, explain
from controller.doctor.finding import Fault, Finding, Level
from controller.records.calls import CallDetail, CallSummary
from controller.records.items import StepTaken
from controller.routing.trigger import Trigger

START = datetime(2026, 11, 23, 12, tzinfo=UTC)
GOOD_AUDIO = {"packets_in": 990, "lost": 2, "jitter_ms": 3.2, "mos": 4.3, "packets_out": 1000, "bot_response_ms": 800}


def call(
    *steps: tuple[float, str, str],
    ending: str | None = "caller_hung_up",
    answered: bool = True,
    statistics: Mapping[str, int | float] = GOOD_AUDIO,
    cause: int | None = 16,
) -> CallDetail:
    """20 s long, answered after half a second."""
    summary = CallSummary(
        "c1", START, "+491713920012", None, "+493023125000", "reception",
        START + timedelta(seconds=0.5) if answered else None,
        START + timedelta(seconds=20.5) if ending else None, ending, (),
    )  # fmt: skip
    taken = tuple(StepTaken("c1", position, at, kind, detail) for position, (at, kind, detail) in enumerate(steps))
    return CallDetail(summary, cause, statistics, taken, (), (), ())


def wrong(found: list[Finding]) -> list[tuple[Level, Fault]]:
    return [(one.level, one.fault) for one in found if one.level not in {Level.GOOD, Level.SKIPPED}]


def words(found: list[Finding]) -> str:
    return "\n".join(one.seen for one in found)


def test_a_good_call() -> None:
    found = explain(
        call(
            (0, "route", "reception: number dialled +493023125000"),
            (1, "rung", "bot reception"),
            (90, "bot_accepted", ""),
        )
    )
    assert wrong(found) == []
    assert [one.seen for one in found] == [
        "+491713920012 dialled +493023125000 (inbound)",
        "It took the route reception, by: number dialled +493023125000",
        "After 0.0 s it came to: bot reception",
        "It was answered after 0.5 s of ringing",
        "Of the caller's audio 0.2% was lost, jitter 3 ms, quality 4.3 of 4.5",
        "The bot accepted after 89 ms",
        "The bot took 0.8 s to answer, on the average",
        "The caller hung up, 20 s after it began",
    ]


def test_the_way_down_the_ladder_says_why() -> None:
    found = explain(call((0, "rung", "bot a"), (5100, "rung_left", "no_answer: 5 s"), (5101, "rung", "human desk")))
    assert wrong(found) == [(Level.WARNING, Fault.BOT_SLOW)]
    assert "After 5.1 s it went on, as no_answer: it did not accept the call in time (5 s)" in words(found)


@pytest.mark.parametrize(
    ("statistics", "expected"),
    [
        ({"packets_in": 0, "strangers": 900}, [(Level.FAULT, Fault.CALLERS_NOT_HEARD)]),
        ({**GOOD_AUDIO, "packets_out": 0}, [(Level.FAULT, Fault.NO_AUDIO)]),
        ({**GOOD_AUDIO, "lost": 90}, [(Level.WARNING, Fault.CALLERS_NOT_HEARD)]),
        ({**GOOD_AUDIO, "lost": 20}, [(Level.HINT, Fault.CALLERS_NOT_HEARD)]),
        ({**GOOD_AUDIO, "dropped_ms": 700}, [(Level.HINT, Fault.BOT_PROTOCOL)]),
        ({**GOOD_AUDIO, "bot_response_ms": 2500}, [(Level.WARNING, Fault.BOT_SLOW)]),
        ({**GOOD_AUDIO, "malformed_messages": 2}, [(Level.WARNING, Fault.BOT_PROTOCOL)]),
        ({}, []),
    ],
)
def test_figures_in_words(statistics: Mapping[str, int | float], expected: list[tuple[Level, Fault]]) -> None:
    assert wrong(explain(call(statistics=statistics))) == expected


def test_a_human_s_time_is_not_the_bot_s() -> None:
    """Of 20 s the bot had 5: 240 packets are all of them."""
    assert wrong(explain(call((5500, "human_joined", ""), statistics={**GOOD_AUDIO, "packets_in": 240}))) == []


def test_every_word_of_the_vocabularies_is_explained() -> None:
    assert set(ENDINGS) == set(Ending)
    assert set(TRIGGERS) == set(Trigger)
    for ending in Ending:
        found = explain(call(ending=ending))
        assert (found[-1].level is Level.WARNING) is (ending in BAD_ENDINGS)
        assert ENDINGS[ending] in found[-1].seen


def test_a_call_in_progress_and_one_that_nobody_answered() -> None:
    assert explain(call(ending=None))[-1].seen == "It is still in progress"
    assert "never answered" in words(explain(call(answered=False, ending="refused", cause=34)))


def test_troubles_are_named_with_their_mend() -> None:
    found = explain(
        call((900, "command_failed", "AnswerCaller: 404"), (2000, "worker_lost", "the media worker went away"))
    )
    assert [one.mend for one in found if one.level is Level.WARNING] != ["", ""]
    assert "AnswerCaller: 404" in words(found)
