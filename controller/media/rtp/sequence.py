"""The order in which a stream's packets came: duplicates, late ones, losses, restarts (RFC 3550, appendix A.1)."""

from enum import Enum
from typing import Final

from controller.media.rtp.stream import NO_SSRC, Row, expect, expected

MODULUS: Final = 1 << 16

DROPOUT_MAX: Final = 3_000
"""A jump ahead of fewer packets is a loss, of more a new stream (RFC 3550's figure: 1 minute at 50 packets/s)."""

MISORDER_MAX: Final = 64
"""A packet older than this by fewer is late, by more the start of a new stream: 1.3 s, and as many as a row has bits
for (RFC 3550 has 100, and leaves it to us)."""

_SEEN_MASK: Final = (1 << MISORDER_MAX) - 1


_PACKETS_A_SECOND: Final = 50


def first_number(unix_seconds: float) -> int:
    """Where a stream of ours begins: by the clock, so that it goes on where an earlier one of the same call stopped.

    Debian's Asterisk takes a number that is lower for a late packet where it has to translate, and drops all until the
    old number is reached (docs/asterisk.md). The earlier stream may have been another worker's.
    """
    return int(unix_seconds * _PACKETS_A_SECOND) % MODULUS


class Arrival(Enum):
    """What a packet is to its stream."""

    START = "start"
    IN_ORDER = "in_order"
    """Newer than all before it, with or without a gap."""
    DUPLICATE = "duplicate"
    LATE = "late"


def arrive(row: Row, sequence: int, ssrc: int) -> Arrival:
    """Note one packet and say what it is. A LATE one was counted as lost until it came."""
    if ssrc != row["ssrc"]:
        return _start(row, sequence, ssrc)
    ahead = (sequence - expected(row) + 1) % MODULUS
    if 0 < ahead < DROPOUT_MAX:
        row["seen"] = (int(row["seen"]) << ahead | 1) & _SEEN_MASK
        row["lost"] += ahead - 1
        row["received"] += 1
        expect(row, sequence + 1)
        return Arrival.IN_ORDER
    behind = MODULUS - ahead if ahead else 0
    if behind >= MISORDER_MAX:
        return _start(row, sequence, ssrc)
    seen = int(row["seen"])
    if seen >> behind & 1:
        row["duplicates"] += 1
        return Arrival.DUPLICATE
    row["seen"] = seen | 1 << behind
    row["received"] += 1
    row["lost"] -= 1
    row["late"] += 1
    return Arrival.LATE


def _start(row: Row, sequence: int, ssrc: int) -> Arrival:
    if row["ssrc"] != NO_SSRC:
        row["restarts"] += 1
    row["ssrc"] = ssrc
    # Everything before the first packet counts as seen: a straggler of an earlier stream is not this one's.
    row["seen"] = _SEEN_MASK
    row["received"] += 1
    expect(row, sequence + 1)
    return Arrival.START
