"""One HEP3 packet, in which Asterisk's res_hep_pjsip puts a copy of a SIP message. Pure."""

import ipaddress
import struct
from dataclasses import dataclass
from typing import Final

from controller.doctor.sip_message import SipMessage, parse
from controller.errors import ProtocolError

MAGIC: Final = b"HEP3"
HEAD: Final = struct.Struct("!4sH")
CHUNK: Final = struct.Struct("!HHH")
"""Vendor, type, length with this header."""

SOURCE_4, TARGET_4, SOURCE_6, TARGET_6, SOURCE_PORT, TARGET_PORT = 3, 4, 5, 6, 7, 8
SECONDS, MICROSECONDS, PROTOCOL, PAYLOAD = 9, 10, 11, 15
"""Types of chunks that we read."""
SIP: Final = 1


@dataclass(frozen=True, slots=True)
class Copied:
    """A SIP message on its way. `at` is Unix time."""

    at: float
    source: str
    target: str
    message: SipMessage


def read(data: bytes) -> Copied:
    """Raises ProtocolError for what is no SIP in HEP3."""
    chunks = _chunks(data)
    if _number(chunks.get(PROTOCOL, b"")) != SIP:
        raise ProtocolError("this HEP packet has no SIP in it")
    return Copied(
        at=_number(chunks.get(SECONDS, b"")) + _number(chunks.get(MICROSECONDS, b"")) / 1e6,
        source=_address(chunks, SOURCE_4, SOURCE_6, SOURCE_PORT),
        target=_address(chunks, TARGET_4, TARGET_6, TARGET_PORT),
        message=parse(chunks.get(PAYLOAD, b"")),
    )


def _chunks(data: bytes) -> dict[int, bytes]:
    if len(data) < HEAD.size or not data.startswith(MAGIC):
        raise ProtocolError("this is no HEP3")
    found, position = {}, HEAD.size
    while position + CHUNK.size <= len(data):
        _vendor, kind, length = CHUNK.unpack_from(data, position)
        if length < CHUNK.size or position + length > len(data):
            raise ProtocolError("this HEP packet is cut off")
        found[kind] = data[position + CHUNK.size : position + length]
        position += length
    return found


def _number(data: bytes) -> int:
    return int.from_bytes(data, "big")


def _address(chunks: dict[int, bytes], four: int, six: int, port: int) -> str:
    raw = chunks.get(four) or chunks.get(six) or b""
    try:
        host = ipaddress.ip_address(raw)
    except ValueError as error:
        raise ProtocolError("this HEP packet has an address that is none") from error
    return f"{host}:{_number(chunks.get(port, b''))}"
