"""How a trunk is: what Asterisk says of its registration, and what that means to whoever is to mend it."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from controller.trunks.rendering import address, client_address
from controller.trunks.trunk import Trunk, Way

LOG_LINE_BYTES_MAX: Final = 2_000
"""Of what is looked at; Asterisk's own lines are shorter."""


class TrunkState(StrEnum):
    REGISTERED = "registered"
    REGISTERING = "registering"
    """Nobody has answered yet."""
    REFUSED = "refused"
    """They answered, and said no."""
    UNREACHABLE = "unreachable"
    """No answer, or nobody has registered with us."""
    REACHABLE = "reachable"
    """Nobody registers; they answer when asked."""
    UNCHECKED = "unchecked"
    """Nobody registers, and nobody is asked: the next call will show."""
    UNKNOWN = "unknown"
    """Asterisk cannot be asked."""


@dataclass(frozen=True, slots=True)
class Status:
    state: TrunkState
    since: datetime
    reason: str = ""
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What Asterisk's log says of an attempt to register. `status` is SIP's, 0: no answer."""

    server: str
    client: str
    status: int


@dataclass(frozen=True, slots=True)
class Seen:
    """What Asterisk says of one trunk at one moment. `registration` is Asterisk's own word; empty: none is known."""

    registration: str = ""
    refusal: Refusal | None = None
    endpoint: str = ""
    """`online`, `offline` or empty."""


_REFUSED: Final = re.compile(
    r"(?:response '(?P<a>\d{3})'|'(?P<b>\d{3})' (?:fatal )?response) received from '(?P<server>[^']*)' "
    r"on registration attempt to '(?P<client>[^']*)'"
)
_SILENT: Final = re.compile(
    r"No response received from '(?P<server>[^']*)' on registration attempt to '(?P<client>[^']*)'"
)

_REASONS: Final = {
    401: ("the password or the user name is wrong", "Correct username and password of [trunks.{name}]"),
    403: (
        "they refuse this account: a wrong password, a blocked account, or our address is not allowed",
        "Correct username and password of [trunks.{name}], or have the account unblocked there",
    ),
    404: ("they do not know this account", "Correct username (and from_domain) of [trunks.{name}]"),
    405: ("they take no registrations there", 'Correct host of [trunks.{name}], or write way = "peer"'),
    423: ("the registration is too short for them", "Tell us: theirs is longer than an hour"),
    488: ("they do not take what we offer", "Correct codecs and srtp of [trunks.{name}]"),
    502: (
        "{host} is not known, or refuses the connection",
        "Correct host, port, transport and outbound_proxy of [trunks.{name}]; with tls, SIP_TLS_CA in .env",
    ),
    503: (
        "{host} cannot be reached, or has no room now",
        "Correct host, port, transport and outbound_proxy of [trunks.{name}]; with tls, SIP_TLS_CA in .env",
    ),
}
_REASONS_ALIKE: Final = {407: 401, 603: 403, 410: 404, 604: 404, 501: 405, 500: 503, 504: 503}
_SILENCE: Final = (
    "no answer from {host} by {transport}",
    "Correct host and port of [trunks.{name}], and let the firewall pass {transport} to it",
)
_SILENCE_OF_TLS: Final = (
    "no answer from {host} by TLS, or a certificate that is not believed or not for this name",
    "Correct host and port of [trunks.{name}]; give the authority of their certificate as SIP_TLS_CA in .env",
)


def refusal_in(line: str) -> Refusal | None:
    """From a line of Asterisk's log."""
    line = line[:LOG_LINE_BYTES_MAX]
    found = _REFUSED.search(line)
    if found:
        return Refusal(found["server"], found["client"], int(found["a"] or found["b"]))
    found = _SILENT.search(line)
    return Refusal(found["server"], found["client"], 0) if found else None


def concerns(refusal: Refusal, trunk: Trunk) -> bool:
    """Whether it is about the registration of this trunk."""
    return (refusal.server, refusal.client) == (address(trunk), client_address(trunk))


def status_of(trunk: Trunk, seen: Seen, earlier: Status | None, now: datetime) -> Status:
    """`since` is kept as long as the state is the same."""
    state, reason, mend = _judged(trunk, seen)
    since = earlier.since if earlier and earlier.state is state else now
    return Status(state, since, reason, mend)


def unknown(earlier: Status | None, now: datetime, reason: str, mend: str) -> Status:
    since = earlier.since if earlier and earlier.state is TrunkState.UNKNOWN else now
    return Status(TrunkState.UNKNOWN, since, reason, mend)


def _judged(trunk: Trunk, seen: Seen) -> tuple[TrunkState, str, str]:
    if trunk.way is Way.REGISTER:
        return _registration(trunk, seen)
    online = seen.endpoint == "online"
    if trunk.way is Way.ACCOUNT:
        if online:
            return TrunkState.REGISTERED, "", ""
        mend = f"Let them register as user {trunk.name} with the password of [trunks.{trunk.name}]"
        return TrunkState.UNREACHABLE, "nobody has registered with us", mend
    if not trunk.check_seconds:
        return TrunkState.UNCHECKED, "", ""
    if online:
        return TrunkState.REACHABLE, "", ""
    reason, mend = _words(trunk, _SILENCE)
    return TrunkState.UNREACHABLE, reason, mend


def _registration(trunk: Trunk, seen: Seen) -> tuple[TrunkState, str, str]:
    if seen.registration == "Registered":
        return TrunkState.REGISTERED, "", ""
    if seen.refusal is None:
        if seen.registration == "Rejected":
            return TrunkState.REFUSED, *_words(trunk, _REASONS[403])
        return TrunkState.REGISTERING, "", ""
    status = seen.refusal.status
    if not status:
        return TrunkState.UNREACHABLE, *_words(trunk, _SILENCE_OF_TLS if trunk.secure else _SILENCE)
    known = _REASONS.get(_REASONS_ALIKE.get(status, status))
    reason, mend = _words(trunk, known or ("they said no", "Ask them why, with the time and our number"))
    state = TrunkState.UNREACHABLE if _REASONS_ALIKE.get(status, status) in (502, 503) else TrunkState.REFUSED
    return state, f"{reason} (SIP {status})", mend


def _words(trunk: Trunk, words: tuple[str, str]) -> tuple[str, str]:
    names = {"name": trunk.name, "host": trunk.outbound_proxy or trunk.host, "transport": trunk.transport.value.upper()}
    return words[0].format_map(names), words[1].format_map(names)
