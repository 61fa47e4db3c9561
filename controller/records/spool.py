"""Items on disk for as long as the database cannot have them: one line each, in order, in a file that only grows.

What `append` has returned from survives a kill and a power failure. A file goes when all of it is stored; one that a
dead controller has left in the folder is read first. Replaying what was stored already does no harm: the store keeps
every item once. So nothing has to be noted down while a file is emptied.
"""

import asyncio
import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import structlog

from controller.errors import ControllerError
from controller.records.item_lines import NoLine, from_line, to_line
from controller.records.items import CallHeld, Writable

SPOOL_BYTES_MAX: Final = 512 << 20
"""Of all files: some 15,000 calls of 30 kB, most of it what is held of calls in progress. Past half of it, that is left
out: then a call may be lost with its controller, but its record is not."""

SUFFIX: Final = ".jsonl"

Result = TypeVar("Result")

_logger = structlog.get_logger(__name__)


class SpoolFull(ControllerError):
    """There is no room for more."""


@dataclass(slots=True)
class _File:
    """Open, and locked for as long as its owner lives."""

    path: Path
    descriptor: int
    items: int = 0
    """Still to be stored."""
    at: int = 0
    """Up to here it is stored, in bytes."""
    end: int = 0


class Spool:
    """Of one controller. One task appends, one reads."""

    def __init__(self, folder: Path, bytes_max: int = SPOOL_BYTES_MAX) -> None:
        self._folder = folder
        self._bytes_max = bytes_max
        self._files: list[_File] = []
        """Oldest first; new items go to the end of the last one, if it is ours."""
        self._own: _File | None = None
        self._read: tuple[int, int] = (0, 0)
        """Items and bytes that the last `first` has passed."""
        self._turn = asyncio.Lock()
        self.unreadable = 0
        """Lines that held no item."""

    @property
    def waiting(self) -> int:
        """Items."""
        return sum(file.items for file in self._files)

    @property
    def size(self) -> int:
        """In bytes."""
        return sum(file.end for file in self._files)

    async def open(self) -> None:
        """Take over what controllers have left that are no more. Raises OSError."""
        await self._in_thread(self._take_over)

    async def append(self, items: Sequence[Writable]) -> None:
        """On disk when this returns; else nothing of it. Raises OSError, SpoolFull, NoLine."""
        held = self.size <= self._bytes_max // 2
        lines = [to_line(item) for item in items if held or not isinstance(item, CallHeld)]
        if lines:
            await self._in_thread(lambda: self._append(lines))

    async def first(self, most: int) -> list[Writable]:
        """The oldest items, at most so many; again the same ones until `stored`. Raises OSError."""
        return await self._in_thread(lambda: self._first(most))

    async def stored(self) -> None:
        """What `first` gave is in the database."""
        await self._in_thread(self._pass_over)

    def close(self) -> None:
        """What is still waiting is left to the next controller."""
        for file in self._files:
            os.close(file.descriptor)
        self._files, self._own = [], None

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        async with self._turn:
            return await asyncio.to_thread(work)

    # --- in a thread ----------------------------------------------------------------------------------------

    def _take_over(self) -> None:
        if not self._folder.is_dir():
            return
        for path in sorted(self._folder.glob(f"*{SUFFIX}")):
            file = _open(path, 0)
            if file is None:
                continue
            with path.open("rb") as lines:
                for line in lines:
                    # What has no end was being written when its controller died: nobody was told that it is stored.
                    if line.endswith(b"\n"):
                        file.items += 1
                        file.end += len(line)
            self._files.append(file)
            self._drop_empty()
        if self._files:
            _logger.warning(
                "records of an earlier controller are on disk", items=self.waiting, folder=str(self._folder)
            )

    def _append(self, lines: Sequence[bytes]) -> None:
        data = b"".join(lines)
        if self.size + len(data) > self._bytes_max:
            raise SpoolFull(f"{self._folder} holds {self.size} of {self._bytes_max} bytes")
        file = self._own or self._create()
        try:
            written = 0
            while written < len(data):
                written += os.pwrite(file.descriptor, data[written:], file.end + written)
            os.fsync(file.descriptor)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(file.descriptor, file.end)
            self._drop_empty()
            raise
        file.end += len(data)
        file.items += len(lines)

    def _create(self) -> _File:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        # By time, so that their order is that of their names.
        path = self._folder / f"{time.time_ns():020d}-{os.getpid()}{SUFFIX}"
        file = _open(path, os.O_CREAT | os.O_EXCL)
        if file is None:
            raise OSError(f"{path} is locked")
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        self._own = file
        self._files.append(file)
        return file

    def _first(self, most: int) -> list[Writable]:
        items: list[Writable] = []
        count, bytes_ = 0, 0
        if self._files:
            file = self._files[0]
            with file.path.open("rb") as lines:
                lines.seek(file.at)
                while count < min(most, file.items):
                    line = lines.readline()
                    count, bytes_ = count + 1, bytes_ + len(line)
                    try:
                        items.append(from_line(line))
                    except NoLine as error:
                        self.unreadable += 1
                        _logger.warning("a line of the spool was passed over", file=str(file.path), reason=str(error))
        self._read = count, bytes_
        return items

    def _pass_over(self) -> None:
        items, bytes_ = self._read
        self._read = 0, 0
        if items:
            self._files[0].items -= items
            self._files[0].at += bytes_
            self._drop_empty()

    def _drop_empty(self) -> None:
        for file in [file for file in self._files if not file.items]:
            self._files.remove(file)
            if file is self._own:
                self._own = None
            file.path.unlink(missing_ok=True)
            os.close(file.descriptor)


def _open(path: Path, flags: int) -> _File | None:
    """None: another controller has it, or has just removed it."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | flags, 0o600)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        gone = os.fstat(descriptor).st_nlink == 0
    except BlockingIOError:
        gone = True
    if gone:
        os.close(descriptor)
        return None
    return _File(path, descriptor)
