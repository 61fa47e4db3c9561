"""From when until when a certificate is good (X.509 in DER, RFC 5280, section 4.1.2.5). Pure.

The standard library tells it only of certificates that it trusts, and those are not the ones that worry people.
"""

from datetime import UTC, datetime
from typing import Final

SEQUENCE: Final = 0x30
VERSION: Final = 0xA0
"""Optional, and in all that are in use."""
UTC_TIME: Final = 0x17
GENERALIZED_TIME: Final = 0x18
FIELDS_BEFORE_VALIDITY: Final = 3
"""Serial number, algorithm, issuer."""
PIVOT_YEAR: Final = 50
"""Two digits from here on are of the last century."""


def not_after(der: bytes) -> datetime:
    """Raises ValueError for what is no certificate."""
    try:
        certificate, _ = _value(der, 0, SEQUENCE)
        body, _ = _value(certificate, 0, SEQUENCE)
        position = _skip(body, 0) if body[0] == VERSION else 0
        for _field in range(FIELDS_BEFORE_VALIDITY):
            position = _skip(body, position)
        validity, _ = _value(body, position, SEQUENCE)
        return _time(validity, _skip(validity, 0))
    except (IndexError, UnicodeDecodeError) as error:
        raise ValueError("this is no certificate") from error


def _header(data: bytes, position: int) -> tuple[int, int, int]:
    """(tag, where its content begins, where it ends)."""
    tag, length, start = data[position], data[position + 1], position + 2
    if length & 0x80:
        size = length & 0x7F
        length, start = int.from_bytes(data[start : start + size], "big"), start + size
    if start + length > len(data):
        raise ValueError("this certificate is cut off")
    return tag, start, start + length


def _value(data: bytes, position: int, tag: int) -> tuple[bytes, int]:
    found, start, end = _header(data, position)
    if found != tag:
        raise ValueError(f"this is no certificate (tag {found:#x} where {tag:#x} is due)")
    return data[start:end], end


def _skip(data: bytes, position: int) -> int:
    return _header(data, position)[2]


def _time(data: bytes, position: int) -> datetime:
    tag, start, end = _header(data, position)
    digits = data[start:end].decode("ascii").removesuffix("Z")
    if tag == UTC_TIME:
        digits = ("19" if int(digits[:2]) >= PIVOT_YEAR else "20") + digits
    elif tag != GENERALIZED_TIME:
        raise ValueError(f"this is no certificate (tag {tag:#x} where a time is due)")
    return datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
