"""The callers' streams as columns: a packet that is next is checked and counted with all of its batch.

Nearly every packet is the next of its stream and 20 ms long: nothing has to be decided about it.
"""

from collections.abc import Sequence as Many
from itertools import repeat
from typing import Final, Generic, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from controller.media.audio import activity
from controller.media.rows import CALLS_MAX
from controller.media.rtp import jitter, stream
from controller.media.rtp import packet as rtp
from controller.media.rtp.stream import FLOW, FRAME_BYTES, STREAM, Row

PACKET_BYTES: Final = rtp.HEADER_BYTES + FRAME_BYTES

NOT_MARKER: Final = np.uint32(0xFF7FFFFF)
"""Of a header's first 32 bits: the marker says nothing to us."""

FILL_AFTER_FRAMES: Final = 10
"""A caller of whom nothing was heard for 200 ms has fallen silent (RFC 3389, or simply no packets): from then on
silence goes to the bot by the clock, for a recogniser waits for it. Longer than a network's or a machine's hiccup."""

FRESH_SECONDS: Final = 0.15
"""A caller whose newest frame is older says nothing just now: longer than a hiccup, shorter than a pause."""

FRAME_SECONDS: Final = 0.020
"""One packet."""

ROUNDING: Final = 1e-6
"""Frames: the clock is a fraction, and 200 ms of it are to be ten."""

_SEQUENCE: Final = np.uint32(0xFFFF)
_ONE: Final = np.uint32(1)
_BIT: Final = np.uint64(1)

Indices = npt.NDArray[np.intp]


class Held(Protocol):
    """Who holds a row."""

    row: Row


class Stream(Protocol):
    """What a session is to this module."""

    slot: int
    """Kept up to date here; -1 while it is not known here."""

    @property
    def encoding(self) -> str:
        """Of its packets."""

    @property
    def uplink(self) -> Held: ...

    @property
    def carried(self) -> tuple[int, int]:
        """Which carrier takes its frames as they are, and its number there; 0 where none does."""


StreamT = TypeVar("StreamT", bound=Stream)


class Inbound(Generic[StreamT]):
    """A stream's row stands in the table while its packets come in here, and goes with it when it leaves."""

    def __init__(self, capacity: int = CALLS_MAX) -> None:
        # One more for the packets of strangers: a stream that has not begun, so that nothing fits it.
        self._nobody = capacity
        self._table = np.zeros(capacity + 1, STREAM)
        self._table[:] = stream.new()
        self.streams: list[StreamT | None] = [None] * (capacity + 1)
        self.carriers = np.zeros(capacity + 1, np.int64)
        self.numbers = np.zeros(capacity + 1, np.uint32)
        """`Stream.carried`."""
        self.activity = activity.new(capacity + 1)
        self._free = list(range(capacity - 1, -1, -1))
        self._used = 0
        """No slot from here on was ever used."""
        self._slots: dict[int, int] = {}
        self._keys = [0] * capacity
        self._first = np.zeros(capacity + 1, np.intp)

    def add(self, known: StreamT, key: int) -> None:
        """Know a stream by where its packets come from."""
        slot = known.slot = self._free.pop()
        self._used = max(self._used, slot + 1)
        self.streams[slot] = known
        self._slots[key] = slot
        self._keys[slot] = key
        self._table[slot] = known.uplink.row
        known.uplink.row = self._table[slot]
        self.activity[slot] = activity.beginning(known.encoding)
        self.carry(known)

    def carry(self, known: StreamT) -> None:
        """To be called when `carried` has changed."""
        if known.slot >= 0:
            self.carriers[known.slot], self.numbers[known.slot] = known.carried

    def remove(self, known: StreamT) -> None:
        """Forget a stream; nothing happens when it is not known."""
        slot = known.slot
        if slot < 0:
            return
        known.uplink.row = known.uplink.row.copy()
        self._table[slot] = stream.new()
        self.streams[slot] = None
        self.carriers[slot] = 0
        del self._slots[self._keys[slot]]
        self._free.append(slot)
        known.slot = -1

    def find(self, key: int) -> StreamT | None:
        slot = self._slots.get(key)
        return None if slot is None else self.streams[slot]

    def pass_by(
        self, headers: npt.NDArray[np.void], lengths: npt.NDArray[np.int64], keys: Many[int], now: float
    ) -> tuple[Indices, Indices, Indices]:
        """Count the packets of a batch that are the next of an undisturbed stream.

        Which ones, of which slots, and which are left. Only the first packet of each stream can be among them, so
        what is left may be dealt with after them.
        """
        table = self._table
        slots = np.fromiter(map(self._slots.get, keys, repeat(self._nobody)), np.intp, len(keys))
        index = np.arange(len(keys))
        # Backwards, so that the first one stays.
        self._first[slots[::-1]] = index[::-1]
        following = table["next"][slots]
        fits = headers["start"] & NOT_MARKER == following
        fits &= headers["ssrc"] == table["ssrc"][slots]
        fits &= lengths == PACKET_BYTES
        fits &= self._first[slots] == index
        if fits.all():
            packets, others = index, index[:0]
        else:
            packets, others = fits.nonzero()[0], (~fits).nonzero()[0]
            headers, slots, following = headers[packets], slots[packets], following[packets]
        table["next"][slots] = following & ~_SEQUENCE | following + _ONE & _SEQUENCE
        table["seen"][slots] = table["seen"][slots] << _BIT | _BIT
        table["last"][slots] = headers["rest"][:, :FRAME_BYTES]
        self._count(slots, headers["timestamp"], now)
        return packets, slots, others

    def _count(self, slots: Indices, timestamps: npt.NDArray[np.uint32], now: float) -> None:
        """One packet of each of these slots."""
        rows = self._table["flow"][slots]
        flow = dict(zip(FLOW, rows.T, strict=True))
        flow["received"] += 1
        flow["bytes_in"] += FRAME_BYTES
        flow["active_at"][:] = now
        flow["heard_at"][:] = now
        flow["filled"][:] = 0
        jitter.arrive_together(flow, timestamps, now)
        self._table["flow"][slots] = rows

    def due(self, now: float) -> list[StreamT]:
        """The streams for which time alone has something to do: a wait that is over, silence that is to be filled."""
        table = self._table[: self._used]
        filled = table["filled"]
        silent = np.floor((now - table["heard_at"]) / FRAME_SECONDS + ROUNDING)
        due = (table["due_at"] <= now) | (silent > np.where(filled > 0, filled, FILL_AFTER_FRAMES - 1))
        return [found for slot in due.nonzero()[0].tolist() if (found := self.streams[slot]) is not None]

    def glance(self, now: float) -> list[StreamT]:
        """The streams whose callers began, or ceased, to be heard since the last glance."""
        table, streams = self._table[: self._used], self.activity[: self._used]
        fresh = np.abs(now - table["heard_at"]) < FRESH_SECONDS
        powers = np.where(fresh, activity.powers(streams, table["last"]), 0)
        changed = activity.glance(streams, powers).nonzero()[0].tolist()
        return [found for slot in changed if (found := self.streams[slot]) is not None]

    def took(self, slots: Indices) -> None:
        """The bots of these streams were sent what came."""
        self._table["took"][slots] = True
