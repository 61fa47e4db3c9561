"""The statistics of several sessions of one call as those of the call. Pure."""

from collections.abc import Mapping
from typing import Final

Statistics = Mapping[str, int | float]

LARGEST: Final = frozenset({"jitter_max_ms"})
"""Counters of which the call has the largest."""

MEANS: Final = {
    "jitter_ms": ("packets_in", 2),
    "mos": ("packets_in", 2),
    "added_delay_ms": ("packets_in", 2),
    "bot_response_ms": ("bot_responses", 1),
    "barge_in_ms": ("barge_ins", 1),
}
"""Means, weighed by the counter that says of how many they are; and to how many places they are rounded."""


def merged(earlier: Statistics, later: Statistics) -> dict[str, int | float]:
    """Of two sessions, one after the other: whatever is not named above is a count, and added."""
    return {
        name: _merged(name, earlier, later) if name in earlier and name in later else {**earlier, **later}[name]
        for name in {**earlier, **later}
    }


def _merged(name: str, earlier: Statistics, later: Statistics) -> int | float:
    if name in LARGEST:
        return max(earlier[name], later[name])
    if name not in MEANS:
        return earlier[name] + later[name]
    weight, places = MEANS[name]
    count, more = earlier.get(weight, 0), later.get(weight, 0)
    if not count + more:
        return later[name]
    return round((earlier[name] * count + later[name] * more) / (count + more), places)
