"""Calls for other programs: JSON lines with everything, or CSV with a line a call. Of any number, page by page."""

import csv
import io
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from controller.records import calls as calls_module
from controller.records.calls import CallDetail
from controller.records.database import Database
from controller.records.search import CALLS_PER_PAGE_MAX, CallQuery, search

CSV_COLUMNS: Final = (
    "id",
    "started_at",
    "answered_at",
    "ended_at",
    "ending",
    "direction",
    "from_number",
    "from_name",
    "to_number",
    "forwarded_from",
    "route",
    "cause",
    "results",
)

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is run by spreadsheets; callers choose their names, and bots theirs."""


class Form(StrEnum):
    """What an export looks like."""

    JSONL = "jsonl"
    CSV = "csv"


async def export_calls(database: Database, query: CallQuery) -> AsyncIterator[CallDetail]:
    """All calls that fit, newest first. Raises BadQuery."""
    cursor = None
    while True:
        page = await search(database, query, CALLS_PER_PAGE_MAX, cursor)
        async with database.reading() as connection:
            for call in await calls_module.read_calls(connection, [summary.id for summary in page.calls]):
                yield call
        if page.next is None:
            return
        cursor = page.next


async def export_lines(database: Database, query: CallQuery, form: Form) -> AsyncIterator[str]:
    """The export as text, a piece at a time, each with its line break."""
    if form is Form.CSV:
        yield _csv(CSV_COLUMNS)
    async for call in export_calls(database, query):
        yield to_json(call) + "\n" if form is Form.JSONL else to_csv(call)


def to_json(call: CallDetail) -> str:
    """Everything about a call, in one line."""
    whole = asdict(call)
    for handoff in whole["handoffs"]:
        del handoff["secret_hash"]
    return json.dumps({**whole.pop("summary"), **whole}, default=_plain, ensure_ascii=False, separators=(",", ":"))


def to_csv(call: CallDetail) -> str:
    """What fits in a line."""
    facts = {**asdict(call.summary), "cause": call.cause, "results": "; ".join(call.summary.results)}
    return _csv(tuple(_cell(facts[column]) for column in CSV_COLUMNS))


def _csv(cells: tuple[str, ...]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()


def _cell(value: Any) -> str:
    text = "" if value is None else str(_plain(value))
    # A telephone number may begin with +.
    if text.startswith(_FORMULA) and not text[1:].isdigit():
        return f"'{text}"
    return text


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return dict(value) if isinstance(value, Mapping) else str(value)
