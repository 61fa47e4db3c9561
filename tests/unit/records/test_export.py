"""Everything comes out, in forms that other programs read."""

import csv
import io
import json
from dataclasses import replace

import pytest

from controller.records import export
from controller.records.export import CSV_COLUMNS, Form, export_calls, export_lines
from controller.records.items import HandoffOffered
from controller.records.search import CallQuery
from controller.records.store import RecordStore
from tests.unit.records.examples import START, opened, whole_call


async def lines(store: RecordStore, form: Form) -> list[str]:
    return [line async for line in export_lines(store.database, CallQuery(), form)]


async def test_json_lines_have_everything_but_secrets(store: RecordStore) -> None:
    await store.write([*whole_call(), HandoffOffered("c1", "h", 0, "s3cret", "Ada", START)])
    (line,) = await lines(store, Form.JSONL)
    told = json.loads(line)
    assert (told["id"], told["started_at"], told["ending"]) == ("c1", "2026-11-22T14:15:07.250Z", "bot_hung_up")
    assert [said["text"] for said in told["transcripts"]] == ["Grüß Gott 👋", ""]
    assert told["results"][0]["data"] == {"date": "2026-12-01", "seats": [1, 2.5, None]}
    assert told["handoffs"][0]["summary"] == "Ada"
    assert "s3cret" not in line


async def test_csv_is_read_by_others_and_runs_nothing(store: RecordStore) -> None:
    await store.write([replace(opened(), from_name='=HYPERLINK("http://x")'), *whole_call()[1:]])
    heading, row = csv.reader(io.StringIO("".join(await lines(store, Form.CSV))))
    assert tuple(heading) == CSV_COLUMNS
    told = dict(zip(heading, row, strict=True))
    assert told["from_number"] == "+493012345678"
    assert told["from_name"].startswith("'=")
    assert told["results"] == "Appointment confirmed"


async def test_page_by_page(store: RecordStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "CALLS_PER_PAGE_MAX", 2)
    await store.write([opened(f"c{n}", after_seconds=n) for n in range(5)])
    exported = [call.summary.id async for call in export_calls(store.database, CallQuery())]
    assert exported == ["c4", "c3", "c2", "c1", "c0"]


async def test_nothing_is_a_heading(store: RecordStore) -> None:
    assert await lines(store, Form.JSONL) == []
    assert len(await lines(store, Form.CSV)) == 1
