"""What a trunk is: one way to the telephone network, or to a telephone system."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

DEFAULT_CODECS: Final = ("alaw", "ulaw", "g722", "opus")
RESERVED: Final = frozenset(
    {"trunk", "phone", "human", "provider", "websocket", "udp", "tcp", "tls", "global", "system"}
)
"""Names that pjsip.conf has for something else; those that begin with `browser-` are the page's."""


class Way(StrEnum):
    """How the two sides know each other."""

    REGISTER = "register"
    """We register with them, by user name and password."""
    PEER = "peer"
    """By addresses: nobody registers."""
    ACCOUNT = "account"
    """They register with us, as a telephone does."""


class Transport(StrEnum):
    UDP = "udp"
    TCP = "tcp"
    TLS = "tls"


class Srtp(StrEnum):
    """Whether audio is encrypted; the keys travel in SIP (SDES)."""

    OFF = "off"
    REQUIRED = "required"
    OPTIONAL = "optional"


class NumberForm(StrEnum):
    """How a number is written."""

    PLUS = "plus"
    """+493023125000"""
    DIGITS = "digits"
    """493023125000"""
    INTERNATIONAL = "international"
    """00493023125000"""
    NATIONAL = "national"
    """03023125000"""
    OTHER = "other"
    """Nothing of these: an extension, a name."""


class CalledIn(StrEnum):
    """Where the number stands that was dialled."""

    REQUEST = "request"
    """In the first line of INVITE."""
    TO = "to"
    """In To; the first line has the account."""


@dataclass(frozen=True, slots=True)
class Trunk:
    """As trunks.toml and its profile have it."""

    name: str
    """Also Asterisk's endpoint, by which routes match."""
    way: Way
    host: str = ""
    """Theirs; empty for an account."""
    profile: str = "generic"
    port: int = 0
    """0: as DNS says, or the transport's own."""
    transport: Transport = Transport.UDP
    srtp: Srtp = Srtp.OFF
    outbound_proxy: str = ""
    username: str = ""
    auth_username: str = ""
    """Where it is another than `username`."""
    password: str = field(default="", repr=False)
    from_user: str = ""
    from_domain: str = ""
    addresses: tuple[str, ...] = ()
    """From where they call."""
    codecs: tuple[str, ...] = DEFAULT_CODECS
    country: str = ""
    numbers: tuple[str, ...] = ()
    """Ours, in E.164; with * at its end, all that begin so."""
    arrive_as: NumberForm | None = None
    """The form in which they tell what was dialled; None: any."""
    send_as: NumberForm = NumberForm.PLUS
    called_in: CalledIn = CalledIn.REQUEST
    caller_id: str = ""
    """What callees see where the call is our own; empty: PHONE_NUMBER."""
    shows_callers: bool = True
    """Whether they let us show the number of a caller whom we pass on."""
    calls_max: int = 0
    """At a time, both directions; 0: no limit."""
    check_seconds: int = 0
    """Between OPTIONS that ask whether they are there; 0: not asked."""
    symmetric: bool = False
    """Audio goes to where it comes from, whatever they say: for peers behind NAT."""

    @property
    def secure(self) -> bool:
        return self.transport is Transport.TLS


@dataclass(frozen=True, slots=True)
class Trunks:
    """All of a file. Never changed: a new file makes new ones."""

    source: str = ""
    """The file; empty: there is none."""
    by_name: Mapping[str, Trunk] = field(default_factory=dict)
    default: str = ""
    """By which calls go out where nothing else is said; empty: there are none."""

    @property
    def countries(self) -> dict[str, str]:
        return {trunk.name: trunk.country for trunk in self.by_name.values() if trunk.country}
