"""How unevenly a stream's packets arrive (RFC 3550, section 6.4.1).

The running mean of the difference between how far apart packets came and how far apart they were sent. Arrivals are
known only as precisely as the socket is drained.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from controller.media.rtp.stream import Row

CLOCK_HZ: Final = 8_000
"""RTP timestamp units a second, for G.711 (RFC 3551)."""

JUMP_SECONDS_MAX: Final = 1.0
"""A packet further off its time than this is not late: the stream's clock was set anew (hold, transfer)."""

WRAP_SECONDS: Final = (1 << 32) / CLOCK_HZ
"""Timestamps begin anew every six days."""

SMOOTHING: Final = 16

Floats = npt.NDArray[np.float64]


def arrive(row: Row, timestamp: int, now: float) -> None:
    """Note one packet."""
    transit = now - timestamp / CLOCK_HZ
    difference = abs(transit - row["transit"])
    difference = min(difference, abs(difference - WRAP_SECONDS))
    # Not so for the first packet, of which the difference is no number.
    if difference < JUMP_SECONDS_MAX:
        row["jitter"] += (difference - row["jitter"]) / SMOOTHING
        row["jitter_max"] = max(row["jitter_max"], row["jitter"])
    row["transit"] = transit


def arrive_together(flow: dict[str, Floats], timestamps: npt.NDArray[np.uint32], now: float) -> None:
    """`arrive` for one packet of each of many streams."""
    transit = now - timestamps / CLOCK_HZ
    difference = np.abs(transit - flow["transit"])
    np.minimum(difference, np.abs(difference - WRAP_SECONDS), out=difference)
    jitter = flow["jitter"]
    jitter += np.where(difference < JUMP_SECONDS_MAX, (difference - jitter) / SMOOTHING, 0.0)
    np.maximum(flow["jitter_max"], jitter, out=flow["jitter_max"])
    flow["transit"][:] = transit
