"""Access tokens for bots that want OAuth 2.0: the client credentials grant (RFC 6749, section 4.4).

A token is fetched once for all calls to a bot and kept until shortly before it expires; it is then fetched anew
beside the calls, so that no caller waits for it. What is secret is in no error and in no log.
"""

import asyncio
import json
import ssl
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal
from urllib.parse import quote

import aiohttp

from controller.bot.adapters.adapter import Opening
from controller.errors import ControllerError

FETCH_SECONDS: Final = 5.0
"""Longest wait for a token server; the time that the bot has to accept the call goes on meanwhile."""

LIFETIME_SECONDS_DEFAULT: Final = 300.0
"""Of a token without `expires_in`: the server means one that it has said elsewhere, and short is safe."""

REFRESH_SECONDS: Final = 60.0
"""So long before its end a token is fetched anew; of one that lives shortly, a fifth of its life."""

ANSWER_BYTES_MAX: Final = 65_536

PREFIX: Final = "oauth_"


class NoToken(ControllerError):
    """The token server gave none."""


@dataclass(frozen=True, slots=True)
class Client:
    """Whose token, and from whom."""

    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str = ""
    placed_in: Literal["header", "body"] = "header"
    """The secret: Basic authentication, which every server must know, or the form, for those that want it there."""

    @classmethod
    def of(cls, opening: Opening) -> "Client | None":
        """What the operator has set; None: no OAuth. Without `oauth_client_secret` the bot's token is the secret."""
        parameters = opening.parameters or {}
        if not (token_url := parameters.get("oauth_token_url", "")):
            return None
        if not token_url.startswith(("https://", "http://")):
            raise NoToken("the parameter oauth_token_url must be an https URL")
        if not (client_id := parameters.get("oauth_client_id", "")):
            raise NoToken("the parameter oauth_client_id is missing")
        placed_in = parameters.get("oauth_client_secret_in", "header")
        if placed_in not in {"header", "body"}:
            raise NoToken("the parameter oauth_client_secret_in must be header or body")
        return cls(
            token_url,
            client_id,
            parameters.get("oauth_client_secret", opening.token),
            parameters.get("oauth_scope", ""),
            "body" if placed_in == "body" else "header",
        )

    def request(self) -> tuple[dict[str, str], dict[str, str]]:
        """Headers and form."""
        form = {"grant_type": "client_credentials"} | ({"scope": self.scope} if self.scope else {})
        if self.placed_in == "body":
            return {}, form | {"client_id": self.client_id, "client_secret": self.client_secret}
        # Written as in a form before it is encoded (RFC 6749, section 2.3.1).
        pair = f"{quote(self.client_id, safe='')}:{quote(self.client_secret, safe='')}"
        return {"Authorization": "Basic " + b64encode(pair.encode()).decode()}, form


@dataclass(frozen=True, slots=True)
class Token:
    text: str = field(repr=False)
    refresh_at: float
    """Monotonic seconds."""
    expires_at: float


class Tokens:
    """The tokens of one process. `clock` is monotonic, in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._tokens: dict[Client, Token] = {}
        self._fetching: dict[Client, asyncio.Task[Token]] = {}

    async def authorize(self, opening: Opening, tls: ssl.SSLContext) -> Opening:
        """The opening with the token that its parameters ask for, and without them. Raises NoToken."""
        if (client := Client.of(opening)) is None:
            return opening
        rest = {name: value for name, value in (opening.parameters or {}).items() if not name.startswith(PREFIX)}
        return replace(opening, token=await self.token(client, tls), parameters=rest)

    async def token(self, client: Client, tls: ssl.SSLContext) -> str:
        """Raises NoToken."""
        now, known = self._clock(), self._tokens.get(client)
        if known is None or now >= known.expires_at:
            # Whoever waits may be cancelled; the others wait on.
            return (await asyncio.shield(self._fetch_once(client, tls))).text
        if now >= known.refresh_at:
            self._fetch_once(client, tls)
        return known.text

    def forget(self, opening: Opening) -> None:
        """A bot has refused what it was shown: its token is not to be shown again."""
        self._tokens = {client: token for client, token in self._tokens.items() if token.text != opening.token}

    def _fetch_once(self, client: Client, tls: ssl.SSLContext) -> "asyncio.Task[Token]":
        """One request at a time, whoever needs it."""
        if (task := self._fetching.get(client)) is None:
            task = self._fetching[client] = asyncio.create_task(self._fetch(client, tls))
            task.add_done_callback(lambda done: self._fetched(client, done))
        return task

    def _fetched(self, client: Client, task: "asyncio.Task[Token]") -> None:
        del self._fetching[client]
        # A refresh that failed is tried again by the next call; until then the old token is good.
        if not task.cancelled() and task.exception() is None:
            self._tokens[client] = task.result()

    async def _fetch(self, client: Client, tls: ssl.SSLContext) -> Token:
        headers, form = client.request()
        at = self._clock()
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=FETCH_SECONDS)) as http,
                http.post(client.token_url, data=form, headers=headers, ssl=tls, allow_redirects=False) as answer,
            ):
                body = await answer.content.read(ANSWER_BYTES_MAX)
                status = answer.status
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise NoToken(f"no token from {client.token_url}: {str(error) or type(error).__name__}") from error
        return _read(body, status, client.token_url, at)


def _read(body: bytes, status: int, url: str, at: float) -> Token:
    try:
        fields = json.loads(body)
    except ValueError:
        fields = {}
    if status != 200 or not isinstance(fields, dict):
        raise NoToken(f"no token from {url}: it answered {status}{_reason(fields)}")
    text, kind = fields.get("access_token"), fields.get("token_type", "Bearer")
    if not isinstance(text, str) or not text or not text.isascii() or not text.isprintable():
        raise NoToken(f"no token from {url}: access_token must be a string")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        raise NoToken(f"no token from {url}: token_type must be Bearer")
    lifetime = fields.get("expires_in", LIFETIME_SECONDS_DEFAULT)
    if not isinstance(lifetime, int | float) or lifetime <= 0:
        lifetime = LIFETIME_SECONDS_DEFAULT
    return Token(text, at + lifetime - min(REFRESH_SECONDS, lifetime / 5), at + lifetime)


def _reason(fields: Mapping[str, Any] | Any) -> str:
    """The server's own word for it (RFC 6749, section 5.2)."""
    error = fields.get("error") if isinstance(fields, dict) else None
    return f" ({error[:50]})" if isinstance(error, str) else ""
