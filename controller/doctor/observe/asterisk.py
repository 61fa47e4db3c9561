"""Looking at Asterisk by its REST interface, and at the controller by its own API."""

import asyncio
import base64
import os
import ssl
import time
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final

import aiohttp

from controller.ari.client import AriClient
from controller.config import Address, Settings
from controller.doctor.checks.asterisk import AsteriskSeen, ControllerSeen
from controller.doctor.checks.endpoints import EndpointSeen
from controller.errors import AsteriskError

ANSWER_SECONDS: Final = 3.0
"""Longest wait for one answer: everything asked here is next door."""
ENDPOINTS_MAX: Final = 200
"""Looked at one by one; browsers' accounts and a company's phones are fewer."""


async def asterisk(settings: Settings) -> AsteriskSeen:
    """All that its judges want to know; never raises for what Asterisk does."""
    url, app = settings.ari_url, settings.ari_app
    login = f"{settings.ari_username}:{settings.ari_password.get_secret_value()}"
    headers = {"Authorization": f"Basic {base64.b64encode(login.encode()).decode()}"}
    timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(headers=headers, timeout=timeout) as session,
            session.get(f"{url}/ari/asterisk/info", allow_redirects=False) as answer,
        ):
            if answer.status >= 300:
                return AsteriskSeen(url, status=answer.status, application=app)
            ahead = _ahead(answer.headers.get("Date", ""), time.time())
            info: dict[str, Any] = await answer.json()
        async with AriClient.of(settings) as ari:
            return AsteriskSeen(
                url,
                version=str(info["system"]["version"]),
                modules=await ari.running_modules(),
                application=app,
                application_registered=await ari.application() is not None,
                calls_max=int(info["config"].get("max_channels") or 0),
                channels=len(await ari.channels()),
                ahead_seconds=ahead,
            )
    except (aiohttp.ClientError, OSError, AsteriskError, ValueError, KeyError, TypeError) as error:
        return AsteriskSeen(url, reason(error), application=app)


def _ahead(date: str, now: float) -> float | None:
    """HTTP tells the second that has begun: half of one is nobody's fault."""
    try:
        return parsedate_to_datetime(date).timestamp() + 0.5 - now
    except (ValueError, TypeError):
        return None


async def endpoints(settings: Settings) -> list[EndpointSeen]:
    """None where Asterisk does not tell."""
    with suppress(AsteriskError):
        async with AriClient.of(settings) as ari:
            found = await ari.sip_endpoints()
            return [
                EndpointSeen(name, state, await _codecs(ari, name))
                for name, state in sorted(found.items())[:ENDPOINTS_MAX]
            ]
    return []


async def _codecs(ari: AriClient, endpoint: str) -> tuple[str, ...]:
    """As in its `allow`: (ulaw|alaw)."""
    try:
        fields = await ari.object_fields("endpoint", endpoint)
    except AsteriskError:
        return ()
    return tuple(name for name in fields.get("allow", "").strip("()").replace(",", "|").split("|") if name)


async def controller(settings: Settings) -> ControllerSeen:
    """At API_LISTEN, as seen from this machine."""
    address = Address.parse(settings.api_listen)
    host = "127.0.0.1" if address.host in {"0.0.0.0", "::", ""} else address.host  # noqa: S104 - compared, not bound
    secure = bool(settings.api_tls_certificate)
    url = f"{'https' if secure else 'http'}://{host}:{address.port}"
    try:
        health = await get_json(f"{url}/healthz", verified=False)
        return ControllerSeen(
            url,
            "",
            bool(health["asterisk"]),
            bool(health["ready"]),
            int(health["media_workers"]),
            tuple(float(load) for load in health["media_loads"]),
            int(health["calls"]),
            int(health["records_waiting"]),
        )
    except (aiohttp.ClientError, OSError, ValueError, KeyError, TypeError) as error:
        return ControllerSeen(url, reason(error))


async def get_api(settings: Settings, url: str) -> dict[str, Any]:
    """Of the controller, with a token of its own. Raises what aiohttp raises."""
    return await get_json(url, verified=False, token=await asyncio.to_thread(_token, settings))


def _token(settings: Settings) -> str:
    """The first that is there. One that is given as its hash cannot be used."""
    for entry in settings.api_tokens.get_secret_value().replace("\n", ",").split(","):
        secret = entry.strip().partition(":")[2].partition(":")[2]
        if secret and not secret.startswith("sha256="):
            return secret
    try:
        return Path(settings.api_token_path).read_text(encoding="utf-8").strip()
    except OSError:
        return ""


async def get_json(url: str, *, verified: bool = True, token: str = "") -> dict[str, Any]:
    """`verified=False`: of our own process, whose certificate bears another name than this machine's."""
    tls: ssl.SSLContext | bool = True if verified else _any_certificate()
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS), headers=headers) as session,
        session.get(url, ssl=tls, raise_for_status=bool(token)) as answer,
    ):
        found: dict[str, Any] = await answer.json()
        return found


def _any_certificate() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def reason(error: BaseException) -> str:
    """In few words: the innermost one that the network gave."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    inner = getattr(error, "os_error", None) or error
    # asyncio puts the address in strerror's place, which is said already.
    number = getattr(inner, "errno", None)
    return os.strerror(number) if number and number > 0 else str(inner) or type(error).__name__


def now() -> datetime:
    return datetime.now(UTC)
