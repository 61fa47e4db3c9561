"""Where a call would go, rung by rung, and why: for people and for programs."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from controller.routing.matching import Facts
from controller.routing.route import AnyRung, Arrival, Decision
from controller.routing.router import Router
from controller.routing.trigger import Trigger


class Part(StrEnum):
    """What a rung has to do with a call."""

    FIRST = "first"
    """It gets the call."""
    NEXT = "next"
    """It may get it when an earlier one cannot take it."""
    CLOSED = "closed"
    """Outside its hours just now."""
    NOT_ASKED = "not_asked"
    """It stands before the first one, and waits for something that cannot have happened yet."""


@dataclass(frozen=True, slots=True)
class RungExplained:
    """`hours`: the state of its calendar in words; empty where it has none. `on`: what has to happen before it."""

    rung: str
    part: Part
    hours: str
    on: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Numbers are as routes see them; empty where withheld."""

    at: str
    to: str
    caller: str
    country: str
    forwarded_from: str
    trunk: str
    source: str
    route: str
    reason: str
    rungs: tuple[RungExplained, ...]
    human: str
    humans: dict[str, str]
    escape: str

    def for_programs(self) -> dict[str, Any]:
        """As JSON."""
        plain = asdict(self)
        return {"from" if key == "caller" else key: value for key, value in plain.items()}

    def lines(self) -> Iterator[str]:
        """As text."""
        yield f"call       {self._call()}"
        yield f"route      {self.route} ({self.source}): {self.reason}"
        for number, rung in enumerate(self.rungs, start=1):
            yield f"rung {number:<2}    {rung.rung}: {_said(rung)}"
        if not any(rung.part is Part.FIRST for rung in self.rungs):
            yield "           no rung takes the call now: it is refused as busy"
        yield f"transfers  {self.human or 'nobody'}"
        for name, human in self.humans.items():
            yield f"           {name}: {human}"
        if self.escape:
            yield f"key        {self.escape} leads from the bot to a human"

    def _call(self) -> str:
        parts = [f"from {self.caller or 'a withheld number'}"]
        if self.country:
            parts.append(f"({self.country})")
        parts.append(f"to {self.to or 'any number'}")
        if self.forwarded_from:
            parts.append(f"forwarded from {self.forwarded_from}")
        if self.trunk:
            parts.append(f"by {self.trunk}")
        return f"{' '.join(parts)}, {self.at}"


def explain(router: Router, arrival: Arrival, at: datetime) -> Explanation:
    """`at`: aware."""
    facts = router.routes.facts(arrival)
    decision = router.decide(arrival, at)
    route = decision.route
    return Explanation(
        at=at.astimezone(router.routes.zone).isoformat(timespec="minutes"),
        **_of_call(facts),
        source=router.routes.source,
        route=route.name,
        reason=decision.reason,
        rungs=tuple(_rungs(router, decision, at)),
        human=str(route.human) if route.human else "",
        humans={name: str(human) for name, human in route.humans.items()},
        escape=route.escape,
    )


def _of_call(facts: Facts) -> dict[str, str]:
    return {
        "to": facts.to,
        "caller": facts.caller,
        "country": facts.country,
        "forwarded_from": facts.forwarded_from,
        "trunk": facts.trunk,
    }


def _rungs(router: Router, decision: Decision, at: datetime) -> Iterator[RungExplained]:
    first = _first(decision)
    for index, rung in enumerate(decision.route.ladder):
        hours = decision.closed.get(index, "")
        if rung.hours and not hours:
            hours = router.routes.state(rung.hours, at, router.closures).reason
        yield RungExplained(str(rung), _part(index, first, decision), hours, tuple(sorted(rung.on)))


def _first(decision: Decision) -> int:
    """The ladder's length where none is taken."""
    skipped_closed = False
    for index, rung in enumerate(decision.route.ladder):
        if index in decision.closed:
            skipped_closed = True
        elif _may_begin(rung, skipped_closed=skipped_closed):
            return index
    return len(decision.route.ladder)


def _may_begin(rung: AnyRung, *, skipped_closed: bool) -> bool:
    return not rung.on or (skipped_closed and Trigger.CLOSED in rung.on)


def _part(index: int, first: int, decision: Decision) -> Part:
    if index in decision.closed:
        return Part.CLOSED
    if index == first:
        return Part.FIRST
    return Part.NEXT if index > first else Part.NOT_ASKED


def _said(rung: RungExplained) -> str:
    only = f" only on {', '.join(rung.on)}" if rung.on else ""
    hours = f"; {rung.hours}" if rung.hours else ""
    match rung.part:
        case Part.FIRST:
            return f"gets the call{hours}"
        case Part.NEXT:
            return f"next{only or ', if the one before cannot take it'}{hours}"
        case Part.CLOSED:
            return f"passed over: {rung.hours}"
        case Part.NOT_ASKED:
            return f"passed over:{only}{hours}"
