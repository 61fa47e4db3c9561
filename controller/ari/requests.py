"""One Asterisk's HTTP: the connection, one request, and what an answer that says no means."""

import base64
import json
import ssl
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final, Self

import aiohttp
import structlog
from yarl import URL

from controller.ari.operations import Operation, Value
from controller.config import Settings
from controller.errors import AsteriskAway, AsteriskError, ProtocolError, SettingError

REQUEST_SECONDS: Final = 5.0
"""Longest wait for an answer. Asterisk answers in milliseconds; only addChannel waits, for a running playback."""

CONNECT_SECONDS: Final = 2.0
"""Longest wait for a TCP and TLS connection to Asterisk, which is next to us."""

CONNECTIONS_MAX: Final = 32
"""At once: enough for a burst of calls, and well below the 100 sessions of Asterisk's HTTP server (http.conf)."""

KEEP_ALIVE_SECONDS: Final = 2.0
"""For a connection without requests; less than it takes to notice that Asterisk cannot be reached any more
(`PING_SECONDS`): none that leads nowhere is used when it can be again."""

log = structlog.get_logger()


class Requests:
    """For one Stasis application. Use it as an async context manager.

    Every method raises AsteriskAway without an answer and AsteriskError for an answer that says no; what ends
    something counts its being gone already as success.
    """

    def __init__(self, url: str, username: str, password: str, app: str, media_url: str = "", ca: str = "") -> None:
        """`media_url`: as `url`, but as a media worker reaches it; empty: the same.

        `ca`: a PEM file with the authority of an https one; empty: those that this machine trusts.
        """
        self.url = url
        self.app = app
        self._media_url = (media_url or url).rstrip("/")
        credentials = base64.b64encode(f"{username}:{password}".encode()).decode()
        self._headers = {"Authorization": f"Basic {credentials}"}
        self._base = url.rstrip("/") + "/ari"
        self._ca = ca
        self._session: aiohttp.ClientSession | None = None

    @classmethod
    def of(cls, settings: Settings, app: str = "") -> Self:
        """To the Asterisk of the settings, for their application or another."""
        password = settings.ari_password.get_secret_value()
        app = app or settings.ari_app
        return cls(settings.ari_url, settings.ari_username, password, app, settings.media_asterisk_url, settings.ari_ca)

    async def __aenter__(self) -> Self:
        """Raises SettingError: ARI_CA cannot be used."""
        trusted: ssl.SSLContext | bool = _trusting(self._ca) if self._ca else True
        self._session = aiohttp.ClientSession(
            headers=self._headers,
            timeout=aiohttp.ClientTimeout(total=REQUEST_SECONDS, connect=CONNECT_SECONDS),
            connector=aiohttp.TCPConnector(limit=CONNECTIONS_MAX, keepalive_timeout=KEEP_ALIVE_SECONDS, ssl=trusted),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the connections; every later request raises AsteriskAway."""
        if self._session is not None:
            await self._session.close()

    async def _do(
        self,
        operation: Operation,
        path: Mapping[str, str],
        query: Mapping[str, Value | None] | None = None,
        body: Any = None,
        gone: tuple[int, ...] = (),
    ) -> None:
        await self._request(operation, path, query or {}, body, gone)

    async def _json(
        self,
        operation: Operation,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, Value | None] | None = None,
        body: Any = None,
        gone: tuple[int, ...] = (),
    ) -> Any:
        """The decoded answer; None for a status in `gone`."""
        status, content = await self._request(operation, path or {}, query or {}, body, gone)
        return None if status in gone else _decode(content)

    async def _request(
        self,
        operation: Operation,
        path: Mapping[str, str],
        query: Mapping[str, Value | None],
        body: Any,
        gone: tuple[int, ...],
    ) -> tuple[int, bytes]:
        """Status and content of the answer. Raises AsteriskAway, or AsteriskError for an error not in `gone`."""
        target = operation.path_with(path)
        request = f"{operation.method} {target}"
        url = URL(self._base + target, encoded=True).with_query(operation.query_with(query))
        started = time.monotonic()
        try:
            async with self._open_session().request(
                operation.method, url, json=body, allow_redirects=False
            ) as response:
                content = await response.read()
        except TimeoutError as error:
            raise AsteriskAway(request, f"no answer within {REQUEST_SECONDS:g} s") from error
        except (aiohttp.ClientError, OSError, RuntimeError) as error:
            # aiohttp says RuntimeError for a session that was closed meanwhile.
            raise AsteriskAway(request, str(error) or type(error).__name__) from error
        milliseconds = round(1000 * (time.monotonic() - started), 1)
        log.debug("asterisk request", request=request, status=response.status, ms=milliseconds)
        if response.status >= 300 and response.status not in gone:
            raise AsteriskError(request, response.status, reason(response, content))
        return response.status, content

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            raise AsteriskAway(self.url, "the client is closed")
        return self._session


def refuse_bad_credentials(url: str, status: int, settings: str = "ARI_") -> None:
    """Raises SettingError where this HTTP status means a wrong user or password.

    `settings` begins the names of the settings that this Asterisk has.
    """
    if status in (401, 403):
        raise SettingError(
            f"{settings}PASSWORD",
            f"{url} refuses this user name and password ({status})",
            f"Give {settings}USERNAME and {settings}PASSWORD the values that Asterisk was started with",
        )


def _trusting(ca: str) -> ssl.SSLContext:
    """TLS 1.2 is the least, as Python has it."""
    try:
        return ssl.create_default_context(cafile=ca)
    except OSError as error:  # and SSLError, which is one
        reason = "no certificate is in it" if isinstance(error, ssl.SSLError) else error.strerror
        mend = "Name a PEM file with the authority of Asterisk's certificate"
        raise SettingError("ARI_CA", f"cannot use {ca} ({reason})", mend) from error


def _decode(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError as error:
        raise ProtocolError(f"Asterisk answered {content[:80]!r}, which is no JSON") from error


def reason(response: aiohttp.ClientResponse, content: bytes) -> str:
    """Asterisk's own words, `{"message": "Channel not found"}`, else what HTTP says."""
    try:
        said = _decode(content)
    except ProtocolError:
        said = None
    message = said.get("message") if isinstance(said, dict) else None
    return str(message or response.reason or "without a reason")
