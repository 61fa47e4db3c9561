"""How many requests one client may send: a token bucket each, in a table of bounded size. Pure: the clock is passed."""

from collections import OrderedDict
from typing import Final

CLIENTS_MAX: Final = 10_000
"""Buckets kept, 2 MB. Beyond it the client not heard of for longest is forgotten: by then its bucket is full again."""

BURST_SECONDS: Final = 2.0
"""A bucket holds the requests of so long: a page that opens asks for a dozen things at once."""


class RateLimit:
    """`per_second` for each client in the long run, and `at_once` after a rest; without: those of BURST_SECONDS."""

    def __init__(self, per_second: float, at_once: float | None = None) -> None:
        self._per_second = per_second
        self._size = max(1.0, per_second * BURST_SECONDS if at_once is None else at_once)
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """What is left, and when that was so; the one used last is at the end."""

    def take(self, client: str, now: float) -> float:
        """Spend one request. 0: granted; otherwise the seconds until there is one again."""
        left, then = self._buckets.pop(client, (self._size, now))
        left = min(self._size, left + max(0.0, now - then) * self._per_second)
        granted = left >= 1.0
        self._buckets[client] = (left - 1.0 if granted else left, now)
        if len(self._buckets) > CLIENTS_MAX:
            self._buckets.popitem(last=False)
        return 0.0 if granted else (1.0 - left) / self._per_second
