"""The processes of a measurement: started, pinned, asked, weighed."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, Literal

STOP_SECONDS: Final = 10.0
"""For a process to end by itself before it is killed."""


def pin(what: Literal["measured", "load"]) -> None:
    """The measured process has the first core to itself, as far as the machine allows; the load has the others."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        os.sched_setaffinity(0, cores[:1] if what == "measured" else cores[1:])


def unpin() -> None:
    """Any core, for us and the processes that we start: where many processes are measured together."""
    os.sched_setaffinity(0, range(os.cpu_count() or 1))


def cpu_seconds(pid: int) -> tuple[float, float]:
    """User and system time of all threads of a process so far (proc_pid_stat(5), fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    user, system = (int(field) / os.sysconf("SC_CLK_TCK") for field in fields[11:13])
    return user, system


def exact_cpu_seconds(pid: int) -> float:
    """The same together, by the scheduler's own clock: the other one counts the ticks of a timer, and whoever works
    on a grid is met by them too often or too seldom (proc(5), schedstat)."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9


class Process:
    """One child that speaks JSON lines."""

    def __init__(self, child: asyncio.subprocess.Process) -> None:
        self._child = child

    async def hear(self) -> Any:
        if self._child.stdout is None:
            raise RuntimeError("the process has no output")
        line = await self._child.stdout.readline()
        if not line:
            raise RuntimeError("the process ended")
        return json.loads(line)

    async def ask(self, line: str) -> Any:
        if self._child.stdin is None:
            raise RuntimeError("the process has no input")
        self._child.stdin.write(line.encode() + b"\n")
        await self._child.stdin.drain()
        return await self.hear()

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def running(self) -> bool:
        return self._child.returncode is None

    def signal(self, number: signal.Signals) -> None:
        """Nothing happens where it has ended."""
        if self.running:
            self._child.send_signal(number)

    def cpu_seconds(self) -> tuple[float, float]:
        return cpu_seconds(self._child.pid)

    def exact_cpu_seconds(self) -> float:
        return exact_cpu_seconds(self._child.pid)

    def resident_mb(self) -> float:
        pages = int(Path(f"/proc/{self._child.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@asynccontextmanager
async def running(module: str, *arguments: str) -> AsyncIterator[Process]:
    """A Python module of ours as a child, ended by the end of its input."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield Process(child)
    finally:
        if child.stdin is not None:
            child.stdin.close()
        try:
            await asyncio.wait_for(child.wait(), STOP_SECONDS)
        except TimeoutError:
            child.kill()
            await child.wait()
