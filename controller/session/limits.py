"""How many calls a bot may have at a time, a route, and this controller in all; and bots that want none for a while."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from controller.errors import LimitReached


class Limits(Protocol):
    """One small interface, so that several controllers may share their limits some day."""

    def take(self, wanted: Mapping[str, int]) -> None:
        """One place of each name, of at most so many (0: any number). Raises LimitReached, and takes none."""

    def give_back(self, taken: Mapping[str, int]) -> None: ...

    def rest(self, name: str, seconds: float) -> None:
        """For so long there is no place of this name."""


class OwnLimits:
    """Of this process. `on_free` is told each name of which a place has become free."""

    def __init__(
        self, on_free: Callable[[str], None] = lambda _name: None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._taken: Final[Counter[str]] = Counter()
        self._on_free = on_free
        self._clock = clock
        self._resting: dict[str, float] = {}
        """Until when."""

    def take(self, wanted: Mapping[str, int]) -> None:
        for name, most in wanted.items():
            if (left := self._resting.get(name, 0.0) - self._clock()) > 0:
                raise LimitReached(f"{name} wants no calls for {left:.0f} s")
            if most and self._taken[name] >= most:
                raise LimitReached(f"{name} has its {most} calls")
        self._taken.update(wanted.keys())

    def give_back(self, taken: Mapping[str, int]) -> None:
        for name in taken:
            self._taken[name] -= 1
            if self._taken[name] <= 0:
                del self._taken[name]
        for name in taken:
            self._on_free(name)

    def rest(self, name: str, seconds: float) -> None:
        now = self._clock()
        self._resting = {other: until for other, until in self._resting.items() if until > now}
        self._resting[name] = now + seconds

    def taken(self, name: str) -> int:
        return self._taken[name]
