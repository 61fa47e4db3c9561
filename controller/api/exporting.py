"""Calls as a file for spreadsheets."""

from aiohttp import web
from pydantic import AwareDatetime

from controller.api.calls import Words
from controller.api.operations import Asked, Model, Nothing, Operation
from controller.api.parts import Parts
from controller.api.tokens import Role
from controller.records.export import Form, export_lines
from controller.records.search import CallQuery


class ExportQuery(Model):
    """Which calls, as in the list of them."""

    number: Words = ""
    text: Words = ""
    result: Words = ""
    route: Words = ""
    ending: Words = ""
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None


async def export_calls(parts: Parts, asked: Asked[ExportQuery, Nothing]) -> web.StreamResponse:
    query = asked.query
    wanted = CallQuery(query.number, query.text, query.result, query.route, query.ending, query.since, query.until)
    wanted.terms()  # a question that cannot be answered is refused before the answer begins
    answer = web.StreamResponse(
        headers={
            "Content-Type": "text/csv; charset=utf-8",
            "Content-Disposition": 'attachment; filename="calls.csv"',
        }
    )
    await answer.prepare(asked.request)
    async for lines in export_lines(parts.store.database, wanted, Form.CSV):
        await answer.write(lines.encode())
    await answer.write_eof()
    return answer


OPERATIONS = (
    Operation(
        "GET", "/v1/export", Role.READ, export_calls, "Calls as CSV, a line each, newest first", query=ExportQuery,
        media_type="text/csv", problems=(503,),
    ),
)  # fmt: skip
