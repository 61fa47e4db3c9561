"""How the trunks are, looked at every few seconds: registered or not, since when, and why not."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import structlog

from controller.ari.client import AriClient
from controller.config import Settings
from controller.errors import AsteriskError
from controller.trunks.book import ArrivedOddly, TrunkBook
from controller.trunks.manager import Manager
from controller.trunks.outside import OutsideAddress
from controller.trunks.status import Refusal, Seen, Status, TrunkState, concerns, refusal_in, status_of, unknown
from controller.trunks.trunk import Trunk, Trunks, Way
from controller.trunks.trunks_file import TrunksFile

LOOK_SECONDS: Final = 2.0
"""Between two looks: soon enough for somebody who has just changed a password."""
ASTERISKS_LOG: Final = "asterisk.log"
"""In TRUNKS_DIR: Asterisk's warnings (asterisk-conf/logger.conf), the only place where a refusal's reason stands."""
LOG_BYTES_MAX: Final = 1024 * 1024
"""Of that file, before it begins anew."""
_GOOD: Final = (TrunkState.REGISTERED, TrunkState.REACHABLE, TrunkState.UNCHECKED, TrunkState.REGISTERING)

log = structlog.get_logger()


class TrunkWatch:
    """Knows how every trunk is."""

    def __init__(self, settings: Settings, file: TrunksFile, book: TrunkBook, ari: AriClient, manager: Manager) -> None:
        self.file = file
        self.address = OutsideAddress(settings, ari, manager.register)
        self.book = book
        self._ari = ari
        self._manager = manager
        self._log = LogReading(Path(settings.trunks_dir) / ASTERISKS_LOG)
        self._statuses: dict[str, Status] = {}
        self._known: Mapping[str, Trunk] = file.current.by_name
        file.told.append(self._forget_changed)

    @property
    def trunks(self) -> Trunks:
        return self.file.current

    @property
    def problem(self) -> str:
        """Why trunks.toml as it is now was not taken; empty: it was."""
        return self.file.problem

    def status(self, name: str) -> Status:
        """Of a trunk of `trunks`."""
        return self._statuses.get(name) or unknown(None, datetime.now(UTC), "not looked at yet", "Wait a moment")

    def odd(self, name: str) -> ArrivedOddly | None:
        """The last call of a trunk whose number was not as its table says."""
        return self.book.odd.get(name)

    async def run(self) -> None:
        """Keep Asterisk's trunks and its public address up to date, and look how they are; for ever."""
        await asyncio.gather(self.file.watch(), self.watch(), self.address.watch(lambda: self.trunks))

    def reload(self) -> None:
        """Read the file again, and ask for our address."""
        self.file.reload()
        self.address.reload()

    async def watch(self) -> None:
        """For ever."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        trunks = self._known
        if not trunks:
            return
        try:
            await self._log.read_on()
            registrations = await self._registrations(trunks)
            seen = {name: await self._seen(trunk, registrations) for name, trunk in trunks.items()}
            await self._rotate()
        except AsteriskError as error:
            mend = "Start Asterisk, or correct AMI_ADDRESS and AMI_PASSWORD in .env"
            now = datetime.now(UTC)
            for name in trunks:
                self._take(
                    name, unknown(self._statuses.get(name), now, f"Asterisk cannot be asked ({error.reason})", mend)
                )
            return
        if trunks is not self._known:  # others since: what was seen is of those before
            return
        now = datetime.now(UTC)
        for name, trunk in trunks.items():
            self._take(name, status_of(trunk, seen[name], self._statuses.get(name), now))

    def _forget_changed(self, trunks: Trunks) -> None:
        """What was said of a trunk as it was before says nothing of it now."""
        for name, before in self._known.items():
            if trunks.by_name.get(name) != before:
                self._statuses.pop(name, None)
                self._log.forget(before)
        self._known = trunks.by_name

    async def _registrations(self, trunks: Mapping[str, Trunk]) -> dict[str, str]:
        if not any(trunk.way is Way.REGISTER for trunk in trunks.values()):
            return {}
        return await self._manager.registrations()

    async def _seen(self, trunk: Trunk, registrations: Mapping[str, str]) -> Seen:
        if trunk.way is Way.REGISTER:
            word = registrations.get(trunk.name, "")
            if word == "Registered":
                self._log.forget(trunk)
            return Seen(word, self._log.refusal(trunk))
        asked = trunk.way is Way.ACCOUNT or trunk.check_seconds
        return Seen(endpoint=await self._ari.endpoint_state(trunk.name) if asked else "")

    def _take(self, name: str, status: Status) -> None:
        before = self._statuses.get(name)
        self._statuses[name] = status
        if before and (before.state, before.reason) == (status.state, status.reason):
            return
        if status.state in _GOOD:
            log.info("trunk", trunk=name, state=status.state.value)
        else:
            log.warning("trunk", trunk=name, state=status.state.value, reason=status.reason, mend=status.mend)

    async def _rotate(self) -> None:
        if self._log.size > LOG_BYTES_MAX:
            await self._ari.rotate_log(str(self._log.asterisks_path))
            self._log.remove_rotated()


class LogReading:
    """Follows Asterisk's log; keeps the last refusal of each registration."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._rest = b""
        self._refusals: dict[tuple[str, str], Refusal] = {}
        self.size = 0

    @property
    def asterisks_path(self) -> Path:
        """As Asterisk itself calls it."""
        return Path("/trunks") / self._path.name

    def refusal(self, trunk: Trunk) -> Refusal | None:
        return next((one for one in self._refusals.values() if concerns(one, trunk)), None)

    def forget(self, trunk: Trunk) -> None:
        """It has registered since, or is another now."""
        self._refusals = {key: one for key, one in self._refusals.items() if not concerns(one, trunk)}

    async def read_on(self) -> None:
        for line in await asyncio.to_thread(self._new_lines):
            found = refusal_in(line)
            if found:
                self._refusals[found.server, found.client] = found

    def _new_lines(self) -> list[str]:
        try:
            with self._path.open("rb") as file:
                self.size = file.seek(0, 2)
                if self.size < self._offset:  # begun anew
                    self._offset, self._rest = 0, b""
                file.seek(self._offset)
                content = self._rest + file.read(LOG_BYTES_MAX)
                self._offset = file.tell()
        except OSError:
            return []
        lines = content.split(b"\n")
        self._rest = lines.pop()[-LOG_BYTES_MAX:]
        return [line.decode(errors="replace") for line in lines]

    def remove_rotated(self) -> None:
        for old in self._path.parent.glob(f"{self._path.name}.*"):
            old.unlink(missing_ok=True)
