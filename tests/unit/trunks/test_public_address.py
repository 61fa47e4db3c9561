"""What is told and what is seen: whether they are the same."""

import pytest

from controller.doctor.checks.address import public_address
from controller.doctor.finding import Fault
from controller.trunks.public_address import AddressState, PublicAddress, compared, not_told, unasked, unknown

SEEN = "203.0.113.7"
OFFICE = "192.168.1.5"


@pytest.mark.parametrize(
    ("told", "addresses", "own", "state"),
    [
        (SEEN, {SEEN}, OFFICE, AddressState.RIGHT),
        ("sip.example.com", {"sip.example.com", SEEN}, OFFICE, AddressState.RIGHT),
        ("", set(), SEEN, AddressState.RIGHT),
        ("203.0.113.8", {"203.0.113.8"}, OFFICE, AddressState.DIFFERS),
        ("", set(), OFFICE, AddressState.DIFFERS),
    ],
    ids=["told", "told by name", "no router", "another one", "behind a router, and nothing told"],
)
def test_told_and_seen(told: str, addresses: set[str], own: str, state: AddressState) -> None:
    found = compared(told, frozenset(addresses), SEEN, own)
    assert (found.state, found.told, found.seen) == (state, told, SEEN)
    assert bool(found.problem) == bool(found.mend) == (state is AddressState.DIFFERS)


@pytest.mark.parametrize(
    ("found", "fault"),
    [
        (unasked(SEEN), Fault.NONE),
        (PublicAddress(AddressState.RIGHT, SEEN, SEEN), Fault.NONE),
        (PublicAddress(AddressState.RIGHT, "", SEEN), Fault.NONE),
        (compared("", frozenset(), SEEN, OFFICE), Fault.PUBLIC_ADDRESS_DIFFERS),
        (not_told(SEEN, "Asterisk is away", "Start Asterisk"), Fault.PUBLIC_ADDRESS_DIFFERS),
        (unknown(SEEN, "no answer"), Fault.PUBLIC_ADDRESS_UNKNOWN),
    ],
)
def test_the_doctor_says_so(found: PublicAddress, fault: Fault) -> None:
    (finding,) = public_address(found)
    assert finding.fault is fault
    assert bool(finding.mend) == bool(fault)
