"""The file with the routes: read at the start, watched, and read again when it changes or on SIGHUP.

What a running controller cannot use it does not take: the error is logged, and the routes that it has stay.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import structlog

from controller.bot.adapters import audio_carried
from controller.bot.tls import TlsFiles, context_of
from controller.config import Settings
from controller.errors import ControllerError
from controller.routing.reading import read_routes
from controller.routing.route import BotRung
from controller.routing.router import Router, routes_of_settings
from controller.routing.routes import Routes
from controller.settings_file import Watched, read_text, say_rejected, surroundings

DEFAULT_FILE: Final = "routes.toml"
BYTES_MAX: Final = 16 * 1024 * 1024
"""Some 100,000 routes; more is no routes.toml."""

OnLoaded = Callable[[Routes], Awaitable[None]]

log = structlog.get_logger()


def load_routes(settings: Settings) -> Routes:
    """From ROUTES_FILE, or from routes.toml where there is one, or from the settings. Raises SettingError."""
    path = Path(settings.routes_file or DEFAULT_FILE)
    if not settings.routes_file and not path.exists():
        return routes_of_settings(settings)
    return read_routes(
        read_text(path, "ROUTES_FILE", BYTES_MAX), str(path), surroundings(path.parent, audio_carried(), _try_tls)
    )


def _try_tls(ca_file: str, certificate_file: str, key_file: str) -> None:
    context_of(TlsFiles(ca_file, certificate_file, key_file))


def tls_of(bot: BotRung) -> TlsFiles:
    """What is to be trusted and shown where this bot is."""
    return TlsFiles(bot.ca_file, bot.certificate_file, bot.key_file)


class RoutesFile:
    """Keeps a router's routes up to date. `on_loaded` prepares what new routes need before they take effect."""

    def __init__(self, settings: Settings, router: Router, on_loaded: OnLoaded | None = None) -> None:
        self._settings = settings
        self._router = router
        self.on_loaded = on_loaded
        self._file = Watched(Path(settings.routes_file or DEFAULT_FILE))
        self.reload = self._file.reload

    async def watch(self) -> None:
        """For ever."""
        while True:
            if await self._file.look():
                await self._load()

    async def _load(self) -> None:
        try:
            routes = await asyncio.to_thread(load_routes, self._settings)
            if self.on_loaded:
                await self.on_loaded(routes)
        except ControllerError as error:
            say_rejected("routes rejected, the earlier ones stay", error)
            return
        self._router.routes = routes
        log.info("routes loaded", source=routes.source, routes=len(routes.routes))
