"""A file that people edit while we run: read as text, watched, and read again when it changes or on SIGHUP."""

import asyncio
import os
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Final

import structlog

from controller.config import read_env_file
from controller.errors import ControllerError, SettingError
from controller.routing.problems import RoutesError
from controller.routing.surroundings import Surroundings

POLL_SECONDS: Final = 1.0
"""Between two looks at the file: soon enough for a person, and sure on every kind of file system."""

Stamp = tuple[int, int, int] | None
"""What tells one version of a file from another: inode, time and size. None: no file."""

log = structlog.get_logger()


def read_text(path: Path, setting: str, bytes_max: int) -> str:
    """Raises SettingError, in the name of `setting`, for what cannot be read, is too long or is not UTF-8."""
    mend = f"Name a readable file, or leave {setting} empty"
    try:
        with path.open("rb") as file:
            content = file.read(bytes_max + 1)
        if len(content) > bytes_max:
            raise SettingError(setting, f"{path} is longer than {bytes_max} bytes", mend)
        return content.decode()
    except OSError as error:
        raise SettingError(setting, f"cannot read {path} ({error.strerror})", mend) from error
    except UnicodeDecodeError as error:
        raise SettingError(setting, f"{path} is not UTF-8 (byte {error.start})", "Save it as UTF-8") from error


def surroundings(
    folder: Path,
    protocols: Mapping[str, Collection[str]] | None = None,
    try_tls: Callable[[str, str, str], None] = lambda *_: None,
) -> Surroundings:
    """What a file in `folder` may name: secrets of the environment, of .env and of files beside it."""
    return Surroundings(
        environment={**read_env_file(Path(".env")), **os.environ},
        locate=lambda name: str(folder / name),
        is_file=lambda name: Path(name).is_file(),
        read=lambda name: Path(name).read_text(encoding="utf-8"),
        protocols=protocols or {},
        try_tls=try_tls,
    )


def say_rejected(sentence: str, error: ControllerError) -> None:
    """A line for each problem of a file that is not taken."""
    problems = error.problems if isinstance(error, RoutesError) else (error,)
    for problem in problems:
        log.error(sentence, problem=str(problem))


class Watched:
    """Says when a file is to be read again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = _stamp(path)
        self._wanted = asyncio.Event()

    def reload(self) -> None:
        """Read it again, changed or not: on SIGHUP."""
        self._wanted.set()

    async def look(self) -> bool:
        """Wait for a moment, and say whether it is to be read now."""
        try:
            await asyncio.wait_for(self._wanted.wait(), POLL_SECONDS)
        except TimeoutError:
            if _stamp(self._path) == self._seen:
                return False
        self._wanted.clear()
        # Before it is read: a change meanwhile is seen the next time.
        self._seen = _stamp(self._path)
        return True


def _stamp(path: Path) -> Stamp:
    """Follows links, so that a file which is replaced by renaming or by another link is seen."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
