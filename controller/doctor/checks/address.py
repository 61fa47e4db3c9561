"""Whether carriers are told the address by which we are seen."""

from collections.abc import Iterator

from controller.doctor.finding import Area, Fault, Finding, fault, good, skipped, warning
from controller.trunks.public_address import AddressState, PublicAddress


def public_address(seen: PublicAddress) -> Iterator[Finding]:
    match seen.state:
        case AddressState.UNASKED:
            yield skipped(Area.ADDRESS, "nobody is asked how we are seen: STUN_SERVER is empty")
        case AddressState.RIGHT:
            told = "and that is what carriers are told" if seen.told else "without a router between"
            yield good(Area.ADDRESS, f"we are seen as {seen.seen}, {told}")
        case AddressState.DIFFERS:
            yield fault(Area.ADDRESS, Fault.PUBLIC_ADDRESS_DIFFERS, seen.problem, seen.mend, "EXTERNAL_ADDRESS")
        case AddressState.UNKNOWN:
            yield warning(Area.ADDRESS, Fault.PUBLIC_ADDRESS_UNKNOWN, seen.problem, seen.mend, "STUN_SERVER")
