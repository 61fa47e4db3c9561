"""What is known of one caller's RTP stream: one row of an array, and nowhere else.

Streams that run undisturbed are dealt with by columns, all of a batch at once (`media.inbound`); whatever is out of
the order is decided row by row (`sequence`, `jitter`, `reorder`). Both work on the same numbers.
"""

import math
from typing import Any, Final

import numpy as np

from controller.media.rtp import packet as rtp

FRAME_BYTES: Final = 160
"""20 ms of G.711: what nearly every packet has."""

NO_SSRC: Final = -1
"""Before the first packet; none has it."""

FLOW: Final = ("received", "bytes_in", "active_at", "heard_at", "filled", "transit", "jitter", "jitter_max")
"""What every packet changes, as one array of floats (which are exact for counts) and by name.

`active_at`: when the last packet came; `heard_at`: the last one with audio, never before the call is answered.
`filled`: up to which frame since then silence was filled in, 0 where it was not. `transit` (of the last packet, see
`jitter`): NaN before the first.
"""

_FIELDS: Final[dict[str, tuple[Any, int]]] = {
    "flow": (("f8", (len(FLOW),)), 0),
    **{name: ("f8", 8 * place) for place, name in enumerate(FLOW)},
    "due_at": ("f8", 64),
    "ssrc": ("i8", 72),
    "seen": ("u8", 80),
    "next": ("u4", 88),
    "lost": ("i4", 92),
    "duplicates": ("i4", 96),
    "late": ("i4", 100),
    "restarts": ("i4", 104),
    "took": ("?", 108),
    "last": (("u1", (FRAME_BYTES,)), 112),
}
STREAM: Final = np.dtype(
    {
        "names": list(_FIELDS),
        "formats": [form for form, _ in _FIELDS.values()],
        "offsets": [offset for _, offset in _FIELDS.values()],
        "itemsize": 112 + FRAME_BYTES,
    }
)
"""`due_at`: when the wait for a missing packet is over, infinite while nothing is held (`reorder`). `seen`: bit n, the
packet n before the newest has come. `next`: the first 32 bits of the header that comes next (version, payload type,
sequence number); version 0, which no packet has, while packets must not go by as columns. `took`: the bot was sent
some of it as columns since the last look. `last`: the newest frame, for what is lost behind it."""

_SEQUENCE: Final = 0xFFFF

Row = np.void
"""A view of one row: what is written to it stands in the array."""


def new() -> Row:
    """A stream that has not begun."""
    row: Row = np.zeros(1, STREAM)[0]
    row["ssrc"] = NO_SSRC
    row["due_at"] = row["heard_at"] = math.inf
    row["transit"] = math.nan
    return row


def expected(row: Row) -> int:
    """The sequence number that comes next, if all is in order."""
    return int(row["next"]) & _SEQUENCE


def expect(row: Row, sequence: int) -> None:
    row["next"] = int(row["next"]) & ~_SEQUENCE | sequence & _SEQUENCE


def let_pass(row: Row, payload_type: int, *, passes: bool) -> None:
    """Whether the packet that comes next may go by as columns."""
    row["next"] = (rtp.VERSION << 30 | payload_type << 16 if passes else 0) | expected(row)
