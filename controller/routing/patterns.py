"""Patterns of numbers, and what they lead to, found by a few look-ups however many there are.

`+493023125100` is one number, `+4930231251XX` every number of that length, `+4930*` all that begin so, `*` all. The
longest wins, and of two as long the one with `X`.
"""

import re
from collections.abc import Iterator
from typing import Final, Generic, NamedTuple, TypeVar

from controller.routing.numbers import compact, normalise

T = TypeVar("T")

ANY_LENGTH: Final = 0

_PATTERN: Final = re.compile(r"(?P<literal>\+?[0-9]*|[A-Za-z][A-Za-z0-9_.-]*?)(?:(?P<digits>X+)|(?P<rest>\*))?")


class Pattern(NamedTuple):
    """What a value begins with, and how long it is."""

    literal: str
    length: int = ANY_LENGTH

    def __str__(self) -> str:
        if self.length == ANY_LENGTH:
            return f"{self.literal}*"
        return self.literal + "X" * (self.length - len(self.literal))

    @property
    def exact(self) -> bool:
        return self.length == len(self.literal) and self.length > 0


def parse_number(text: str, country: str) -> Pattern:
    """Raises ValueError for what is no number and no pattern of numbers."""
    found = _PATTERN.fullmatch(compact(text))
    if found is None or not (found["literal"] or found["rest"]):
        raise ValueError(f"{text!r} is no number: * stands at the end only, or X for each last digit")
    literal = found["literal"]
    if not found["digits"] and not found["rest"]:
        literal = normalise(literal, country)
    if literal.startswith("0"):
        raise ValueError(f"{text!r} has no country code")
    return Pattern(literal, ANY_LENGTH if found["rest"] else len(literal) + len(found["digits"] or ""))


class PatternTable(Generic[T]):
    """From patterns to whatever they lead to."""

    __slots__ = ("_by_pattern", "_shapes")

    def __init__(self) -> None:
        self._by_pattern: dict[Pattern, T] = {}
        self._shapes: list[tuple[int, int]] = []
        """Lengths of the literal and of the whole that occur, the most particular first."""

    def __bool__(self) -> bool:
        return bool(self._by_pattern)

    def get(self, pattern: Pattern) -> T | None:
        return self._by_pattern.get(pattern)

    def put(self, pattern: Pattern, value: T) -> None:
        self._by_pattern[pattern] = value
        shape = (len(pattern.literal), pattern.length)
        if shape not in self._shapes:
            self._shapes.append(shape)
            self._shapes.sort(reverse=True)

    def find(self, value: str) -> Iterator[tuple[Pattern, T]]:
        """All that fit, the most particular first."""
        for literal, length in self._shapes:
            if length in (ANY_LENGTH, len(value)):
                pattern = Pattern(value[:literal], length)
                found = self._by_pattern.get(pattern)
                if found is not None and _rest_fits(pattern, value):
                    yield pattern, found


def _rest_fits(pattern: Pattern, value: str) -> bool:
    """What stands for X is digits."""
    rest = value[len(pattern.literal) :]
    return pattern.length == ANY_LENGTH or not rest or (rest.isascii() and rest.isdigit())
