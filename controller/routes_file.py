"""The file with the routes: read at the start, watched, and read again when it changes or on SIGHUP.

What a running controller cannot use it does not take: the error is logged, and the routes that it has stay.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import structlog

from controller.bot.adapters import audio_carried
from controller.bot.tls import TlsFiles, context_of
from controller.config import Settings, read_env_file
from controller.errors import ControllerError, SettingError
from controller.routing.problems import RoutesError
from controller.routing.reading import read_routes
from controller.routing.route import BotRung
from controller.routing.router import Router, routes_of_settings
from controller.routing.routes import Routes
from controller.routing.surroundings import Surroundings

DEFAULT_FILE: Final = "routes.toml"
POLL_SECONDS: Final = 1.0
"""Between two looks at the file: soon enough for a person, and sure on every kind of file system."""
BYTES_MAX: Final = 16 * 1024 * 1024
"""Some 100,000 routes; more is no routes.toml."""

Stamp = tuple[int, int, int] | None
"""What tells one version of a file from another: inode, time and size. None: no file."""
OnLoaded = Callable[[Routes], Awaitable[None]]

log = structlog.get_logger()


def load_routes(settings: Settings) -> Routes:
    """From ROUTES_FILE, or from routes.toml where there is one, or from the settings. Raises SettingError."""
    path = Path(settings.routes_file or DEFAULT_FILE)
    if not settings.routes_file and not path.exists():
        return routes_of_settings(settings)
    return read_routes(_text(path), str(path), _surroundings(path.parent))


def _text(path: Path) -> str:
    mend = "Name a readable file, or leave ROUTES_FILE empty"
    try:
        with path.open("rb") as file:
            content = file.read(BYTES_MAX + 1)
        if len(content) > BYTES_MAX:
            raise SettingError("ROUTES_FILE", f"{path} is longer than {BYTES_MAX} bytes", mend)
        return content.decode()
    except OSError as error:
        raise SettingError("ROUTES_FILE", f"cannot read {path} ({error.strerror})", mend) from error
    except UnicodeDecodeError as error:
        raise SettingError("ROUTES_FILE", f"{path} is not UTF-8 (byte {error.start})", "Save it as UTF-8") from error


def _surroundings(folder: Path) -> Surroundings:
    return Surroundings(
        environment={**read_env_file(Path(".env")), **os.environ},
        locate=lambda name: str(folder / name),
        is_file=lambda name: Path(name).is_file(),
        read=lambda name: Path(name).read_text(encoding="utf-8"),
        protocols=audio_carried(),
        try_tls=_try_tls,
    )


def _try_tls(ca_file: str, certificate_file: str, key_file: str) -> None:
    context_of(TlsFiles(ca_file, certificate_file, key_file))


def tls_of(bot: BotRung) -> TlsFiles:
    """What is to be trusted and shown where this bot is."""
    return TlsFiles(bot.ca_file, bot.certificate_file, bot.key_file)


def stamp(path: Path) -> Stamp:
    """Follows links, so that a file which is replaced by renaming or by another link is seen."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


class RoutesFile:
    """Keeps a router's routes up to date. `on_loaded` prepares what new routes need before they take effect."""

    def __init__(self, settings: Settings, router: Router, on_loaded: OnLoaded | None = None) -> None:
        self._settings = settings
        self._router = router
        self.on_loaded = on_loaded
        self._path = Path(settings.routes_file or DEFAULT_FILE)
        self._seen = stamp(self._path)
        self._wanted = asyncio.Event()

    def reload(self) -> None:
        """Read it again, changed or not: on SIGHUP."""
        self._wanted.set()

    async def watch(self) -> None:
        """For ever."""
        while True:
            try:
                await asyncio.wait_for(self._wanted.wait(), POLL_SECONDS)
            except TimeoutError:
                if stamp(self._path) == self._seen:
                    continue
            self._wanted.clear()
            await self._load()

    async def _load(self) -> None:
        # Before it is read: a change meanwhile is seen the next time.
        self._seen = stamp(self._path)
        try:
            routes = await asyncio.to_thread(load_routes, self._settings)
            if self.on_loaded:
                await self.on_loaded(routes)
        except ControllerError as error:
            _say_rejected(error)
            return
        self._router.routes = routes
        log.info("routes loaded", source=routes.source, routes=len(routes.routes))


def _say_rejected(error: ControllerError) -> None:
    problems = error.problems if isinstance(error, RoutesError) else (error,)
    for problem in problems:
        log.error("routes rejected, the earlier ones stay", problem=str(problem))
