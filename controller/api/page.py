"""The page for people: files that Vite has built from `web/`, served with a strict content security policy.

Nothing on it comes from elsewhere and no script stands inside of it. It asks the same API as everybody else.
"""

import asyncio
from http import HTTPStatus
from pathlib import Path
from typing import Final

from aiohttp import web

INDEX: Final = "index.html"
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "media-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PERMISSIONS: Final = "microphone=(self), camera=(), geolocation=(), payment=(), usb=()"
FOR_EVER: Final = "public, max-age=31536000, immutable"
"""Of files that have a hash of what is in them in their name."""

TYPES: Final = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
"""What a build has; the system's own table may call a script otherwise."""

NOT_BUILT: Final = """<!doctype html>
<html lang="en"><title>ari-controller</title>
<h1>The page is not built</h1>
<p>The controller runs, and its API is here. For the page: <code>make page</code> beside the source, or
<code>docker compose build --no-cache controller</code> where npm's registry can be reached.</p>
</html>
"""


def routes(folder: Path) -> list[web.RouteDef]:
    """The page at `/`, and what it is made of."""

    async def index(_request: web.Request) -> web.StreamResponse:
        return await _file(folder / INDEX) or web.Response(
            status=HTTPStatus.SERVICE_UNAVAILABLE, text=NOT_BUILT, content_type="text/html", charset="utf-8"
        )

    async def icon(_request: web.Request) -> web.StreamResponse:
        return await _file(folder / "icon.svg") or _nothing()

    async def asset(request: web.Request) -> web.StreamResponse:
        found = await _file(folder / "assets" / request.match_info["name"])
        if found:
            found.headers["Cache-Control"] = FOR_EVER
        return found or _nothing()

    return [
        web.get("/", index),
        web.get("/icon.svg", icon),
        web.get("/assets/{name:[A-Za-z0-9_][A-Za-z0-9._-]*}", asset),
    ]


async def _file(path: Path) -> web.FileResponse | None:
    content_type = TYPES.get(path.suffix)
    if content_type is None or not await asyncio.to_thread(path.is_file):
        return None
    headers = {"Content-Type": f"{content_type}; charset=utf-8", "Cache-Control": "no-cache"}
    if path.name == INDEX:
        headers |= {"Content-Security-Policy": POLICY, "Permissions-Policy": PERMISSIONS}
    return web.FileResponse(path, headers=headers)


def _nothing() -> web.StreamResponse:
    raise web.HTTPNotFound
