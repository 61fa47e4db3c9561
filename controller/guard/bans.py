"""Who is shut out, and who is never: decisions only. The clock is passed.

Over UDP anybody can write any sender's address. So nobody whom we know is shut out: not a trunk's address, nor one from
which somebody has shown a password lately. What is left to forge is the address of somebody who has never been here,
and that is shut out for minutes.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Final

from controller.guard.attempts import Attempt, Outcome

WINDOW: Final = timedelta(seconds=60)
"""So many attempts within this are too many; a phone with a wrong password tries a few times a minute."""
BAN_MAX: Final = timedelta(days=1)
"""SIP_BAN_SECONDS may be no more."""
KNOWN: Final = timedelta(hours=24)
"""How long an address is known after somebody there has shown a password; a phone does so every hour or more often."""
KNOWN_AGAIN: Final = timedelta(hours=1)
"""It is noted no more often."""
ADDRESSES_MAX: Final = 10_000
"""Watched, or known; 1 kB each. Who was heard of longest ago makes room."""
BANS_MAX: Final = 500
"""At a time: the list goes to Asterisk in one request of at most 40 kB. The oldest makes room."""

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Ban:
    """An address that gets no further."""

    address: str
    until: datetime
    attempts: int
    """That led to it."""


@dataclass
class Ledger:
    """What outlives a restart."""

    bans: dict[str, Ban] = field(default_factory=dict)
    known: dict[str, datetime] = field(default_factory=dict)
    """When somebody there has last shown a password."""


class Watch:
    """Counts attempts, and says when there are too many. A session, of however many requests, is one attempt."""

    def __init__(self, attempts_max: int) -> None:
        self._attempts_max = attempts_max
        self._seen: OrderedDict[str, dict[str, datetime]] = OrderedDict()

    def tried(self, attempt: Attempt, now: datetime) -> int:
        """How many there were within the window, where that is too many; else 0."""
        sessions = self._seen.setdefault(attempt.address, {})
        self._seen.move_to_end(attempt.address)
        sessions[attempt.session] = now
        for session in [session for session, at in sessions.items() if not now - WINDOW < at <= now]:
            del sessions[session]
        if len(self._seen) > ADDRESSES_MAX:
            self._seen.popitem(last=False)
        return len(sessions) if len(sessions) > self._attempts_max else 0

    def forget(self, address: str) -> None:
        self._seen.pop(address, None)


class Gate:
    """The ledger, and the rules for it."""

    def __init__(self, attempts_max: int, ban_seconds: float, ledger: Ledger | None = None) -> None:
        self.ledger = ledger or Ledger()
        self.attempts_max = attempts_max
        self._watch = Watch(attempts_max)
        self._length = timedelta(seconds=ban_seconds)

    def receive(self, attempt: Attempt, now: datetime) -> Ban | None:
        """Whom to shut out for it, unless it is somebody whom we know. What changed of the ledger stands in it."""
        if attempt.outcome is Outcome.LET_IN:
            self._watch.forget(attempt.address)
            note(self.ledger, attempt.address, now)
            return None
        if attempt.address in self.ledger.bans:
            return None
        count = self._watch.tried(attempt, now)
        if not count:
            return None
        self._watch.forget(attempt.address)
        return Ban(attempt.address, now + self._length, count)

    def over(self, now: datetime) -> list[str]:
        """Addresses that are let in again."""
        return over(self.ledger, now, self._length)

    def knows(self, address: str, now: datetime) -> bool:
        """Whether somebody there has shown a password lately."""
        at = self.ledger.known.get(address)
        return at is not None and at > now - KNOWN


def shut_out(ledger: Ledger, ban: Ban) -> None:
    ledger.bans.pop(ban.address, None)
    ledger.bans[ban.address] = ban
    while len(ledger.bans) > BANS_MAX:
        del ledger.bans[next(iter(ledger.bans))]


def over(ledger: Ledger, now: datetime, length: timedelta = BAN_MAX) -> list[str]:
    """Addresses whose time has come, or is further away than any ban's: the clock was set back."""
    return [address for address, ban in ledger.bans.items() if not now < ban.until <= now + length]


def note(ledger: Ledger, address: str, now: datetime) -> None:
    """Somebody there has shown a password."""
    before = ledger.known.get(address)
    if before is not None and before > now - KNOWN_AGAIN:
        return
    ledger.known.pop(address, None)
    ledger.known[address] = now
    if len(ledger.known) > ADDRESSES_MAX:
        del ledger.known[next(iter(ledger.known))]


def belongs(address: str, networks: list[Network]) -> bool:
    """Whether it is one of a trunk's."""
    return any(ip_address(address) in network for network in networks)
