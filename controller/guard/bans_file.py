"""The ledger in a small file: it outlives a restart, and a command can lift a ban."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Final

from controller.closures_file import data_folder
from controller.config import Settings
from controller.errors import SettingError
from controller.guard.bans import Ban, Ledger
from controller.whole_file import PRIVATE, alone, replace

FILE_NAME: Final = "bans.json"


class BansFile:
    """Every change reads the file, changes it and writes it while nobody else does."""

    def __init__(self, settings: Settings) -> None:
        self._path = data_folder(settings) / FILE_NAME
        self._content: str | None = None

    def news(self) -> Ledger | None:
        """What stands there; None: the same as at the last look. Raises SettingError."""
        try:
            content = self._path.read_text(encoding="utf-8")
            if content == self._content:
                return None
            ledger = _parse(content)
        except FileNotFoundError:
            content, ledger = "", Ledger()
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SettingError(
                str(self._path), f"cannot be read ({error})", "Remove it: bans and known addresses begin anew"
            ) from error
        self._content = content
        return ledger

    def read(self) -> Ledger:
        """Raises SettingError."""
        self._content = None
        return self.news() or Ledger()

    def change(self, change: Callable[[Ledger], object]) -> Ledger:
        """As it is then. Raises SettingError."""
        try:
            with alone(self._path.parent):
                ledger = self.read()
                change(ledger)
                self._content = _written(ledger)
                replace(self._path, self._content, PRIVATE)
        except OSError as error:
            raise SettingError(
                str(self._path), f"cannot be written ({error.strerror})", "Make it and its folder writable"
            ) from error
        return ledger


def _written(ledger: Ledger) -> str:
    bans = [
        {"address": ban.address, "until": ban.until.isoformat(), "attempts": ban.attempts}
        for ban in ledger.bans.values()
    ]
    known = {address: at.isoformat() for address, at in ledger.known.items()}
    return json.dumps({"bans": bans, "known": known}, indent=1) + "\n"


def _parse(content: str) -> Ledger:
    raw = json.loads(content)
    bans = [Ban(one["address"], datetime.fromisoformat(one["until"]), int(one["attempts"])) for one in raw["bans"]]
    known = {address: datetime.fromisoformat(at) for address, at in raw["known"].items()}
    return Ledger({ban.address: ban for ban in bans}, known)
