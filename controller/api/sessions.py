"""Who is signed in: a session for each browser, known by a cookie, kept in memory and of bounded length and number.

A cookie goes with every request of the browser, whoever caused it, so what changes something also needs the session's
own token in a header, which only our page can know; and what names its origin has to come from ours.
"""

import hashlib
import hmac
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from controller.api.problems import Problem
from controller.api.tokens import Role
from controller.api.users import User, Users

COOKIE: Final = "ari_controller_session"
CSRF_HEADER: Final = "X-CSRF-Token"
SESSION_HOURS: Final = 12
"""A working day: then one signs in again."""
SESSIONS_MAX: Final = 2_000
"""1 MB. Beyond it the oldest ends."""
SECRET_BYTES: Final = 32

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Session:
    """One browser of one user; `name` and `role` as a token has them."""

    name: str
    role: Role
    csrf_token: str
    expires_at: datetime
    password_hash: str
    """Of the moment of signing in: another password ends the session."""


class Sessions:
    """All that are signed in. Only hashes of their cookies are kept."""

    def __init__(self, users: Users) -> None:
        self._users = users
        self._sessions: OrderedDict[bytes, Session] = OrderedDict()

    def open(self, user: User, now: datetime) -> tuple[str, Session]:
        """A new session, and what its cookie says."""
        secret = secrets.token_urlsafe(SECRET_BYTES)
        expires = now + timedelta(hours=SESSION_HOURS)
        session = Session(user.name, user.role, secrets.token_urlsafe(SECRET_BYTES), expires, user.password_hash)
        self._sessions[_digest(secret)] = session
        if len(self._sessions) > SESSIONS_MAX:
            self._sessions.popitem(last=False)
        return secret, session

    def close(self, secret: str) -> None:
        self._sessions.pop(_digest(secret), None)

    def find(self, secret: str, now: datetime) -> Session | None:
        """Whose this is, if it lasts: not too old, and the user is still there with the same password and role."""
        session = self._standing(secret)
        return session if session and session.expires_at > now else None

    def stands(self, secret: str) -> bool:
        """Whether what was begun in it may go on, however old it is: nobody is cut off in the middle of a call."""
        return self._standing(secret) is not None

    def _standing(self, secret: str) -> Session | None:
        """Not signed out, and the user is still there with the same password and role."""
        session = self._sessions.get(_digest(secret))
        if session is None:
            return None
        user = self._users.find(session.name)
        if user and (user.password_hash, user.role) == (session.password_hash, session.role):
            return session
        self.close(secret)
        return None

    def of(self, request: web.Request) -> Session | None:
        """The session of a request. Raises Problem for one that somebody else's page may have caused."""
        secret = request.cookies.get(COOKIE, "")
        session = self.find(secret, datetime.now(UTC)) if secret else None
        if session is None:
            return None
        given = request.headers.get(CSRF_HEADER, "")
        if request.method not in _SAFE and not hmac.compare_digest(given.encode(), session.csrf_token.encode()):
            raise Problem(HTTPStatus.FORBIDDEN, f"a session needs its token in the header {CSRF_HEADER} for this")
        check_origin(request)
        return session


def check_origin(request: web.Request) -> None:
    """Raises Problem for a request that another page has sent."""
    origin = request.headers.get("Origin", "")
    if origin and urlsplit(origin).netloc.lower() != request.host.lower():
        raise Problem(HTTPStatus.FORBIDDEN, f"a page of {origin[:200]} may not do this")


def set_cookie(request: web.Request, answer: web.StreamResponse, secret: str) -> None:
    """For this browser only, out of reach of scripts and of other sites; over TLS only where there is TLS."""
    secure = request.secure or request.headers.get("X-Forwarded-Proto", "") == "https"
    answer.set_cookie(
        COOKIE, secret, max_age=SESSION_HOURS * 3600, path="/", httponly=True, samesite="Strict", secure=secure
    )


def clear_cookie(answer: web.StreamResponse) -> None:
    answer.del_cookie(COOKIE, path="/", httponly=True, samesite="Strict")


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
