"""What we add to a call that we place: headers and caller id, as the variables with which its channel is made."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from controller.ari.arrival import check_header_names

HEADER_BYTES_MAX: Final = 1000
"""Longest value: an INVITE over UDP that is much longer than a packet gets lost on the way to some carriers."""

USER_TO_USER_BYTES_MAX: Final = 128
"""What ISDN carries, where the header comes from: a gateway to the telephone network passes on no more."""

_SIP_URI: Final = re.compile(r"sips?:[A-Za-z0-9.!~*'()&=+$/_%#-]+@[A-Za-z0-9.-]+(:\d{1,5})?(;[A-Za-z0-9=._-]+)*")
_CONTROL: Final = dict.fromkeys((*range(32), 127), " ")


def user_to_user(content: bytes) -> str:
    """The value of a User-to-User header (RFC 7433): hex, which is the default encoding. Raises ValueError."""
    if len(content) > USER_TO_USER_BYTES_MAX:
        raise ValueError(f"{len(content)} bytes are too many for User-to-User: {USER_TO_USER_BYTES_MAX} or fewer")
    return f"{content.hex()};encoding=hex"


def from_user_to_user(header: str) -> bytes | None:
    """What a User-to-User header carries; None where it is not hex."""
    data, _, parameters = header.partition(";")
    encoding = [value.strip() for name, _, value in _parameters(parameters) if name.strip().lower() == "encoding"]
    if encoding and encoding[0].lower() != "hex":
        return None
    try:
        return bytes.fromhex(data.strip())
    except ValueError:
        return None


def outgoing(headers: Mapping[str, str], *, caller_number: str = "", caller_name: str = "") -> dict[str, str]:
    """Variables for `AriClient.create_channel`: these headers, and this caller id instead of ours.

    Raises ValueError for a header that cannot be sent.
    """
    check_header_names(list(headers))
    variables = {f"PJSIP_HEADER(add,{name})": _one_line(name, value) for name, value in headers.items() if value}
    if caller_number:
        variables["CONNECTEDLINE(num)"] = _one_line("the caller's number", caller_number)
        variables["CONNECTEDLINE(name)"] = _one_line("the caller's name", caller_name)
        variables["CONNECTEDLINE(pres)"] = "allowed"
    return variables


def refer_target(uri: str, headers: Mapping[str, str] | None = None) -> str:
    """REFER_TARGET for the dialplan's context `refer`: whom to call, and the headers which that call is to have.

    They are part of the address (RFC 3261, section 19.1.1), because Asterisk adds none to REFER itself. `uri` is
    sip:NUMBER@HOST. Raises ValueError.
    """
    if not _SIP_URI.fullmatch(uri):
        raise ValueError(f"{uri!r} is no address to refer to, such as sip:+493023125100@sip.example.com")
    check_header_names(list(headers or {}))
    added = "&".join(f"{name}={quote(_one_line(name, value), safe='')}" for name, value in (headers or {}).items())
    return f"PJSIP/<{uri}?{added}>" if added else f"PJSIP/{uri}"


def _one_line(name: str, value: str) -> str:
    """Nothing of what a bot or a caller says may begin another header."""
    if len(value.encode()) > HEADER_BYTES_MAX:
        raise ValueError(f"{name} has {len(value.encode())} bytes: {HEADER_BYTES_MAX} or fewer can be sent")
    return value.translate(_CONTROL).strip()


def _parameters(text: str) -> list[tuple[str, str, str]]:
    return [part.partition("=") for part in text.split(";")]
