"""The file with the trunks: read at the start, watched, and given to Asterisk when it changes or on SIGHUP.

What cannot be used is not taken: the error is logged, and the trunks that there are stay. Asterisk reads what was made
of it from a folder that both see, so it has its trunks after a restart of its own as well, without us
(docs/adr/0012-trunks-by-a-shared-file.md).
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog

from controller import whole_file
from controller.ari.client import AriClient
from controller.config import Settings
from controller.errors import AsteriskError, ControllerError, SettingError
from controller.settings_file import Watched, read_text, say_rejected, surroundings
from controller.trunks.manager import Manager
from controller.trunks.reading import read_trunks
from controller.trunks.rendering import render
from controller.trunks.trunk import Trunk, Trunks, Way

DEFAULT_FILE: Final = "trunks.toml"
ASTERISKS_FILE: Final = "pjsip.conf"
"""In TRUNKS_DIR; asterisk-conf/pjsip.conf includes it."""
BYTES_MAX: Final = 1024 * 1024
"""Some thousand trunks; more is no trunks.toml."""
MODULES: Final = ("res_pjsip.so", "res_pjsip_endpoint_identifier_ip.so", "res_pjsip_outbound_registration.so")
"""They read the configuration again, in this order; calls go on meanwhile."""

READABLE_BY_GROUP: Final = 0o640
"""It has the passwords."""

OnLoaded = Callable[[Trunks], None]

log = structlog.get_logger()


def trunks_path(settings: Settings) -> Path:
    return Path(settings.trunks_file or DEFAULT_FILE)


def load_trunks(settings: Settings) -> Trunks:
    """From TRUNKS_FILE, or from trunks.toml where there is one; else none. Raises SettingError."""
    path = trunks_path(settings)
    if not settings.trunks_file and not path.exists():
        return Trunks()
    return read_trunks(read_text(path, "TRUNKS_FILE", BYTES_MAX), str(path), surroundings(path.parent))


class TrunksFile:
    """Keeps Asterisk's trunks up to date. `on_loaded` hears of new ones, when Asterisk has them."""

    def __init__(self, settings: Settings, ari: AriClient, manager: Manager, on_loaded: OnLoaded) -> None:
        self.problem = ""
        """Why the file as it is now was not taken; empty: it was."""
        self._settings = settings
        self._ari = ari
        self._manager = manager
        self.told = [on_loaded]
        """Who hears of new trunks."""
        self._file = Watched(trunks_path(settings))
        self.reload = self._file.reload
        self._pending = True
        """At first too: an earlier controller may have died between writing the file and having it read."""
        self._again: set[str] = set()
        """Registrations to be made anew once Asterisk has read the file."""
        self.current = self._next = load_trunks(settings)
        self._tell()

    async def watch(self) -> None:
        """For ever."""
        while True:
            if self._pending:
                await self._apply()
            if await self._file.look():
                await self._load()

    async def _load(self) -> None:
        try:
            trunks = await asyncio.to_thread(load_trunks, self._settings)
        except ControllerError as error:
            self._reject(error)
            return
        self.problem = ""
        self._again |= {name for name, one in trunks.by_name.items() if _needs_registering(one, self._next)}
        self._next = trunks
        self._pending = True

    def _tell(self) -> None:
        for told in self.told:
            told(self.current)

    def _reject(self, error: ControllerError) -> None:
        self.problem = str(error)
        say_rejected("trunks rejected, the earlier ones stay", error)

    async def _apply(self) -> None:
        """Write the file and have it read; what fails is tried again, by `watch`."""
        try:
            path = Path(self._settings.trunks_dir) / ASTERISKS_FILE
            if not self._next.by_name and not path.exists():
                self._pending = False
                return
            await asyncio.to_thread(_keep, path, render(self._next))
            for module in MODULES:
                await self._ari.reload_module(module)
        except AsteriskError as error:
            log.debug("Asterisk does not read its trunks yet", reason=str(error))
            return
        except SettingError as error:
            if self.problem != str(error):
                self._reject(error)
            return
        self._pending = False
        self.problem = ""
        self.current = self._next
        self._tell()
        log.info("trunks loaded", source=self.current.source or "none", trunks=sorted(self.current.by_name))
        await self._register()

    async def _register(self) -> None:
        """A new password alone changes nothing for Asterisk until the registration runs out."""
        again, self._again = self._again & set(self.current.by_name), set()
        try:
            await self._manager.register(sorted(again))
        except AsteriskError as error:
            log.warning("not registered anew", trunks=sorted(again), reason=str(error))


def _needs_registering(trunk: Trunk, earlier: Trunks) -> bool:
    before = earlier.by_name.get(trunk.name)
    if before is None or trunk.way is not Way.REGISTER or before.way is not Way.REGISTER:
        return False
    return (trunk.auth_username, trunk.password) != (before.auth_username, before.password)


def _keep(path: Path, content: str) -> None:
    """The folder has its group's bit set, so that the group, which is Asterisk's, may read what is in it."""
    try:
        if path.exists() and path.read_text(encoding="utf-8") == content:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        whole_file.replace(path, content, READABLE_BY_GROUP)
    except OSError as error:
        mend = "Make it a folder that controller and Asterisk both see and may write"
        raise SettingError("TRUNKS_DIR", f"cannot write {path} ({error.strerror})", mend) from error
