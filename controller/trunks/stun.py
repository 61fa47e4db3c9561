"""STUN's one question (RFC 8489): by which address do you see me? Pure.

Servers of the earlier RFC 3489 are understood too: they answer in MAPPED-ADDRESS alone.
"""

import struct
from collections.abc import Iterator
from ipaddress import IPv4Address
from typing import Final

from controller.errors import ProtocolError

TRANSACTION_BYTES: Final = 12
"""By chance: an answer has the same, and nobody who has not seen the question can make one."""

_HEADER: Final = struct.Struct("!HHI12s")
_COOKIE: Final = 0x2112A442
_ASKED, _ANSWERED, _REFUSED = 0x0001, 0x0101, 0x0111
_MAPPED, _XOR_MAPPED = 0x0001, 0x0020
_IPV4: Final = 0x01


def question(transaction: bytes) -> bytes:
    return _HEADER.pack(_ASKED, 0, _COOKIE, transaction)


def answered(datagram: bytes, transaction: bytes) -> str | None:
    """Our IPv4 address; None: this is no answer to this question. Raises ProtocolError for one that says no."""
    if len(datagram) < _HEADER.size:
        return None
    kind, length, cookie, same = _HEADER.unpack_from(datagram)
    if cookie != _COOKIE or same != transaction or length != len(datagram) - _HEADER.size:
        return None
    if kind == _REFUSED:
        raise ProtocolError("the STUN server refuses to say")
    if kind != _ANSWERED:
        return None
    found = dict(_attributes(datagram[_HEADER.size :]))
    for name, mask in ((_XOR_MAPPED, _COOKIE), (_MAPPED, 0)):
        value = found.get(name, b"")
        if len(value) == 8 and value[1] == _IPV4:
            return str(IPv4Address(int.from_bytes(value[4:]) ^ mask))
    raise ProtocolError("the STUN server's answer has no IPv4 address")


def _attributes(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Up to one that is cut off."""
    while len(content) >= 4:
        name, length = struct.unpack_from("!HH", content)
        yield name, content[4 : 4 + length]
        content = content[4 + (length + 3) // 4 * 4 :]
