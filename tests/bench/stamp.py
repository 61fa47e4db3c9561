"""What a caller's packet carries in a measurement, so that whoever meets it can say how long it took."""

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
