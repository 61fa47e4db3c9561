"""From the record of a call to its spans: the call, its rungs, and in them bots, transfers, humans. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from controller.call.vocabulary import Ending
from controller.records.calls import CallDetail
from controller.records.items import StepTaken
from controller.tracing.identity import CALL, span_id, trace_id

FAULTS: Final = frozenset(
    {Ending.FAILED, Ending.MEDIA_LOST, Ending.ASTERISK_LOST, Ending.CONTROLLER_LOST, Ending.NOBODY_LEFT}
)
"""Endings that are somebody's fault, and not the will of one who hung up."""


@dataclass(frozen=True, slots=True)
class Span:
    """One thing that took its time. `parent` is a span of the same trace; None: it is the call."""

    name: str
    trace: int
    id: int
    parent: int | None
    began: datetime
    ended: datetime
    attributes: Mapping[str, str | int | float] = field(default_factory=dict)
    error: str = ""
    events: tuple[tuple[datetime, str], ...] = ()
    outgoing: bool = False
    """A request of ours to somebody else."""


@dataclass(frozen=True, slots=True)
class Phase:
    """What begins with one step of the record and is over with another."""

    name: str
    begins: frozenset[str]
    ends: frozenset[str]
    """Beside the next that begins, and the end of the call."""


RUNG: Final = Phase("rung", frozenset({"rung"}), frozenset({"rung_left"}))
WITHIN: Final = (
    Phase("ringing", frozenset({"arrived"}), frozenset({"answered"})),
    Phase(
        "bot",
        frozenset({"bot_accepted"}),
        frozenset({"bot_lost", "bot_dropped", "bot_hung_up", "worker_lost", "rung_left", "human_joined", "taken_over"}),
    ),
    Phase(
        "transfer",
        frozenset({"transfer_requested"}),
        frozenset({"transfer_refused", "human_joined", "human_gone", "rung_left"}),
    ),
    Phase("human", frozenset({"human_joined"}), frozenset({"human_hung_up", "human_gone"})),
    Phase("recording", frozenset({"recording"}), frozenset({"voicemail"})),
    Phase("waiting", frozenset({"waiting"}), frozenset({"bot_accepted", "rung_left"})),
)


def spans(call: CallDetail) -> list[Span]:
    """Of a call that is over, the call itself first. What people said and pressed, and their numbers, are in none."""
    summary = call.summary
    ended = summary.ended_at or summary.started_at
    rungs = list(_phases(call, RUNG, ended, []))
    parts = [span for phase in WITHIN for span in _phases(call, phase, ended, rungs)]
    attributes: dict[str, str | int | float] = {
        "call.id": summary.id,
        "call.route": summary.route,
        "call.direction": summary.direction,
        "call.ending": summary.ending or "",
        **{f"call.{name}": value for name, value in call.statistics.items()},
    }
    events = tuple((_at(call, step), step.kind) for step in call.steps)
    whole = Span(
        CALL,
        trace_id(summary.id),
        span_id(summary.id),
        None,
        summary.started_at,
        ended,
        attributes,
        error=summary.ending or "" if summary.ending in FAULTS else "",
        events=events,
    )
    return [whole, *rungs, *sorted(parts, key=lambda span: span.began)]


def _phases(call: CallDetail, phase: Phase, ended: datetime, rungs: list[Span]) -> list[Span]:
    found: list[Span] = []
    begun: StepTaken | None = None
    for step in call.steps:
        if begun and (step.kind in phase.ends or step.kind in phase.begins):
            found.append(_span(call, phase, begun, step, _at(call, step), rungs))
            begun = None
        if step.kind in phase.begins:
            begun = step
    if begun:
        found.append(_span(call, phase, begun, None, ended, rungs))
    return found


def _span(
    call: CallDetail, phase: Phase, begun: StepTaken, over: StepTaken | None, ended: datetime, rungs: list[Span]
) -> Span:
    began = _at(call, begun)
    rung = next((rung for rung in reversed(rungs) if rung.began <= began), None)
    attributes: dict[str, str | int | float] = {}
    if phase is RUNG:
        attributes["rung"] = begun.detail
    if over:
        word = over.detail.partition(":")[0] if over.kind in {"rung_left", "human_gone"} else ""
        attributes["over"] = f"{over.kind}: {word}" if word else over.kind
    return Span(
        phase.name,
        trace_id(begun.call_id),
        span_id(begun.call_id, phase.name, begun.position),
        rung.id if rung else span_id(begun.call_id),
        began,
        max(began, ended),
        attributes,
    )


def _at(call: CallDetail, step: StepTaken) -> datetime:
    return call.summary.started_at + timedelta(milliseconds=step.at_ms)
