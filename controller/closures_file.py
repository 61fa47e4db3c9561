"""What is closed for now, kept in a small file: it outlives a restart, and every process on the machine can change it.

The command and the API write it; a running controller looks at it every second, and its own API writes take effect
at once.
"""

import asyncio
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import structlog
from sqlalchemy.engine import make_url

from controller.config import Settings
from controller.errors import SettingError
from controller.routing.closures import Closure, Closures
from controller.whole_file import READABLE, alone, replace

FILE_NAME: Final = "closed.json"
POLL_SECONDS: Final = 1.0
"""Between two looks at the file: a switch is pressed by a person."""

log = structlog.get_logger()


def closures_path(settings: Settings) -> Path:
    """Beside the SQLite database, unless CLOSED_FILE says otherwise."""
    return Path(settings.closed_file) if settings.closed_file else data_folder(settings) / FILE_NAME


def data_folder(settings: Settings) -> Path:
    """Where the SQLite database is."""
    url = make_url(settings.database_url)
    in_file = url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:"
    return Path(url.database).parent if in_file and url.database else Path("data")


class ClosuresFile:
    """`on_change` is called at once with what this object changes, and soon with what others do."""

    def __init__(self, path: Path, on_change: Callable[[Closures], None] | None = None) -> None:
        self._path = path
        self._on_change = on_change
        self._read_content: str | None = None
        self._current = Closures()
        try:
            self.refresh()
        except SettingError as error:
            log.warning("what is closed is not known", reason=str(error))

    @property
    def current(self) -> Closures:
        """As it was when it was last looked at."""
        return self._current

    def close(self, closure: Closure) -> Closures:
        """Close a calendar, or all of them, until a time. Raises SettingError where it cannot be kept."""
        return self._change(lambda closures: closures.closed(closure))

    def open(self, calendar: str) -> Closures:
        """Take that back for a calendar, or for all."""
        return self._change(lambda closures: closures.opened(calendar))

    def refresh(self) -> None:
        """Look at the file. Raises SettingError for one that cannot be read; then what was known stays."""
        try:
            content = self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            content = ""
        except (OSError, UnicodeDecodeError) as error:
            raise SettingError("CLOSED_FILE", f"cannot read {self._path} ({error})", "Make it readable") from error
        if content != self._read_content:
            self._read_content = content
            self._take(_parse(content, self._path))

    async def watch(self) -> None:
        """For ever."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            try:
                self.refresh()
            except SettingError as error:
                log.warning("what is closed stays as it was", reason=str(error))

    def _change(self, change: Callable[[Closures], Closures]) -> Closures:
        try:
            with alone(self._path.parent):
                self.refresh()
                closures = change(self._current)
                content = _written(closures)
                replace(self._path, content, READABLE)
        except OSError as error:
            problem = f"cannot write {self._path} ({error.strerror})"
            raise SettingError("CLOSED_FILE", problem, "Make it and its folder writable") from error
        self._read_content = content
        self._take(closures)
        return closures

    def _take(self, closures: Closures) -> None:
        self._current = closures
        if self._on_change:
            self._on_change(closures)


def _written(closures: Closures) -> str:
    closed = [
        {"calendar": one.calendar, "until": one.until.isoformat(), "reason": one.reason}
        for one in closures.by_calendar.values()
    ]
    return json.dumps({"closed": closed}, ensure_ascii=False, indent=1) + "\n"


def _parse(content: str, path: Path) -> Closures:
    closures = Closures()
    try:
        for one in json.loads(content)["closed"] if content.strip() else ():
            closures = closures.closed(_closure(one))
    except (ValueError, KeyError, TypeError) as error:
        mend = f"Remove {path}, and close again what is to be closed"
        raise SettingError("CLOSED_FILE", f"{path} cannot be read ({error})", mend) from error
    return closures


def _closure(raw: dict[str, Any]) -> Closure:
    until = datetime.fromisoformat(raw["until"])
    if until.tzinfo is None:
        raise ValueError("a time without its zone")
    return Closure(str(raw["calendar"]), until, str(raw.get("reason", "")))
