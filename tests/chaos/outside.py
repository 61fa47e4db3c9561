"""What a process cannot help: the disk, the clock and the names that it is given. For one process of ours at a time."""

import resource
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

RESOLVER: Final = "127.9.9.9"
"""Where nobody answers: a name that is not in the file of names is asked for there, in vain, for seconds."""
NAMES: Final = ("asterisk.chaos.test", "bot.chaos.test", "crm.chaos.test")


@contextmanager
def full_disk(pid: int) -> Iterator[None]:
    """Nothing that the process writes to a file is taken any more: EFBIG in the place of ENOSPC (setrlimit(2))."""
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


class Clock:
    """A time of day that jumps (libfaketime); steady clocks go on as they are."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self.jump(0)

    def jump(self, hours: int) -> None:
        """So far from the real one. Seen within a second."""
        self._file.write_text(f"{hours:+d}h\n")

    @property
    def settings(self) -> Mapping[str, str]:
        """Of a process that is to have this clock."""
        library = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
        if library is None:
            raise RuntimeError("libfaketime is missing: run setup/faketime (Debian: apt-get install libfaketime)")
        return {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }


class Names:
    """Files of names of their own for our processes, in a mount namespace; only root can make one."""

    def __init__(self, folder: Path) -> None:
        self._hosts, self._resolver = folder / "hosts", folder / "resolv.conf"
        self._resolver.write_text(f"nameserver {RESOLVER}\n")
        self.back()

    def back(self) -> None:
        self._hosts.write_text("".join(f"127.0.0.1 {name}\n" for name in ("localhost", *NAMES)))

    def gone(self) -> None:
        self._hosts.write_text("127.0.0.1 localhost\n")

    @property
    def prefix(self) -> tuple[str, ...]:
        """Of a process that is to know these names."""
        mounts = f"mount --bind {self._hosts} /etc/hosts && mount --bind {self._resolver} /etc/resolv.conf"
        return ("unshare", "--mount", "sh", "-c", f'{mounts} && exec "$@"', "sh")


@contextmanager
def silent_resolver() -> Iterator[None]:
    """A name server that hears every question and answers none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((RESOLVER, 53))
        yield
