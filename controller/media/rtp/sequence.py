"""The order in which a stream's packets came: duplicates, late ones, losses, restarts (RFC 3550, appendix A.1)."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

MODULUS: Final = 1 << 16

DROPOUT_MAX: Final = 3_000
"""A jump ahead of fewer packets is a loss, of more a new stream (RFC 3550's figure: 1 minute at 50 packets/s)."""

MISORDER_MAX: Final = 100
"""A packet older than this by fewer is late, by more the start of a new stream (RFC 3550's figure)."""


_SEEN_MASK: Final = (1 << MISORDER_MAX) - 1


class Arrival(Enum):
    """What a packet is to its stream."""

    IN_ORDER = "in_order"
    DUPLICATE = "duplicate"
    LATE = "late"


IN_ORDER: Final = Arrival.IN_ORDER


@dataclass(slots=True)
class Sequence:
    """Follows one stream and counts. A LATE packet counts as lost until it comes."""

    received: int = 0
    lost: int = 0
    duplicates: int = 0
    late: int = 0
    restarts: int = 0
    _ssrc: int = -1
    _highest: int = -1
    _seen: int = 0
    """Bit n: the packet n before `_highest` has come. Tells a late packet from a duplicate."""

    def arrive(self, sequence: int, ssrc: int) -> Arrival:
        """Note one packet and say what it is."""
        if ssrc != self._ssrc:
            return self._start(sequence, ssrc)
        ahead = (sequence - self._highest) % MODULUS
        if ahead == 1:
            # Nearly every packet.
            self._seen = (self._seen << 1 | 1) & _SEEN_MASK
            self._highest = sequence
            self.received += 1
            return IN_ORDER
        if 0 < ahead < DROPOUT_MAX:
            return self._advance(sequence, ahead)
        behind = MODULUS - ahead if ahead else 0
        if behind >= MISORDER_MAX:
            return self._start(sequence, ssrc)
        if self._seen >> behind & 1:
            self.duplicates += 1
            return Arrival.DUPLICATE
        self._seen |= 1 << behind
        self.received += 1
        self.lost -= 1
        self.late += 1
        return Arrival.LATE

    def _advance(self, sequence: int, ahead: int) -> Arrival:
        self._seen = (self._seen << ahead | 1) & _SEEN_MASK
        self._highest = sequence
        self.received += 1
        self.lost += ahead - 1
        return IN_ORDER

    def _start(self, sequence: int, ssrc: int) -> Arrival:
        if self._ssrc != -1:
            self.restarts += 1
        self._ssrc = ssrc
        self._highest = sequence
        # Everything before the first packet counts as seen: a straggler of an earlier stream is not this one's.
        self._seen = _SEEN_MASK
        self.received += 1
        return IN_ORDER
