"""How unevenly a stream's packets arrive (RFC 3550, section 6.4.1)."""

from dataclasses import dataclass
from typing import Final

CLOCK_HZ: Final = 8_000
"""RTP timestamp units a second, for G.711 (RFC 3551)."""

JUMP_SECONDS_MAX: Final = 1.0
"""A packet further off its time than this is not late: the stream's clock was set anew (hold, transfer)."""

_MODULUS: Final = 1 << 32
_SMOOTHING: Final = 16


@dataclass(slots=True)
class Jitter:
    """The running mean of the difference between how far apart packets came and how far apart they were sent.

    Arrivals are known only as precisely as the socket is drained.
    """

    seconds: float = 0.0
    seconds_max: float = 0.0
    _transit: float | None = None

    def arrive(self, timestamp: int, now: float) -> None:
        """Note one packet."""
        transit = now - timestamp / CLOCK_HZ
        if self._transit is not None:
            difference = abs(transit - self._transit)
            # Timestamps wrap every six days.
            difference = min(difference, abs(difference - _MODULUS / CLOCK_HZ))
            if difference < JUMP_SECONDS_MAX:
                self.seconds += (difference - self.seconds) / _SMOOTHING
                self.seconds_max = max(self.seconds_max, self.seconds)
        self._transit = transit
