"""Calls as a file for spreadsheets."""

from aiohttp import web

from controller.api.calls import CallFilter
from controller.api.operations import Asked, Nothing, Operation
from controller.api.parts import Parts
from controller.api.tokens import Role
from controller.records.export import Form, export_lines


async def export_calls(parts: Parts, asked: Asked[CallFilter, Nothing]) -> web.StreamResponse:
    wanted = asked.query.in_records()
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
        "GET", "/v1/export", Role.READ, export_calls, "Calls as CSV, a line each, newest first", query=CallFilter,
        media_type="text/csv", problems=(503,),
    ),
)  # fmt: skip
