"""What the API says about calls. Times are UTC; `at_ms` counts milliseconds from the arrival of the call."""

import json
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from controller.api.control import LiveCall
from controller.api.operations import Model
from controller.media.control_messages import Speaking
from controller.records.events import to_event
from controller.records.items import RecordingMade, Said, StepTaken
from controller.records.store import CallDetail, CallSummary

JsonObject = dict[str, Any]
Text = Annotated[str, Field(max_length=4_000)]
Name = Annotated[str, Field(max_length=200)]


class CallFacts(Model):
    """One call, in progress or over."""

    id: str
    started_at: datetime
    from_number: str | None
    """Null: withheld."""
    from_name: str | None
    to_number: str | None
    forwarded_from: str | None = None
    """The number that was dialled first, where another phone sent the call on to us."""
    direction: str = "inbound"
    """inbound or outbound."""
    route: str
    answered_at: datetime | None
    ended_at: datetime | None = None
    ending: str | None = None
    """Null while the call lasts."""


class LiveState(Model):
    """What a call in progress is doing just now."""

    state: str
    bot: str
    """Name of the bot that has the call or is asked to take it; empty: none."""
    human: str
    """Who has the call, or whose phone rings; empty: nobody."""
    rung: str
    """Of the ladder, as records have it; empty: none yet."""
    trigger: str
    """Why the one before it was left; empty: it was the first."""
    speaking: Speaking | None = None
    """Who is to be heard just now; null where nobody can say: before the answer, or with a human."""
    metadata: JsonObject

    @classmethod
    def of(cls, call: LiveCall) -> "LiveState":
        return cls(
            state=call.state,
            bot=call.bot,
            human=call.human,
            rung=call.rung,
            trigger=call.trigger,
            speaking=call.speaking,
            metadata=dict(call.metadata),
        )


class ListedCall(CallFacts):
    """A line of the list."""

    result_names: list[str] = Field(default_factory=list)
    """What came of it, in order; not in the list of live calls."""
    live: LiveState | None = None
    """In the list of live calls only."""

    @classmethod
    def of(cls, call: CallSummary) -> "ListedCall":
        return cls.model_validate(some(call, CallFacts) | {"result_names": list(call.results)})

    @classmethod
    def of_live(cls, call: LiveCall) -> "ListedCall":
        return cls(
            id=call.id,
            started_at=call.started_at,
            from_number=call.from_number,
            from_name=call.from_name,
            to_number=call.to_number,
            direction=call.direction,
            route=call.route,
            answered_at=call.answered_at,
            live=LiveState.of(call),
        )


class CallList(Model):
    """Calls, newest first; live ones oldest first."""

    calls: list[ListedCall]
    next: str | None = None
    """Pass it as `after` to see what follows; null: that was all."""


class Step(Model):
    """One thing that happened."""

    at_ms: float
    kind: str
    detail: str


class Transcript(Model):
    """What was said. `role` is caller, bot or human."""

    at_ms: float
    id: str
    role: str
    text: str
    start_ms: float | None
    """Where in the audio since the answer it was said, where the bot knew; null: it did not."""
    end_ms: float | None


class Result(Model):
    """What the bot says came of the call."""

    at_ms: float
    id: str
    name: str
    data: JsonObject


class LogLine(Model):
    """A line of the bot's for the operator."""

    at_ms: float
    id: str
    level: str
    message: str
    data: JsonObject


class Known(Model):
    """Something known about the call. `source` says who knew it, such as context, sip, bot or api."""

    at_ms: float
    source: str
    data: JsonObject


class Moment(Model):
    """One thing that happened or was said; `type` and `data` as in events."""

    at_ms: float
    type: str
    data: JsonObject


class Timeline(Model):
    """All of a call on one line of time."""

    id: str
    started_at: datetime
    moments: list[Moment]

    @classmethod
    def of(cls, call: CallDetail) -> "Timeline":
        summary = call.summary
        moments = [_moment(item, summary) for item in call.moments]
        return cls(id=summary.id, started_at=summary.started_at, moments=moments)


def _moment(item: StepTaken | Said, call: CallSummary) -> Moment:
    event = to_event(item, call.route, call.started_at)
    return Moment(at_ms=item.at_ms, type=event.type, data=json.loads(event.payload)["data"])


class RecordingFacts(Model):
    """A recording of the call: stereo, left the caller, right whomever the caller heard."""

    number: int
    """From 1."""
    at_ms: float
    """Where in the call it begins."""
    format: str
    duration_ms: int
    size_bytes: int
    sha256: str
    """Of the file."""

    @classmethod
    def of(cls, number: int, recording: RecordingMade) -> "RecordingFacts":
        facts = {name: getattr(recording, name) for name in cls.model_fields if name != "number"}
        return cls(number=number, **facts)


class WholeCall(CallFacts):
    """All that is known about one call, each kind in order."""

    live: LiveState | None = None
    """Null of a call that is over."""
    cause: int | None
    """Hangup cause (ITU-T Q.850), where one is known."""
    statistics: dict[str, float]
    steps: list[Step]
    transcripts: list[Transcript]
    results: list[Result]
    logs: list[LogLine]
    metadata: list[Known]
    recordings: list[RecordingFacts]
    """Once they are made, which is a moment after the end."""

    @classmethod
    def of(cls, call: CallDetail, live: LiveCall | None) -> "WholeCall":
        return cls.model_validate(
            {
                **some(call.summary, CallFacts),
                "live": LiveState.of(live) if live else None,
                "cause": call.cause,
                "statistics": dict(call.statistics),
                "steps": [some(step, Step) for step in call.steps],
                "transcripts": [some(said, Transcript) for said in call.transcripts],
                "results": [some(result, Result) for result in call.results],
                "metadata": [some(known, Known) for known in call.metadata],
                "logs": [some(line, LogLine) for line in call.logs],
                "recordings": [RecordingFacts.of(n, made) for n, made in enumerate(call.recordings, start=1)],
            }
        )


def some(value: Any, model: type[Model]) -> dict[str, Any]:
    """Those fields of a record's value that the model shows."""
    return {name: getattr(value, name) for name in model.model_fields}
