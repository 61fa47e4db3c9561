"""A call as it stands, for another process to go on with: everything that `CallState` has, as JSON.

Times become seconds since the call began, since every process has a clock of its own.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from controller.call.call import Call
from controller.call.encoding import Unreadable, decode, encode
from controller.call.legs import Line
from controller.routing.route import BotRung, Decision

TIMES: Final = ("deadline", "reconnect_until")
FROZEN: Final = frozenset({"arrival", "route"})
NOT_KEPT: Final = frozenset({"started", "now"})
MADE_WITH: Final = ("id", "arrival", "route", "reason", "closed")


class Snapshots:
    """Of one call, one after the other."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._encoded: dict[str, tuple[Any, Any]] = {}
        """What never changes in itself, and is large: the value, and it encoded."""

    def take(self) -> dict[str, Any]:
        """As it is now."""
        call = self._call
        kept = {name: value for name, value in vars(call).items() if name not in NOT_KEPT}
        for name in TIMES:
            kept[name] = _moved(kept[name], -call.started)
        if call.line:
            kept["line"] = _line(call.line, -call.started)
        return {name: self._once(name, value) if name in FROZEN else encode(value) for name, value in kept.items()}

    def _once(self, name: str, value: Any) -> Any:
        if name not in self._encoded or self._encoded[name][0] is not value:
            self._encoded[name] = value, encode(value)
        return self._encoded[name][1]


def restore(written: dict[str, Any], started: float, complete: Callable[[BotRung], BotRung]) -> Call:
    """`started`: when the call began, by the clock of whoever goes on with it. Raises Unreadable."""
    kept = {name: decode(value, complete) for name, value in written.items()}
    missing = [name for name in (*MADE_WITH, "state") if name not in kept]
    if missing:
        raise Unreadable(f"there is no {missing[0]}")
    call = Call(kept["id"], kept["arrival"], Decision(kept["route"], kept["reason"], kept["closed"]), started)
    for name in TIMES:
        kept[name] = _moved(kept.get(name), started)
    if kept.get("line"):
        kept["line"] = _line(kept["line"], started)
    for name, value in kept.items():
        if name in vars(call) or name in ("way", "reached"):
            setattr(call, name, value)
    return call


def _moved(time: float | None, by: float) -> float | None:
    return None if time is None else time + by


def _line(line: Line, by: float) -> Line:
    return replace(line, until=line.until + by, announce_at=_moved(line.announce_at, by))
