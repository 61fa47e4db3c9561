"""Listens: the whole API at one address, with TLS where a certificate is given."""

import os
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final

from aiohttp import web

from controller.api import page, tokens
from controller.api.catalogue import OPERATIONS
from controller.api.parts import Parts
from controller.api.serving import Gate, application
from controller.config import Address, Settings
from controller.errors import SettingError

SHUTDOWN_SECONDS: Final = 1.0
"""For requests under way when we stop."""


@asynccontextmanager
async def serve_api(settings: Settings, parts: Parts, others: Sequence[web.RouteDef] = ()) -> AsyncIterator[None]:
    """Serve until the end of the block. `others` are routes that look after themselves: who asks, and in what form.

    Raises SettingError: the port is taken, a token or certificate is no good.
    """
    context = _tls(settings)
    app = assembled(settings, parts, others, tls=context is not None)
    app.on_shutdown.append(partial(_end_streams, parts))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    address = Address.parse(settings.api_listen)
    try:
        await web.TCPSite(runner, address.host, address.port, ssl_context=context).start()
    except OSError as error:
        await runner.cleanup()
        problem = f"cannot listen on {settings.api_listen} ({os.strerror(error.errno or 0)})"
        raise SettingError("API_LISTEN", problem, "Stop what uses the port, or set another") from error
    try:
        yield
    finally:
        await runner.cleanup()


def assembled(
    settings: Settings, parts: Parts, others: Sequence[web.RouteDef] = (), *, tls: bool = False
) -> web.Application:
    """Every route that there is at our address: a test asks each of them without a token."""
    gate = Gate(
        tokens.load(settings.api_tokens.get_secret_value(), Path(settings.api_token_path)),
        settings.api_requests_per_second,
        parts.accounts.sessions,
    )
    app = application(OPERATIONS, parts, gate, tls=tls)
    app.add_routes([web.route(one.method, one.path, gate.counted(one.handler)) for one in others])
    app.add_routes(page.routes(Path(settings.page_dir)))
    return app


async def _end_streams(parts: Parts, _app: web.Application) -> None:
    parts.events.close()
    parts.raw_events.close()


def _tls(settings: Settings) -> ssl.SSLContext | None:
    certificate, key = settings.api_tls_certificate, settings.api_tls_key
    if not certificate:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key or None)
    except (OSError, ssl.SSLError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SettingError(
            "API_TLS_CERTIFICATE", f"cannot use {certificate} ({reason})", "Name PEM files with the chain and its key"
        ) from error
    return context
