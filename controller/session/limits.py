"""How many calls a bot may have at a time, a route, and this controller in all."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from controller.errors import LimitReached


class Limits(Protocol):
    """One small interface, so that several controllers may share their limits some day."""

    def take(self, wanted: Mapping[str, int]) -> None:
        """One place of each name, of at most so many (0: any number). Raises LimitReached, and takes none."""

    def give_back(self, taken: Mapping[str, int]) -> None: ...


class OwnLimits:
    """Of this process. `on_free` is told each name of which a place has become free."""

    def __init__(self, on_free: Callable[[str], None] = lambda _name: None) -> None:
        self._taken: Final[Counter[str]] = Counter()
        self._on_free = on_free

    def take(self, wanted: Mapping[str, int]) -> None:
        for name, most in wanted.items():
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

    def taken(self, name: str) -> int:
        return self._taken[name]
