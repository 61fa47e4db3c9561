"""The ways to the telephone network, as the controller sees them: registered or why not, and numbers as agreed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from controller.doctor.finding import Area, Fault, Finding, fault, good, hint, skipped, warning
from controller.trunks.status import TrunkState


@dataclass(frozen=True, slots=True)
class TrunkSeen:
    """`odd_number`: what is odd about the last number that came in another form than trunks.toml says."""

    name: str
    state: TrunkState
    reason: str = ""
    mend: str = ""
    odd_number: str = ""


@dataclass(frozen=True, slots=True)
class TrunksSeen:
    """`problem`: why the file cannot be used; `unseen`: why nobody could be asked about it."""

    source: str = ""
    problem: str = ""
    unseen: str = ""
    trunks: Sequence[TrunkSeen] = ()


def trunks(seen: TrunksSeen) -> Iterator[Finding]:
    if seen.problem:
        mend = "Correct the file; until then the earlier trunks stay"
        yield fault(Area.TRUNK, Fault.TRUNKS_UNUSABLE, seen.problem, mend, "TRUNKS_FILE")
    for trunk in seen.trunks:
        yield from _trunk(trunk)
    if seen.unseen:
        yield skipped(Area.TRUNK, f"the controller does not tell how its trunks are: {seen.unseen}")
    elif not seen.trunks and not seen.problem:
        yield skipped(Area.TRUNK, "no trunks.toml: the trunk of TRUNK_HOST does not register, and is not asked")


def _trunk(trunk: TrunkSeen) -> Iterator[Finding]:
    where = f"trunks.{trunk.name}"
    match trunk.state:
        case TrunkState.REFUSED:
            problem = f"{trunk.name} is refused: {trunk.reason or 'they do not say why'}"
            yield fault(Area.TRUNK, Fault.REGISTRATION_REFUSED, problem, trunk.mend or "Ask the carrier", where)
        case TrunkState.UNREACHABLE:
            problem = f"{trunk.name} cannot be reached: {trunk.reason or 'no answer'}"
            mend = trunk.mend or "Correct its host, and let the firewall pass SIP to it"
            yield fault(Area.TRUNK, Fault.TRUNK_UNREACHABLE, problem, mend, where)
        case TrunkState.REGISTERING:
            problem = f"{trunk.name} registers, and nobody has answered yet"
            mend = "Look again in a minute; a host that never answers is wrong, or behind a firewall"
            yield warning(Area.TRUNK, Fault.TRUNK_UNREACHABLE, problem, mend, where)
        case TrunkState.UNCHECKED:
            yield good(Area.TRUNK, f"{trunk.name}: known by its addresses; the next call will show", where)
        case TrunkState.UNKNOWN:
            yield skipped(Area.TRUNK, f"{trunk.name}: Asterisk cannot be asked", where)
        case TrunkState.REGISTERED | TrunkState.REACHABLE:
            yield good(Area.TRUNK, f"{trunk.name}: {trunk.state}", where)
    if trunk.odd_number:
        mend = f"Correct numbers and arrive_as of [{where}], or have the carrier send E.164"
        yield hint(Area.NUMBERS, Fault.NUMBER_FORMAT, trunk.odd_number, mend, where)
