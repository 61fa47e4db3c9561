"""The ways to the telephone network: what there is, whether it works, and what mends it."""

from dataclasses import asdict
from datetime import datetime

from controller.api.operations import Asked, Model, Nothing, Operation
from controller.api.parts import Parts
from controller.api.tokens import Role
from controller.trunks.public_address import AddressState
from controller.trunks.status import TrunkState
from controller.trunks.trunk import Srtp, Transport, Way


class OddNumber(Model):
    """The last call whose number did not come as trunks.toml says."""

    number: str
    """As it came."""
    at: datetime
    text: str


class TrunkInfo(Model):
    """One trunk, and how it is."""

    name: str
    profile: str
    way: Way
    """How the two sides know each other."""
    host: str
    """Of the other side; empty where they register with us."""
    transport: Transport
    srtp: Srtp
    numbers: list[str]
    default: bool
    """By which calls go out where nothing else is said."""
    calls_max: int
    """At a time; 0: no limit."""
    state: TrunkState
    since: datetime
    reason: str
    """Why it does not work; empty where it does."""
    mend: str
    """What to do about it."""
    odd_number: OddNumber | None


class PublicAddressInfo(Model):
    """Where carriers are told that we are, and where we are seen."""

    state: AddressState
    told: str
    """Empty: Asterisk's own address."""
    seen: str
    """As STUN_SERVER says; empty: it was not asked, or gave no answer."""
    problem: str
    mend: str


class TrunkList(Model):
    """All trunks of trunks.toml."""

    source: str
    """The file; empty: there is none, and TRUNK_HOST is the only trunk."""
    problem: str
    """Why the file as it is now was not taken; empty: it was."""
    address: PublicAddressInfo
    trunks: list[TrunkInfo]


async def list_trunks(parts: Parts, _asked: Asked[Nothing, Nothing]) -> TrunkList:
    watch = parts.trunks
    found = []
    for trunk in watch.trunks.by_name.values():
        status, odd = watch.status(trunk.name), watch.odd(trunk.name)
        found.append(
            TrunkInfo(
                name=trunk.name,
                profile=trunk.profile,
                way=trunk.way,
                host=trunk.host,
                transport=trunk.transport,
                srtp=trunk.srtp,
                numbers=list(trunk.numbers),
                default=trunk.name == watch.trunks.default,
                calls_max=trunk.calls_max,
                state=status.state,
                since=status.since,
                reason=status.reason,
                mend=status.mend,
                odd_number=OddNumber(number=odd.number, at=odd.at, text=odd.text) if odd else None,
            )
        )
    address = PublicAddressInfo(**asdict(watch.address.now))
    return TrunkList(source=watch.trunks.source, problem=watch.problem, address=address, trunks=found)


OPERATIONS = (Operation("GET", "/v1/trunks", Role.READ, list_trunks, "The trunks, and how they are", TrunkList),)
