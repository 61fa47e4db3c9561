"""One RTP packet, read and written (RFC 3550, section 5.1)."""

import struct
from dataclasses import dataclass
from typing import Final

from controller.errors import ProtocolError

VERSION: Final = 2
HEADER_BYTES: Final = 12
HEADER: Final = struct.Struct("!BBHII")
"""First byte, marker and payload type, sequence number, timestamp, SSRC."""

PAYLOAD_TYPE_PCMU: Final = 0
PAYLOAD_TYPE_PCMA: Final = 8
PAYLOAD_TYPE_COMFORT_NOISE: Final = 13
"""RFC 3551, table 4, and RFC 3389."""

PAYLOAD_TYPE_DYNAMIC: Final = 96
"""From here on a payload type means what both sides have agreed on (RFC 3551, section 3)."""

PAYLOAD_TYPE_MASK: Final = 0x7F
"""The rest of the header's second byte is the marker."""

_EXTENSION: Final = struct.Struct("!HH")
_WORD_BYTES: Final = 4


@dataclass(frozen=True, slots=True)
class Extension:
    """RFC 3550, section 5.3.1. `data` is a whole number of 32-bit words."""

    profile: int
    data: bytes


@dataclass(frozen=True, slots=True)
class RtpPacket:
    """`timestamp` counts samples; `payload` is without padding."""

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    marker: bool = False
    csrcs: tuple[int, ...] = ()
    extension: Extension | None = None


def parse(data: bytes | memoryview) -> RtpPacket:
    """Read one datagram. Raises ProtocolError, with one sentence per defect."""
    if len(data) < HEADER_BYTES:
        raise ProtocolError(f"{len(data)} bytes are shorter than the RTP header of {HEADER_BYTES}")
    first, second, sequence, timestamp, ssrc = HEADER.unpack_from(data)
    if first >> 6 != VERSION:
        raise ProtocolError(f"RTP version is {first >> 6}, not {VERSION}")
    csrcs, start = _csrcs(data, first & 0x0F)
    extension, start = _extension(data, start) if first & 0x10 else (None, start)
    end = len(data) - (_padding_bytes(data, start) if first & 0x20 else 0)
    return RtpPacket(
        payload_type=second & PAYLOAD_TYPE_MASK,
        sequence=sequence,
        timestamp=timestamp,
        ssrc=ssrc,
        payload=bytes(data[start:end]),
        marker=bool(second & 0x80),
        csrcs=csrcs,
        extension=extension,
    )


def build(packet: RtpPacket) -> bytes:
    """Write one datagram, without padding."""
    first = VERSION << 6 | (0x10 if packet.extension else 0) | len(packet.csrcs)
    second = packet.payload_type | (0x80 if packet.marker else 0)
    header = HEADER.pack(first, second, packet.sequence, packet.timestamp, packet.ssrc)
    csrcs = struct.pack(f"!{len(packet.csrcs)}I", *packet.csrcs)
    return header + csrcs + _extension_bytes(packet.extension) + packet.payload


def _csrcs(data: bytes | memoryview, count: int) -> tuple[tuple[int, ...], int]:
    end = HEADER_BYTES + count * _WORD_BYTES
    if len(data) < end:
        raise ProtocolError(f"{len(data)} bytes end within the list of {count} contributing sources")
    return struct.unpack_from(f"!{count}I", data, HEADER_BYTES), end


def _extension(data: bytes | memoryview, start: int) -> tuple[Extension, int]:
    if len(data) < start + _EXTENSION.size:
        raise ProtocolError(f"{len(data)} bytes end within the header of the extension")
    profile, words = _EXTENSION.unpack_from(data, start)
    start += _EXTENSION.size
    end = start + words * _WORD_BYTES
    if len(data) < end:
        raise ProtocolError(f"{len(data)} bytes end within the extension of {words} words")
    return Extension(profile, bytes(data[start:end])), end


def _extension_bytes(extension: Extension | None) -> bytes:
    if extension is None:
        return b""
    return _EXTENSION.pack(extension.profile, len(extension.data) // _WORD_BYTES) + extension.data


def _padding_bytes(data: bytes | memoryview, start: int) -> int:
    # The last byte of the padding counts the padding, itself included.
    padding = data[-1] if len(data) > start else 0
    if not 1 <= padding <= len(data) - start:
        raise ProtocolError(f"padding of {padding} bytes does not fit a payload of {len(data) - start}")
    return padding
