"""Where a bot may transfer a caller to: the configured humans, and what the operator has allowed beside them.

Everything that is not allowed is refused. What a bot asks for is text of a language model, so it becomes a part of a
dial string only where it has been read as a number, or where it is made of harmless characters alone.
"""

import re
from collections import deque
from collections.abc import Iterable
from typing import Final

import phonenumbers
from phonenumbers import PhoneNumberType

from controller.errors import RefusedDestination
from controller.routing.numbers import EXTENSION_DIGITS_MAX, compact, is_e164, normalise
from controller.routing.route import Destination, Fence, HumanRung, QueueRung, ReferRung, Route

HUMAN: Final = "human"
"""The route's own human, as empty text is."""
BRIDGES: Final = frozenset({"", "bridge", "attended"})
"""Ways in which the human is dialled."""
REFER: Final = "refer"
QUEUE: Final = "queue"
WAYS: Final = BRIDGES | {REFER, QUEUE}

ASKED_CHARACTERS_MAX: Final = 200
"""Longer than every number, name and URI that somebody has configured."""

_NUMBER: Final = re.compile(r"\+?[0-9][0-9 ()./-]*")
_PREMIUM: Final = frozenset({PhoneNumberType.PREMIUM_RATE})
_COSTLY: Final = frozenset({PhoneNumberType.SHARED_COST})
_WILD: Final = "[A-Za-z0-9_.+-]*"
"""What * stands for: nothing that ends a name, adds a second destination, or is an option to Asterisk."""


def resolve(route: Route, to: str, way: str = "") -> Destination:
    """Where a transfer goes that a bot asked for. Raises RefusedDestination.

    A configured human is reached as configured, whatever `way` says.
    """
    to = to.strip()
    if way not in WAYS:
        raise RefusedDestination(
            f"there is no way of transfer {way[:ASKED_CHARACTERS_MAX]!r}: it is one of {_listed(WAYS - {''})}"
        )
    if len(to) > ASKED_CHARACTERS_MAX or not to.isprintable():
        raise RefusedDestination("that is no destination")
    if way == QUEUE and to not in ("", HUMAN, *route.humans):
        return _queue(route.fence, to)
    if to in ("", HUMAN):
        if route.human is None:
            raise RefusedDestination(f"route {route.name} has no human")
        return route.human
    if to in route.humans:
        return route.humans[to]
    if _NUMBER.fullmatch(to):
        return _number(route.fence, to, way)
    if "/" in to or ":" in to:
        return _endpoint(route.fence, to, way)
    raise RefusedDestination(f"there is no human {to!r}: known are {_listed(route.humans)}")


def callee(route: Route, to: str) -> tuple[str, str]:
    """The number (E.164) and the dial string of somebody whom we call. Raises RefusedDestination."""
    number = _allowed_number(route.fence, to.strip())
    return number, route.fence.dial.replace("{number}", number)


def _queue(fence: Fence, to: str) -> QueueRung:
    if to not in fence.queues:
        raise RefusedDestination(f"the queue {to!r} is not allowed")
    return QueueRung(to)


def _number(fence: Fence, to: str, way: str) -> Destination:
    number = _allowed_number(fence, to)
    if way != REFER:
        return HumanRung(fence.dial.replace("{number}", number), name=number)
    if not fence.refer:
        raise RefusedDestination("the fence names no SIP URI for numbers, so they cannot be referred to")
    return ReferRung(fence.refer.replace("{number}", number), name=number)


def _allowed_number(fence: Fence, text: str) -> str:
    number = normalise(text, fence.country)
    if not is_e164(number):
        raise RefusedDestination(f"{text!r} is no telephone number")
    if not number.startswith(fence.prefixes):
        raise RefusedDestination(f"{number} has no prefix that is allowed")
    _refuse_costly(fence, number)
    return number


def _endpoint(fence: Fence, to: str, way: str) -> Destination:
    in_full = to in fence.endpoints
    if not in_full and not any(_fits(pattern, to) for pattern in fence.endpoints):
        raise RefusedDestination(f"{to!r} is not allowed")
    is_uri = to.startswith(("sip:", "sips:"))
    user = to.partition(":" if is_uri else "/")[2].partition("@")[0]
    if not in_full and _NUMBER.fullmatch(user) and len(compact(user)) > EXTENSION_DIGITS_MAX:
        # A star does not open the public network: that is what prefixes are for.
        _allowed_number(fence, user)
    if way == REFER:
        if not is_uri:
            raise RefusedDestination(f"{to!r} is no SIP URI, so the caller cannot be referred to it")
        return ReferRung(to, name=to)
    return HumanRung(fence.dial_uri.replace("{uri}", to) if is_uri else to, name=to)


def _fits(pattern: str, to: str) -> bool:
    """`*` is the only character with a meaning."""
    if "*" not in pattern:
        return False
    return re.fullmatch(_WILD.join(map(re.escape, pattern.split("*"))), to) is not None


def _refuse_costly(fence: Fence, number: str) -> None:
    """Premium numbers always, numbers with shared cost unless they are named in full; and what is no real number."""
    kind = phonenumbers.number_type(phonenumbers.parse(number))
    if kind in _PREMIUM:
        raise RefusedDestination(f"{number} is a premium number")
    if number in fence.prefixes:
        return
    if kind in _COSTLY:
        raise RefusedDestination(f"{number} costs more than a call, and is not named in full")
    if kind == PhoneNumberType.UNKNOWN:
        raise RefusedDestination(f"{number} is no number that exists")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def check_count(route: Route, transfers: int, *, too_many: bool = False) -> None:
    """Raises RefusedDestination where one call asks too often, or all together do: that is a bot in a loop."""
    if transfers > route.fence.per_call_max:
        raise RefusedDestination(f"this call has tried {route.fence.per_call_max} transfers already")
    if too_many:
        raise RefusedDestination(f"there were {route.fence.per_minute_max} transfers in the last minute already")


class RateLimit:
    """So many in a window of time that moves along. The clock is the caller's own."""

    def __init__(self, count_max: int, seconds: float) -> None:
        self.count_max = count_max
        self._seconds = seconds
        self._taken: deque[float] = deque()

    def take(self, now: float) -> bool:
        """Whether one more may be; then it counts. What is refused does not."""
        while self._taken and self._taken[0] <= now - self._seconds:
            self._taken.popleft()
        if len(self._taken) >= self.count_max:
            return False
        self._taken.append(now)
        return True
