"""From a request to an answer: who asks, how often, with what; and every error as a problem."""

import asyncio
import os
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final

import structlog
from aiohttp import web
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from controller.api import problems
from controller.api.control import CallNotFound, NotAllowed, NotNow, NotSupported
from controller.api.event_log import TooManyReaders
from controller.api.limits import RateLimit
from controller.api.operations import BODY_BYTES_MAX, Asked, Model, Operation
from controller.api.parts import Parts
from controller.api.problems import Problem
from controller.api.sessions import COOKIE, Session, Sessions
from controller.api.tokens import Role, Token, Tokens
from controller.errors import ControllerError, SettingError, SoundError
from controller.records.search import BadQuery
from controller.records.store import CallUnknown, StoreAway
from controller.records.tasks import HandoffRefused, TaskUnknown

REQUEST_ID: Final = "X-Request-Id"
ID: Final = web.RequestKey("id", str)
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")

HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Of every answer that does not say otherwise."""

STATUSES: Final[dict[type[ControllerError], int]] = {
    BadQuery: HTTPStatus.UNPROCESSABLE_ENTITY,
    CallNotFound: HTTPStatus.NOT_FOUND,
    CallUnknown: HTTPStatus.NOT_FOUND,
    HandoffRefused: HTTPStatus.NOT_FOUND,
    TaskUnknown: HTTPStatus.NOT_FOUND,
    NotNow: HTTPStatus.CONFLICT,
    NotAllowed: HTTPStatus.FORBIDDEN,
    NotSupported: HTTPStatus.NOT_IMPLEMENTED,
    TooManyReaders: HTTPStatus.SERVICE_UNAVAILABLE,
    StoreAway: HTTPStatus.SERVICE_UNAVAILABLE,
    SoundError: HTTPStatus.UNPROCESSABLE_ENTITY,
    SettingError: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""What an error of ours is over HTTP; its text is the problem's detail."""

AWAY: Final = "the database cannot be read just now"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

log = structlog.get_logger()


class Gate:
    """Lets requests in: a valid token or session with the right role, and not too many."""

    def __init__(self, tokens: Tokens, per_second: float, sessions: Sessions) -> None:
        self._tokens = tokens
        self._sessions = sessions
        self._limit = RateLimit(per_second)

    def admit(self, request: web.Request, role: Role) -> Token | Session:
        """Who asks. Raises Problem."""
        who = self._who(request)
        # Who is nobody is counted by address, so that guessing has a limit too.
        kind = "token" if isinstance(who, Token) else "user"
        self.count(f"{kind} {who.name}" if who else f"address {request.remote}")
        if who is None:
            detail = "an Authorization header with a valid bearer token is needed, or to be signed in"
            raise Problem(HTTPStatus.UNAUTHORIZED, detail, headers={"WWW-Authenticate": "Bearer"})
        if not who.role.includes(role):
            raise Problem(HTTPStatus.FORBIDDEN, f"this needs the role {role}, and {who.name} has {who.role}")
        return who

    def _who(self, request: web.Request) -> Token | Session | None:
        given = request.headers.get("Authorization", "")
        if not given:
            return self._sessions.of(request)
        scheme, _, secret = given.partition(" ")
        return self._tokens.find(secret.strip()) if scheme.lower() == "bearer" else None

    def lasts(self, request: web.Request, who: Token | Session | None) -> Callable[[], bool]:
        """Whether somebody who was let in still would be. Tokens last as long as we do."""
        if not isinstance(who, Session):
            return lambda: True
        secret = request.cookies.get(COOKIE, "")
        return lambda: self._sessions.find(secret, datetime.now(UTC)) is not None

    def counted(self, handler: Any) -> Handler:
        """A handler of somebody else's: its requests are counted by address."""

        async def handle(request: web.Request) -> web.StreamResponse:
            self.count(f"address {request.remote}")
            answer: web.StreamResponse = await handler(request)
            return answer

        return handle

    def count(self, client: str) -> None:
        """One more request of this client. Raises Problem."""
        seconds = self._limit.take(client, asyncio.get_running_loop().time())
        if seconds:
            headers = {"Retry-After": str(int(seconds) + 1)}
            raise Problem(HTTPStatus.TOO_MANY_REQUESTS, "too many requests", headers=headers)


def serving(operation: Operation, parts: Parts, gate: Gate) -> Handler:
    """What serves one operation."""

    async def handle(request: web.Request) -> web.StreamResponse:
        who = gate.admit(request, operation.role) if operation.role else None
        if operation.limited:
            gate.count(f"address {request.remote}")
        asked = Asked(
            request,
            request.match_info,
            _query(request, operation.query),
            await _body(request, operation),
            who.name if who else "",
            who.role if who else None,
            gate.lasts(request, who),
        )
        answer = await operation.work(parts, asked)
        if isinstance(answer, web.StreamResponse):
            return answer
        if answer is None:
            return web.Response(status=operation.status)
        text = answer.model_dump_json()
        return web.Response(status=operation.status, text=text, content_type="application/json")

    return handle


def _query(request: web.Request, model: type[Model]) -> Model:
    twice = {name for name in request.query if len(request.query.getall(name)) > 1}
    if twice:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"the query names {', '.join(sorted(twice))} more than once")
    try:
        return model.model_validate(dict(request.query))
    except ValidationError as error:
        raise problems.invalid("query", error) from error


async def _body(request: web.Request, operation: Operation) -> Model:
    if not operation.has_body:
        return operation.body()
    if request.content_type != "application/json":
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "the body has to be application/json")
    try:
        return operation.body.model_validate_json(await request.read(), strict=True)
    except ValidationError as error:
        raise problems.invalid("body", error) from error


@web.middleware
async def as_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Around every request, whatever serves it: an id, and errors as problems."""
    given = request.headers.get(REQUEST_ID, "")
    request[ID] = given if _REQUEST_ID.fullmatch(given) else os.urandom(8).hex()
    return await _answer(request, handler, request[ID])


def add_headers(app: web.Application, *, tls: bool) -> None:
    """To every answer, streams included."""
    headers = {**HEADERS, "Strict-Transport-Security": "max-age=31536000"} if tls else HEADERS

    async def prepare(request: web.Request, answer: web.StreamResponse) -> None:
        answer.headers[REQUEST_ID] = request.get(ID, "")
        answer.headers["Server"] = "ari-controller"  # in place of names and versions of what we are made of
        for name, value in headers.items():
            answer.headers.setdefault(name, value)

    app.on_response_prepare.append(prepare)


async def _answer(request: web.Request, serve: Handler, request_id: str) -> web.StreamResponse:
    try:
        return await serve(request)
    except web.HTTPException as error:
        if error.status < HTTPStatus.BAD_REQUEST:
            raise
        return problems.answer(problems.from_http(error), request_id)
    except Problem as problem:
        return problems.answer(problem, request_id)
    except ControllerError as error:
        if type(error) in STATUSES:
            return problems.answer(Problem(STATUSES[type(error)], str(error)), request_id)
        log.exception("request failed", request=request_id, path=request.path)
    except (SQLAlchemyError, ConnectionError, TimeoutError) as error:
        log.warning("request failed", request=request_id, path=request.path, reason=str(error))
        return problems.answer(Problem(HTTPStatus.SERVICE_UNAVAILABLE, AWAY), request_id)
    except Exception:
        log.exception("request failed", request=request_id, path=request.path)
    detail = "the controller could not do it: see its log, under the request id"
    return problems.answer(Problem(HTTPStatus.INTERNAL_SERVER_ERROR, detail), request_id)


def application(operations: tuple[Operation, ...], parts: Parts, gate: Gate, *, tls: bool = False) -> web.Application:
    """All operations as one application."""
    app = web.Application(middlewares=[as_problems], client_max_size=BODY_BYTES_MAX)
    add_headers(app, tls=tls)
    for operation in operations:
        app.router.add_route(operation.method, operation.route, serving(operation, parts, gate))
    return app
