"""`GET /healthz`: whether a call that arrived now would be served."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from controller.config import Address
from controller.errors import SettingError

Health = Callable[[], dict[str, Any]]
"""What is reported; its `ready` decides between 200 and 503."""


@asynccontextmanager
async def serve_health(listen: str, health: Health) -> AsyncIterator[None]:
    """Serve on `listen` (host:port). Raises SettingError when the port is taken."""

    async def answer(_request: web.Request) -> web.Response:
        state = health()
        return web.json_response(state, status=200 if state["ready"] else 503)

    app = web.Application()
    app.router.add_get("/healthz", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    address = Address.parse(listen)
    try:
        await web.TCPSite(runner, address.host, address.port).start()
    except OSError as error:
        await runner.cleanup()
        mend = "Stop what uses the port, or set another"
        raise SettingError(
            "API_LISTEN", f"cannot listen on {listen} ({os.strerror(error.errno or 0)})", mend
        ) from error
    try:
        yield
    finally:
        await runner.cleanup()
