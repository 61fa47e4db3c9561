"""A session of the page: sign in, see who one is, sign out."""

from datetime import datetime
from typing import Annotated

from aiohttp import web
from pydantic import SecretStr, StringConstraints

from controller.api.operations import Asked, Model, Nothing, Operation
from controller.api.parts import Parts
from controller.api.sessions import COOKIE, Session, check_origin, clear_cookie, set_cookie
from controller.api.tokens import Role
from controller.api.users import PASSWORD_LETTERS_MAX


class SignIn(Model):
    """Who one is."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    password: Annotated[SecretStr, StringConstraints(max_length=PASSWORD_LETTERS_MAX)]


class SignedIn(Model):
    """Who asks, and what they may do."""

    name: str
    role: Role
    csrf_token: str = ""
    """For the header X-CSRF-Token of whatever changes something; empty for a bearer token, which needs none."""
    expires_at: datetime | None = None
    """Null for a bearer token."""

    @classmethod
    def of(cls, session: Session) -> "SignedIn":
        return cls(name=session.name, role=session.role, csrf_token=session.csrf_token, expires_at=session.expires_at)


async def sign_in(parts: Parts, asked: Asked[Nothing, SignIn]) -> web.StreamResponse:
    check_origin(asked.request)
    password = asked.body.password.get_secret_value()
    secret, session = await parts.accounts.sign_in(asked.body.name, password, asked.request.remote or "")
    parts.accounts.sessions.close(asked.request.cookies.get(COOKIE, ""))
    answer = web.Response(text=SignedIn.of(session).model_dump_json(), content_type="application/json")
    set_cookie(asked.request, answer, secret)
    return answer


async def show_session(parts: Parts, asked: Asked[Nothing, Nothing]) -> SignedIn:
    if "Authorization" not in asked.request.headers and (session := parts.accounts.sessions.of(asked.request)):
        return SignedIn.of(session)
    return SignedIn(name=asked.by, role=asked.role or Role.READ)


async def sign_out(parts: Parts, asked: Asked[Nothing, Nothing]) -> web.StreamResponse:
    parts.accounts.sessions.close(asked.request.cookies.get(COOKIE, ""))
    answer = web.Response(status=204)
    clear_cookie(answer)
    return answer


OPERATIONS = (
    Operation(
        "POST", "/v1/session", None, sign_in, "Sign in: a session, kept by a cookie", SignedIn, body=SignIn,
        limited=True, problems=(401, 403, 429),
    ),
    Operation("GET", "/v1/session", Role.READ, show_session, "Who asks, and what they may do", SignedIn),
    Operation("DELETE", "/v1/session", Role.READ, sign_out, "Sign out", status=204),
)  # fmt: skip
