"""The statistics of several sessions of one call as those of the call. Pure."""

from collections.abc import Mapping
from typing import Final

Statistics = Mapping[str, int | float]

LARGEST: Final = frozenset({"jitter_max_ms"})
"""Counters of which the call has the largest."""

BY_PACKETS: Final = {"jitter_ms": 2, "mos": 2}
"""Means, weighed by how many of the caller's packets they are of; and to how many places they are rounded."""


def merged(earlier: Statistics, later: Statistics) -> dict[str, int | float]:
    """Of two sessions, one after the other: whatever is not named above is a count, and added."""
    return {
        name: _merged(name, earlier, later) if name in earlier and name in later else {**earlier, **later}[name]
        for name in {**earlier, **later}
    }


def _merged(name: str, earlier: Statistics, later: Statistics) -> int | float:
    if name in LARGEST:
        return max(earlier[name], later[name])
    if name not in BY_PACKETS:
        return earlier[name] + later[name]
    packets, more = earlier.get("packets_in", 0), later.get("packets_in", 0)
    if not packets + more:
        return later[name]
    return round((earlier[name] * packets + later[name] * more) / (packets + more), BY_PACKETS[name])
