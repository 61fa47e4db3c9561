"""Signing in: the users, their sessions, and how often somebody may try."""

import asyncio
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final

import structlog

from controller.api.limits import RateLimit
from controller.api.problems import Problem
from controller.api.sessions import Session, Sessions
from controller.api.users import Users, verify

ATTEMPTS_PER_SECOND: Final = 0.1
"""With one name, and from one address, in the long run: nobody guesses a password at six a minute."""
ATTEMPTS_AT_ONCE: Final = 10
"""For people who mistype."""
VERIFYING_MAX: Final = 2
"""At a time: each takes 64 MB for some 50 ms."""

log = structlog.get_logger()


class Accounts:
    """All of it."""

    def __init__(self, users: Users) -> None:
        self.users = users
        self.sessions = Sessions(users)
        self._attempts = RateLimit(ATTEMPTS_PER_SECOND, ATTEMPTS_AT_ONCE)
        self._verifying = asyncio.Semaphore(VERIFYING_MAX)

    async def sign_in(self, name: str, password: str, address: str) -> tuple[str, Session]:
        """A new session and what its cookie says. Raises Problem."""
        # In this order: who has tried too often cannot make others' names wait.
        self._count(f"address {address}")
        self._count(f"user {name}")
        user = self.users.find(name)
        async with self._verifying:
            right = await asyncio.to_thread(verify, user, password)
        if user is None or not right:
            # A name that nobody has may be a password in the wrong field.
            log.warning("sign-in refused", user=user.name if user else "unknown", address=address)
            raise Problem(HTTPStatus.UNAUTHORIZED, "no user has this name and password")
        log.info("signed in", user=name, address=address)
        return self.sessions.open(user, datetime.now(UTC))

    def _count(self, who: str) -> None:
        seconds = self._attempts.take(who, asyncio.get_running_loop().time())
        if seconds:
            headers = {"Retry-After": str(int(seconds) + 1)}
            raise Problem(HTTPStatus.TOO_MANY_REQUESTS, "too many attempts", headers=headers)
