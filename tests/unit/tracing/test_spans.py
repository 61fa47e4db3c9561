"""A record becomes one trace: known answers, and no record that breaks it."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from controller.call.vocabulary import Ending
from controller.records.calls import CallDetail, CallSummary
from controller.records.items import StepTaken
from controller.tracing.identity import span_id, trace_id
from controller.tracing.spans import RUNG, WITHIN, Span, spans
from tests.unit.records.examples import START

KINDS = sorted({kind for phase in (RUNG, *WITHIN) for kind in phase.begins | phase.ends})


def call(*steps: tuple[float, str, str], ending: str = Ending.HUMAN_HUNG_UP) -> CallDetail:
    """`steps`: seconds, kind, detail."""
    taken = [StepTaken("c1", n, 1000 * seconds, kind, detail) for n, (seconds, kind, detail) in enumerate(steps)]
    ended = START + timedelta(seconds=20)
    summary = CallSummary("c1", START, "+49301", "Ada", "+49302", "sales", START, ended, ending, ())
    return CallDetail(summary, 16, {"mos": 4.3}, tuple(taken), (), (), ())


def seen(span: Span) -> tuple[str, float, float, str]:
    began, ended = ((moment - START).total_seconds() for moment in (span.began, span.ended))
    return span.name, began, ended, str(span.attributes.get("over", ""))


TRANSFERRED = call(
    (0, "arrived", "+49301 to +49302"),
    (0, "route", "sales: the default route"),
    (0, "rung", "bot reception"),
    (0.1, "media_joined", "attempt 1"),
    (0.2, "bot_accepted", ""),
    (0.3, "answered", ""),
    (5, "transfer_requested", "human by bridge: wants a refund"),
    (6, "human_ringing", ""),
    (8, "human_joined", ""),
    (20, "human_hung_up", ""),
    (20, "ended", "human_hung_up"),
)


def test_a_call_to_bot_and_human() -> None:
    whole, *parts = spans(TRANSFERRED)
    assert (whole.name, whole.id, whole.parent) == ("call", span_id("c1"), None)
    assert [seen(part) for part in parts] == [
        ("rung", 0, 20, ""),
        ("ringing", 0, 0.3, "answered"),
        ("bot", 0.2, 8, "human_joined"),
        ("transfer", 5, 8, "human_joined"),
        ("human", 8, 20, "human_hung_up"),
    ]
    rung = parts[0]
    assert (rung.parent, rung.attributes["rung"]) == (whole.id, "bot reception")
    assert {part.parent for part in parts[2:]} == {rung.id}
    assert {part.trace for part in (whole, *parts)} == {trace_id("c1")}
    assert [name for _, name in whole.events] == [step.kind for step in TRANSFERRED.steps]


def test_down_the_ladder() -> None:
    steps = (
        (0, "rung", "bot a"),
        (2, "rung_left", "busy: all lines"),
        (2, "rung", "human desk"),
        (9, "human_joined", ""),
    )
    first, second, human = spans(call(*steps))[1:]
    assert seen(first) == ("rung", 0, 2, "rung_left: busy")
    assert seen(second) == ("rung", 2, 20, "")
    assert human.parent == second.id


def test_nobody_s_words_or_numbers_are_told() -> None:
    told = str([(span.name, span.attributes, span.events) for span in spans(TRANSFERRED)])
    assert "49301" not in told
    assert "refund" not in told


def test_a_call_that_failed_is_an_error_and_one_that_was_hung_up_is_none() -> None:
    assert spans(call(ending=Ending.MEDIA_LOST))[0].error == "media_lost"
    assert not spans(call(ending=Ending.CALLER_HUNG_UP))[0].error
    lost = call(ending=Ending.CONTROLLER_LOST)
    open_end = replace(lost, summary=replace(lost.summary, ended_at=None))
    assert spans(open_end)[0].ended == START


@given(st.lists(st.tuples(st.floats(0, 30), st.sampled_from(KINDS)), max_size=20))
def test_whatever_happened_every_span_has_its_parent_and_its_time(steps: list[tuple[float, str]]) -> None:
    found = spans(call(*((seconds, kind, "") for seconds, kind in sorted(steps))))
    known = {span.id for span in found}
    assert len(known) == len(found), "no id twice"
    for span in found[1:]:
        assert span.parent in known
        assert span.began <= span.ended
