"""Calls as a file."""

import csv
import io

from tests.unit.api.conftest import Api
from tests.unit.records.examples import whole_call


async def exported(api: Api, query: str) -> list[dict[str, str]]:
    async with api.ask("GET", f"/v1/export?{query}", "read") as answer:
        assert answer.status == 200
        assert "attachment" in answer.headers["Content-Disposition"]
        assert answer.content_type == "text/csv"
        return list(csv.DictReader(io.StringIO(await answer.text())))


async def test_a_line_a_call(api: Api) -> None:
    await api.store.write(whole_call())
    assert [line["id"] for line in await exported(api, "number=12345678")] == ["c1"]
    assert await exported(api, "ending=failed") == []


async def test_a_bad_question_is_refused_before_the_file_begins(api: Api) -> None:
    said = await api.json("GET", "/v1/export?number=12", status=422)
    assert "too short" in said["detail"]


async def test_what_this_controller_is(api: Api) -> None:
    said = await api.json("GET", "/v1/about", "read")
    assert (said["phone_number"], said["bots"], said["demo_bot"]) == ("+493023125000", ["ws://bot/"], False)
