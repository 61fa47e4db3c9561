"""The address by which the world sees us, and the one that Asterisk tells it: whether they are the same. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

AUTO: Final = "auto"
"""EXTERNAL_ADDRESS: it is asked for, and asked again."""


class AddressState(StrEnum):
    UNASKED = "unasked"
    """No STUN server is named."""
    RIGHT = "right"
    """What is told is what is seen."""
    DIFFERS = "differs"
    """Something else is told, or nothing."""
    UNKNOWN = "unknown"
    """Nobody says how we are seen."""


@dataclass(frozen=True, slots=True)
class PublicAddress:
    """`told`: to whoever is outside of our networks; empty: Asterisk's own. `seen`: as the STUN server says."""

    state: AddressState
    told: str = ""
    seen: str = ""
    problem: str = ""
    mend: str = ""


def unasked(told: str) -> PublicAddress:
    return PublicAddress(AddressState.UNASKED, told)


def unknown(told: str, reason: str) -> PublicAddress:
    goes_on = f"; {told} is told until then" if told else ""
    mend = "Correct STUN_SERVER and let UDP out to it, or write the address into EXTERNAL_ADDRESS"
    return PublicAddress(AddressState.UNKNOWN, told, "", f"the public address cannot be found: {reason}{goes_on}", mend)


def not_told(seen: str, reason: str, mend: str) -> PublicAddress:
    return PublicAddress(
        AddressState.DIFFERS, "", seen, f"we are seen as {seen}, and carriers are not told: {reason}", mend
    )


def compared(told: str, addresses: frozenset[str], seen: str, own: str) -> PublicAddress:
    """`addresses`: what `told` means, where it is a name. `own`: ours on the way to who saw us.

    Where we are seen by our own, no router hides us, and nothing has to be told.
    """
    if seen in addresses or (not told and seen == own):
        return PublicAddress(AddressState.RIGHT, told, seen)
    if told:
        problem = f"carriers are told {told}, and we are seen as {seen}"
    else:
        problem = f"we are seen as {seen}, and carriers are told an address that only our own network knows"
    mend = f"Write EXTERNAL_ADDRESS={seen}, or EXTERNAL_ADDRESS={AUTO} where it changes, and restart Asterisk"
    return PublicAddress(AddressState.DIFFERS, told, seen, problem, mend)
