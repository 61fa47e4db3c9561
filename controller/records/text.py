"""Call records as a person reads them in a terminal. Pure: from what the store returned to what rich prints.

Names, transcripts and results come from callers and bots: they are shown as text, never as markup, and what would
control the terminal is replaced.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from controller.records.calls import CallDetail, CallSummary
from controller.records.events import Event
from controller.records.items import (
    CallbackAsked,
    DtmfPressed,
    HandoffOffered,
    LogWritten,
    MetadataAdded,
    RecordingMade,
    ResultReported,
    Said,
    StepTaken,
    TranscriptSaid,
    TransferChanged,
    VoicemailLeft,
)
from controller.records.outbox import DeadLetter, TargetState

ROLE_STYLES: Final = {"caller": "cyan", "bot": "green", "human": "magenta"}
LEVEL_STYLES: Final = {"debug": "dim", "info": "", "warning": "yellow", "error": "red"}

_WITHHELD: Final = "withheld"
_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"


def render_calls(calls: Sequence[CallSummary], zone: tzinfo | None = None) -> RenderableType:
    """The list of calls, one line each. Times in `zone`; None: the machine's own."""
    if not calls:
        return Text("No calls yet.")
    table = Table(box=None, pad_edge=False, header_style="bold")
    # 80 columns hold all of it: an id that is cut cannot be copied, so only the last column may fold.
    for heading in ("Call", "Began", "From"):
        table.add_column(heading, no_wrap=True)
    table.add_column("Length", justify="right", no_wrap=True)
    table.add_column("Ended")
    for call in calls:
        table.add_row(
            _text(call.id, "bold"),
            Text(call.started_at.astimezone(zone).strftime("%d %b %H:%M:%S")),
            _number(call.from_number),
            _length(call),
            Text.assemble(_ending(call), *(Text.assemble("\n", _text(f"✔ {name}", "green")) for name in call.results)),
        )
    return table


def render_call(call: CallDetail, zone: tzinfo | None = None) -> RenderableType:
    """One call: its heading, what came of it, and all that happened on one line of time."""
    return Group(*_heading(call, zone), Text(), _timeline(call), *_statistics(call.statistics))


def _heading(call: CallDetail, zone: tzinfo | None) -> Iterator[RenderableType]:
    summary = call.summary
    yield _text(f"Call {summary.id}", "bold")
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim")
    facts.add_column(overflow="fold")
    facts.add_row("Began", Text(summary.started_at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S %Z")))
    facts.add_row("From", _party(summary.from_number, summary.from_name))
    facts.add_row("To", _text(summary.to_number or ""))
    facts.add_row("Route", _text(summary.route))
    facts.add_row("Answered", _after(summary.answered_at, summary.started_at))
    cause = Text(f" (cause {call.cause})" if call.cause is not None else "", "dim")
    facts.add_row("Ended", Text.assemble(_ending(summary), cause, "  ", _length(summary)))
    yield facts
    for result in call.results:
        yield Text.assemble(("✔ ", "bold green"), _text(result.name, "bold green"), "  ", _json(result.data))


def _timeline(call: CallDetail) -> Table:
    """Steps, conversation, results and logs together, in the order of their times."""
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right", style="dim", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for item in call.moments:
        if words := _moment(item):
            table.add_row(f"{item.at_ms / 1000:+.3f} s", *words)
    return table


def _moment(item: StepTaken | Said) -> tuple[Text, Text] | None:
    """None: there is a step that says it already."""
    match item:
        case StepTaken():
            return _text(item.kind), _text(item.detail)
        case TranscriptSaid():
            return _text(item.role, ROLE_STYLES.get(item.role, "")), _text(f"“{item.text}”")
        case ResultReported():
            return Text("result", "bold green"), Text.assemble(_text(item.name, "bold green"), "  ", _json(item.data))
        case LogWritten():
            style = LEVEL_STYLES.get(item.level, "")
            return _text(item.level, style), Text.assemble(_text(item.message, style), "  ", _json(item.data))
        case DtmfPressed() | TransferChanged():
            return None
        case VoicemailLeft():
            said = f"  “{item.text}”" if item.text else ""
            return Text("voicemail", "magenta"), _text(f"{item.duration_ms / 1000:.0f} s  {item.recording}{said}")
        case CallbackAsked():
            return Text("callback", "magenta"), _text(f"{item.phone}  {item.note}")
        case HandoffOffered():
            return Text("handoff", "magenta"), _text(item.summary)
        case MetadataAdded():
            return _text(item.source), _json(item.data)
        case RecordingMade():
            return Text("recording"), _text(f"{item.duration_ms / 1000:.0f} s  {item.name}.{item.format}")


def render_event(event: Event) -> RenderableType:
    """One line of what happens just now."""
    payload = json.loads(event.payload)
    data = {name: value for name, value in payload["data"].items() if name != "id" and value not in (None, "", {})}
    time = datetime.fromisoformat(payload["time"]).astimezone().strftime("%H:%M:%S")
    words = "  ".join(
        f"{name}={json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value}"
        for name, value in data.items()
    )
    return Text.assemble(
        (time, "dim"), "  ", (event.call_id, "bold"), "  ", (str(event.type), "green"), "  ", _text(words)
    )


def render_targets(states: Sequence[TargetState]) -> RenderableType:
    """What waits for each target."""
    if not states:
        return Text("Everything is delivered.")
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("Target", "Waiting", "Given up", "Since", "Last failure"):
        table.add_column(heading)
    for state in states:
        since = state.oldest.astimezone().strftime("%d %b %H:%M:%S") if state.oldest else ""
        table.add_row(_text(state.target, "bold"), str(state.waiting), str(state.dead), since, _text(state.error))
    return table


def render_dead_letters(letters: Sequence[DeadLetter]) -> RenderableType:
    """Messages that were given up."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("Given up", "Target", "Call", "Type"):
        table.add_column(heading, no_wrap=True)
    table.add_column("Id and reason", overflow="fold")
    for letter in letters:
        when = letter.dead_at.astimezone().strftime("%d %b %H:%M:%S")
        reason = _text(f"{letter.event_id}  {letter.error}")
        table.add_row(when, _text(letter.target), _text(letter.call_id, "bold"), _text(letter.type), reason)
    return table


def _statistics(statistics: Mapping[str, int | float]) -> Iterator[RenderableType]:
    if statistics:
        yield Text()
        yield _text("  ".join(f"{name}={value:g}" for name, value in statistics.items()), "dim")


def _text(value: str, style: str = "") -> Text:
    """Foreign text: line breaks become spaces, so that every row stays one row."""
    flat = re.sub(r"\s+", " ", value)
    return Text("".join(letter if letter.isprintable() else _REPLACEMENT for letter in flat), style)


def _json(data: Mapping[str, Any]) -> Text:
    return _text(json.dumps(dict(data), ensure_ascii=False) if data else "", "dim")


def _number(number: str | None) -> Text:
    return _text(number) if number else Text(_WITHHELD, "dim")


def _party(number: str | None, name: str | None) -> Text:
    return Text.assemble(_number(number), "  ", _text(name or "", "dim"))


def _after(moment: datetime | None, start: datetime) -> Text:
    return Text("never", "yellow") if moment is None else Text(f"{(moment - start).total_seconds():+.3f} s")


def _length(call: CallSummary) -> Text:
    if call.ended_at is None:
        return Text("")
    seconds = round((call.ended_at - call.started_at).total_seconds())
    return Text(f"{seconds // 60}:{seconds % 60:02d}")


def _ending(call: CallSummary) -> Text:
    return Text("in progress", "bold yellow") if call.ending is None else _text(call.ending)
