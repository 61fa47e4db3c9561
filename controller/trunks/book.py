"""The trunks as calls need them."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from controller.routing.route import Arrival
from controller.trunks.numbers import arrived
from controller.trunks.outgoing import Dialled, outgoing
from controller.trunks.trunk import Trunks

BY_TRUNK: Final = "trunk"
"""The origin of calls that came by one (extensions.conf)."""


@dataclass(frozen=True, slots=True)
class ArrivedOddly:
    """A call whose number was not as the trunk's table says."""

    number: str
    at: datetime
    text: str


class TrunkBook:
    """What is known of trunks just now, and of the odd numbers that came by them."""

    def __init__(self, own_number: str = "") -> None:
        self.trunks = Trunks()
        self.odd: dict[str, ArrivedOddly] = {}
        """The last one of each trunk."""
        self._own_number = own_number

    def take(self, trunks: Trunks) -> None:
        """New ones. What was odd with a trunk as it was before is forgotten."""
        unchanged = [name for name in self.odd if trunks.by_name.get(name) == self.trunks.by_name.get(name)]
        self.odd = {name: self.odd[name] for name in unchanged}
        self.trunks = trunks

    def understood(self, arrival: Arrival, at: datetime) -> Arrival:
        """With the number that was dialled as ours are written, and what was odd about it."""
        trunk = self.trunks.by_name.get(arrival.trunk)
        if trunk is None or arrival.origin != BY_TRUNK:
            return arrival
        found = arrived(arrival.to_number, trunk)
        if not found.oddity:
            return replace(arrival, to_number=found.number)
        self.odd[trunk.name] = ArrivedOddly(arrival.to_number, at, found.oddity)
        return replace(arrival, to_number=found.number, oddity=found.oddity)

    def outgoing(self, endpoint: str, caller: str, wanted: str) -> Dialled:
        """`wanted`: the route's trunk; empty: the default one."""
        return outgoing(self.trunks, endpoint, caller, own=self._own_number, wanted=wanted)
