"""The context webhook: one signed question to the company's own system, whose answer the bot is told."""

import json
import time
from typing import Any, Final

import aiohttp

from controller.config import Settings
from controller.errors import ControllerError
from controller.routing.route import Arrival
from controller.routing.webhook import key_of
from controller.tracing.tracer import NO_TRACER, Tracer
from controller.webhooks import signature
from controller.webhooks.targets import check_secret

ANSWER_BYTES_MAX: Final = 16 * 1024
"""It goes to the bot with its first message."""

CONNECTIONS_MAX: Final = 100
"""As many callers may arrive within one deadline."""

KEEP_ALIVE_SECONDS: Final = 60.0
"""A new connection with TLS would cost a good part of the deadline."""


class NoContext(ControllerError):
    """The company's system gave no answer of use; the text says why, without what it said."""


class ContextWebhook:
    """Asks it."""

    def __init__(self, url: str, secret: str, tracer: Tracer) -> None:
        self._tracer = tracer
        self._url = url
        self._key = key_of(secret)
        self._session: aiohttp.ClientSession | None = None

    @classmethod
    def of(cls, settings: Settings, tracer: Tracer = NO_TRACER) -> "ContextWebhook | None":
        """None where nobody is to be asked. Raises SettingError."""
        if not settings.context_url:
            return None
        secret = settings.context_secret.get_secret_value()
        check_secret("CONTEXT_SECRET", secret)
        return cls(settings.context_url, secret, tracer)

    async def open(self) -> None:
        connector = aiohttp.TCPConnector(limit=CONNECTIONS_MAX, keepalive_timeout=KEEP_ALIVE_SECONDS)
        self._session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

    async def close(self) -> None:
        if self._session:
            await self._session.close()

    async def ask(self, call_id: str, arrival: Arrival, route: str) -> dict[str, Any]:
        """The answer, a JSON object. Raises NoContext. The deadline is the caller's affair."""
        if self._session is None:
            raise NoContext("it is not open")
        body = json.dumps(question(call_id, arrival, route), ensure_ascii=False).encode()
        headers = signature.headers(self._key, call_id, int(time.time()), body)
        with self._tracer.request("context webhook", call_id) as request:
            headers |= request.headers
            try:
                async with self._session.post(self._url, data=body, headers=headers, allow_redirects=False) as answer:
                    return await _read(answer)
            except (aiohttp.ClientError, OSError) as error:
                # Not its text, which has the URL with whatever is in it.
                raise NoContext(getattr(error, "strerror", None) or type(error).__name__) from error


def question(call_id: str, arrival: Arrival, route: str) -> dict[str, Any]:
    """What is asked; the words of `start`."""
    return {
        "type": "call.arriving",
        "call_id": call_id,
        "from": {"number": arrival.from_number, "name": arrival.from_name},
        "to": {"number": arrival.to_number},
        "forwarded_from": arrival.forwarded_from,
        "trunk": arrival.trunk,
        "route": route,
        "headers": dict(arrival.headers),
        **({"stir_shaken": dict(arrival.stir_shaken)} if arrival.stir_shaken else {}),
    }


async def _read(answer: aiohttp.ClientResponse) -> dict[str, Any]:
    if answer.status == 204:
        return {}
    if answer.status != 200:
        raise NoContext(f"HTTP {answer.status}")
    body = bytearray()
    async for part in answer.content.iter_any():
        body += part
        if len(body) > ANSWER_BYTES_MAX:
            raise NoContext(f"the answer has more than {ANSWER_BYTES_MAX} bytes")
    try:
        found = json.loads(body)
    except ValueError as error:
        raise NoContext("the answer is not JSON") from error
    if not isinstance(found, dict):
        raise NoContext("the answer is not a JSON object")
    return found
