"""What Asterisk says of those who want to be let in: its security events, as the manager interface sends them."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

SERVICE: Final = "PJSIP"
TRIED: Final = frozenset({"ChallengeSent", "InvalidAccountID", "InvalidPassword", "ChallengeResponseFailed"})
"""All that a request can lead to that is not let in. A mere challenge is one of them, or the number of requests until
a ban would tell an account that exists from one that does not."""
LET_IN: Final = "SuccessfulAuth"
BROWSERS: Final = frozenset({"WS", "WSS"})
"""Their SIP comes by way of the controller, whose address it has; who may call there is the API's to say."""


class Outcome(StrEnum):
    """How it went."""

    TRIED = "tried"
    """Not let in, or not yet: every phone is challenged first."""
    LET_IN = "let_in"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request of somebody who has to show a password; `session` is its Call-ID."""

    address: str
    session: str
    outcome: Outcome


def read(event: Mapping[str, str]) -> Attempt | None:
    """None: it is of no concern here."""
    name = event.get("Event", "")
    if event.get("Service") != SERVICE or (name not in TRIED and name != LET_IN):
        return None
    family, _, rest = event.get("RemoteAddress", "").partition("/")
    transport, _, rest = rest.partition("/")
    address, _, _port = rest.rpartition("/")
    if not family.startswith("IPV") or transport in BROWSERS:
        return None
    try:
        address = str(ipaddress.ip_address(address.strip("[]")))
    except ValueError:
        return None
    return Attempt(address, event.get("SessionID", ""), Outcome.LET_IN if name == LET_IN else Outcome.TRIED)
