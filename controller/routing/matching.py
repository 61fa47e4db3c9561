"""Which route a call matches: an index that is built once and asked for every call.

A tree with a level for each thing that a route can match by, in the order of precedence. On each level the most
particular condition is tried first and "no condition" last, so the first route that is reached is the right one, and
what a call costs depends on how its routes differ, not on how many there are.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import product
from typing import Final

from controller.routing.numbers import WITHHELD
from controller.routing.patterns import ANY_LENGTH, Pattern, PatternTable
from controller.routing.route import Route


class Criterion(StrEnum):
    """What a route can match by, as it is called in routes.toml; the first outranks the others, and so on."""

    FROM = "from"
    COUNTRY = "country"
    HEADER = "header"
    FORWARDED_FROM = "forwarded_from"
    TO = "to"
    TRUNK = "trunk"


ORDER: Final = tuple(Criterion)

WORDS: Final[dict[Criterion, str]] = {
    Criterion.FROM: "caller",
    Criterion.COUNTRY: "caller's country",
    Criterion.HEADER: "header",
    Criterion.FORWARDED_FROM: "forwarded from",
    Criterion.TO: "number dialled",
    Criterion.TRUNK: "trunk",
}
ANYTHING: Final = Pattern("", ANY_LENGTH)


@dataclass(frozen=True, slots=True)
class Condition:
    """One alternative of one criterion. `name` is that of a header, in lower case; `said` names a list it is in."""

    pattern: Pattern
    name: str = ""
    said: str = ""

    def __str__(self) -> str:
        text = f"{self.name}={self.pattern}" if self.name else str(self.pattern)
        return f"{self.said} ({text})" if self.said else text


Match = Mapping[Criterion, tuple[Condition, ...]]
"""All criteria have to hold; of each, one condition. A route without any is the default."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a call, with its numbers normalised. A withheld caller is `withheld`."""

    caller: str
    country: str
    headers: Mapping[str, str]
    forwarded_from: str
    to: str
    trunk: str

    def value(self, criterion: Criterion) -> str:
        match criterion:
            case Criterion.FROM:
                return self.caller or WITHHELD
            case Criterion.COUNTRY:
                return self.country
            case Criterion.FORWARDED_FROM:
                return self.forwarded_from
            case Criterion.TO:
                return self.to
            case _:
                return self.trunk


@dataclass(slots=True)
class _Node:
    """A level of the tree, for one combination of what stands above it."""

    by_pattern: dict[str, PatternTable["_Branch"]] = field(default_factory=dict)
    """By the name of a header; by the empty one for everything else."""
    otherwise: "_Node | None" = None
    """Routes that have no condition here."""
    route: Route | None = None
    """On the last level."""


@dataclass(slots=True)
class _Branch:
    condition: Condition
    node: _Node = field(default_factory=_Node)


@dataclass(frozen=True, slots=True)
class Matched:
    """The route, and by which conditions."""

    route: Route
    by: tuple[tuple[Criterion, Condition], ...]

    @property
    def reason(self) -> str:
        """In words; empty for the default route, which asks for nothing."""
        return ", ".join(f"{WORDS[criterion]} {condition}" for criterion, condition in self.by)


class RouteIndex:
    """All routes, found by what is known of a call."""

    def __init__(self) -> None:
        self._root = _Node()
        self.headers: set[str] = set()
        """The SIP headers by which some route matches, in lower case."""

    def add(self, route: Route, match: Match) -> Route | None:
        """Returns the route that matches the very same calls already, where there is one: then nothing is added."""
        alternatives = [match.get(criterion) or (None,) for criterion in ORDER]
        self.headers |= {condition.name for condition in match.get(Criterion.HEADER) or ()}
        for conditions in product(*alternatives):
            leaf = self._leaf(conditions)
            if leaf.route not in (None, route):
                return leaf.route
            leaf.route = route
        return None

    def _leaf(self, conditions: tuple[Condition | None, ...]) -> _Node:
        node = self._root
        for condition in conditions:
            if condition is None:
                node.otherwise = node.otherwise or _Node()
                node = node.otherwise
            else:
                table = node.by_pattern.setdefault(condition.name, PatternTable())
                branch = table.get(condition.pattern) or _Branch(condition)
                table.put(condition.pattern, branch)
                node = branch.node
        return node

    def find(self, facts: Facts) -> Matched | None:
        """The route of a call; None where there is not even a default."""
        return _descend(self._root, 0, facts)


def _descend(node: _Node, level: int, facts: Facts) -> Matched | None:
    if level == len(ORDER):
        return Matched(node.route, ()) if node.route else None
    for branch in _fitting(node, ORDER[level], facts):
        found = _descend(branch.node, level + 1, facts)
        if found:
            return Matched(found.route, ((ORDER[level], branch.condition), *found.by))
    return _descend(node.otherwise, level + 1, facts) if node.otherwise else None


def _fitting(node: _Node, criterion: Criterion, facts: Facts) -> Iterator[_Branch]:
    for name, table in node.by_pattern.items():
        value = facts.headers.get(name, "") if name else facts.value(criterion)
        if value:
            for _, branch in table.find(value):
                yield branch
