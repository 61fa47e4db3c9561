"""Calls that go out: by which trunk, with the number as it wants it, and as whom."""

import re
from dataclasses import dataclass
from typing import Final

from controller.routing.numbers import normalise
from controller.trunks.numbers import send
from controller.trunks.trunk import Trunk, Trunks

ANY_TRUNK: Final = "trunk"
"""What dial strings say where they mean no particular one: PJSIP/+493023125100@trunk."""

_DIALLED: Final = re.compile(r"PJSIP/(?P<number>\+?[0-9*#]+)@(?P<trunk>[A-Za-z0-9_-]+)")


@dataclass(frozen=True, slots=True)
class Dialled:
    """What Asterisk is told."""

    endpoint: str
    caller_number: str
    """Empty: as it is, or withheld."""
    trunk: Trunk | None = None

    @property
    def limited(self) -> Trunk | None:
        """The trunk, where it may have so many calls only."""
        return self.trunk if self.trunk and self.trunk.calls_max else None

    @property
    def marks(self) -> dict[str, str]:
        """Variables by which the dialplan counts this call among those of its trunk, when others come."""
        return {"GROUP(trunk)": self.trunk.name} if self.trunk and self.trunk.calls_max else {}


def outgoing(trunks: Trunks, endpoint: str, caller: str, *, own: str = "", wanted: str = "") -> Dialled:
    """By `@trunk` the `wanted` one is meant, the route's, else the default one. `own`: the number that is ours."""
    found = _DIALLED.fullmatch(endpoint)
    if not found:
        return Dialled(endpoint, caller)
    name = found["trunk"]
    trunk = trunks.by_name.get((wanted or trunks.default) if name == ANY_TRUNK else name)
    if trunk is None:
        return Dialled(endpoint, caller)
    number = send(normalise(found["number"], trunk.country), trunk)
    shown = _shown(trunk, caller, own)
    return Dialled(f"PJSIP/{number}@{trunk.name}", send(normalise(shown, trunk.country), trunk) if shown else "", trunk)


def _shown(trunk: Trunk, caller: str, own: str) -> str:
    """Of a caller whose number may not be shown, ours is."""
    ours = trunk.caller_id or own
    if caller == own or (caller and not trunk.shows_callers):
        return ours
    return caller
