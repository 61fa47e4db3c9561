"""What processes hold, before calls and after them: what does not go back to where it was is a leak."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

DESCRIPTORS_MORE_MAX: Final = 8
"""Connections that are kept for the next request, files of the database: some come and go."""
TASKS_MORE_MAX: Final = 4
"""Of clients and timers that look at something now and then."""
THREADS_MORE_MAX: Final = 4
"""Of pools that grow to their bound and stay."""
RESIDENT_MORE_MB: Final[Mapping[str, float]] = {"controller": 30.0, "media": 30.0, "asterisk": 150.0}
"""Caches with bounds, and what the allocator keeps: Asterisk's, of which each of its threads has an arena, the most."""
RESIDENT_MB_PER_HOUR_MAX: Final = 20.0
"""After the first third, in which caches fill. More would be a gigabyte in two days."""


@dataclass(frozen=True, slots=True)
class Holding:
    """Of one process."""

    descriptors: int
    threads: int
    resident_mb: float
    tasks: int = 0


def holding(pid: int, tasks: int = 0) -> Holding:
    proc = Path(f"/proc/{pid}")
    status = dict(line.split(":", 1) for line in (proc / "status").read_text().splitlines())
    resident_mb = int(status["VmRSS"].split()[0]) / 1024
    return Holding(len(list((proc / "fd").iterdir())), int(status["Threads"]), round(resident_mb, 1), tasks)


def leaks(name: str, before: Holding, after: Holding) -> list[str]:
    """What one process holds more than it may."""
    bounds: Mapping[str, float] = {
        "descriptors": DESCRIPTORS_MORE_MAX,
        "tasks": TASKS_MORE_MAX,
        "threads": THREADS_MORE_MAX,
        "resident_mb": RESIDENT_MORE_MB[name],
    }
    return [
        f"{name}: {getattr(before, what):g} {what} before, {getattr(after, what):g} after"
        for what, more in bounds.items()
        if getattr(after, what) - getattr(before, what) > more
    ]


def per_hour(samples: Sequence[tuple[float, float]]) -> float:
    """How fast a value grows, from (seconds, value), by least squares over all but the first third."""
    rest = samples[len(samples) // 3 :]
    if len(rest) < 2:
        return 0.0
    mean_x = sum(x for x, _ in rest) / len(rest)
    mean_y = sum(y for _, y in rest) / len(rest)
    spread = sum((x - mean_x) ** 2 for x, _ in rest)
    return sum((x - mean_x) * (y - mean_y) for x, y in rest) / spread * 3600 if spread else 0.0
