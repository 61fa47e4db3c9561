"""The tables of trunks.toml as pydantic checks them. docs/trunks/README.md says what they mean."""

import re
from ipaddress import ip_network
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from controller.routing.problems import wrong
from controller.routing.tables import Country, Secret, Table
from controller.trunks.trunk import CalledIn, NumberForm, Srtp, Transport, Way

HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
_WORD: Final = re.compile(r"[A-Za-z0-9_.!~*'()&=+$/%-]+")
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}")

Codec = Literal["alaw", "ulaw", "g722", "opus", "gsm"]
"""Those of which modules.conf loads what they need."""


def _listed(value: object) -> object:
    return value if isinstance(value, list) else [value]


def _host(value: str) -> str:
    if not HOST.fullmatch(value):
        mend = 'Write the name alone, such as "sip.example.com"; the port is a key of its own'
        raise wrong(f"{value!r} is no host name and no address", mend)
    return value


def _proxy(value: str) -> str:
    host, _, port = value.partition(":")
    if not HOST.fullmatch(host) or (port and not port.isdecimal()):
        raise wrong(f"{value!r} is no host", 'Write "proxy.example.com" or "proxy.example.com:5060"')
    return value


def _user(value: str) -> str:
    """As the user part of a SIP address allows it, without what would end it."""
    if not _WORD.fullmatch(value):
        raise wrong("has characters that cannot stand in a SIP address", "Write it as the other side shows it")
    return value


def _address(value: str) -> str:
    if HOST.fullmatch(value) and not re.fullmatch(r"[0-9./]+", value):
        return value
    try:
        network = ip_network(value, strict=False)
    except ValueError:
        raise wrong(f"{value!r} is no address", 'Write "203.0.113.7", "203.0.113.0/29" or a host name') from None
    if network.prefixlen < ADDRESS_PREFIX_MIN:
        mend = f"Name the networks of the other side, /{ADDRESS_PREFIX_MIN} or smaller"
        raise wrong(f"{value!r} is half the world: whoever calls from there is let in", mend)
    return value


ADDRESS_PREFIX_MIN: Final = 8


def trunk_name(value: str) -> bool:
    """Whether it can be the name of one."""
    return _NAME.fullmatch(value) is not None


Host = Annotated[str, AfterValidator(_host)]
User = Annotated[str, AfterValidator(_user)]
TransportName = Annotated[Transport, Field(strict=False)]
Form = Annotated[NumberForm, Field(strict=False)]


class TrunkTable(Table):
    """What stands in the file. What does not, the profile says."""

    profile: str = "generic"
    way: Annotated[Way, Field(strict=False)] | None = None
    host: Host | None = None
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    transport: TransportName | None = None
    srtp: Annotated[Srtp, Field(strict=False)] | None = None
    outbound_proxy: Annotated[str, AfterValidator(_proxy)] | None = None
    username: User | None = None
    auth_username: User | None = None
    password: Secret | None = None
    from_user: User | None = None
    from_domain: Host | None = None
    addresses: Annotated[list[Annotated[str, AfterValidator(_address)]], BeforeValidator(_listed)] | None = None
    codecs: Annotated[list[Codec], Field(min_length=1)] | None = None
    country: Country | None = None
    numbers: Annotated[list[str], BeforeValidator(_listed), Field(default_factory=list)]
    arrive_as: Form | None = None
    send_as: Form | None = None
    called_in: Annotated[CalledIn, Field(strict=False)] | None = None
    caller_id: str | None = None
    shows_callers: bool | None = None
    calls_max: Annotated[int, Field(ge=0, le=10_000)] = 0
    check_seconds: Annotated[int, Field(ge=0, le=3600)] | None = None
    symmetric: bool | None = None


class DefaultsTable(Table):
    trunk: str = ""
    country: Country | None = None
