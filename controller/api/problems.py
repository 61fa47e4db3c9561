"""Every error as `application/problem+json` (RFC 9457)."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from controller.errors import ControllerError

PROBLEM_JSON: Final = "application/problem+json"

ERRORS_SAID_MAX: Final = 20
"""Of a body in which everything is wrong: more would help nobody."""


class Mistake(BaseModel):
    """One thing that is wrong with a request."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    where: str
    """Dotted path in the body, or the name of the query parameter; empty: all of it."""
    problem: str


class ProblemDetails(BaseModel):
    """What went wrong. `detail` is one readable sentence; `request_id` is in the controller's log too."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    type: str = "about:blank"
    title: str
    status: int
    detail: str = ""
    request_id: str = ""
    mistakes: list[Mistake] = Field(default_factory=list)


class Problem(ControllerError):
    """Ends a request with an error. `headers` go with the answer."""

    def __init__(
        self, status: int, detail: str, *, mistakes: Sequence[Mistake] = (), headers: Mapping[str, str] | None = None
    ) -> None:
        self.status = status
        self.detail = detail
        self.mistakes = list(mistakes)
        self.headers = dict(headers or {})
        super().__init__(detail)


def invalid(what: str, error: ValidationError) -> Problem:
    """What does not fit the model of a query or a body, by the places of its mistakes."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    mistakes = [
        Mistake(where=".".join(map(str, one["loc"])), problem=one["msg"].removeprefix("Value error, "))
        for one in found[:ERRORS_SAID_MAX]
    ]
    if any(one["type"] == "json_invalid" for one in found):
        return Problem(HTTPStatus.BAD_REQUEST, f"the {what} is no JSON", mistakes=mistakes)
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"the {what} does not fit: see mistakes", mistakes=mistakes)


def answer(problem: Problem, request_id: str) -> web.Response:
    """The problem as an answer."""
    status = HTTPStatus(problem.status)
    body = ProblemDetails(
        title=status.phrase,
        status=problem.status,
        detail=problem.detail,
        request_id=request_id,
        mistakes=problem.mistakes,
    )
    exclude: set[str] = set() if problem.mistakes else {"mistakes"}
    text = body.model_dump_json(exclude=exclude)
    return web.Response(status=problem.status, text=text, content_type=PROBLEM_JSON, headers=problem.headers)


def from_http(error: web.HTTPException) -> Problem:
    """What aiohttp itself refuses: no such path, no such method, too large."""
    headers: dict[str, Any] = {name: error.headers[name] for name in ("Allow",) if name in error.headers}
    said = {
        HTTPStatus.NOT_FOUND: "there is nothing at this path",
        HTTPStatus.METHOD_NOT_ALLOWED: f"this path allows {headers.get('Allow', 'other methods')}",
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "the body is too large",
    }
    return Problem(error.status, said.get(HTTPStatus(error.status), error.reason), headers=headers)
