"""What a caller's packet carries in a measurement, so that whoever meets it can say how long it took."""

import struct
from time import monotonic_ns
from typing import Final

import numpy as np

from controller.media.playout import FRAME_BYTES

MAGIC: Final = 0x5A17
"""Tells a stamped frame from silence."""

STAMP: Final = np.dtype(
    [
        ("sent", "<u8"),
        ("echoed", "<u8"),
        ("call", "<u4"),
        ("number", "<u4"),
        ("magic", "<u2"),
        ("rest", "u1", (FRAME_BYTES - 26,)),
    ]
)
"""One frame of 160 bytes. `sent` by the caller, `echoed` by the bot: CLOCK_MONOTONIC in ns, one for all processes."""

SENT_OFFSET: Final = 0
ECHOED_OFFSET: Final = 8
MAGIC_OFFSET: Final = 24

_TIME: Final = struct.Struct("<Q")
_MAGIC: Final = struct.Struct("<H")

SENT: list[int] = []
DELAYS: list[int] = []
"""Of every frame that was stamped here, in ns."""


def stamp(audio: bytearray | memoryview) -> None:
    """The frames have been echoed now."""
    now = monotonic_ns()
    for start in range(0, len(audio) - FRAME_BYTES + 1, FRAME_BYTES):
        if _MAGIC.unpack_from(audio, start + MAGIC_OFFSET)[0] == MAGIC:
            sent = _TIME.unpack_from(audio, start + SENT_OFFSET)[0]
            SENT.append(sent)
            DELAYS.append(now - sent)
            _TIME.pack_into(audio, start + ECHOED_OFFSET, now)
