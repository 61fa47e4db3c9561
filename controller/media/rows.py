"""The calls that are being played, as rows of one array: each row is the packet that goes out next.

A column is a field of the RTP header of every call, so that a tick is a few operations on columns, and what
the kernel sends is the array itself. Rows stay dense: the last one moves into a gap.
"""

import socket
from typing import Final, Generic, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from controller.media.audio import activity
from controller.media.playout import FRAME_BYTES
from controller.media.rtp import packet as rtp

CALLS_MAX: Final = 2_048
"""Of one worker: more than a core can carry in this design; the arrays for it take half a megabyte."""

RTP_ROW: Final = np.dtype(
    [
        ("first", "u1"),
        ("second", "u1"),
        ("sequence", ">u2"),
        ("timestamp", ">u4"),
        ("ssrc", ">u4"),
        ("payload", "u1", (FRAME_BYTES,)),
    ]
)
"""One packet of 20 ms as it stands on the wire (RFC 3550, section 5.1): 172 bytes, nothing between."""

SOCKADDR_IN: Final = np.dtype([("family", "=u2"), ("port", ">u2"), ("address", ">u4"), ("zero", "u8")])
"""ip(7): where a row is sent to."""

PeerAddress = tuple[str, int]


class Stream(Protocol):
    """Whose packets a row holds. `row` is kept up to date here; -1 while it has none."""

    row: int

    @property
    def encoding(self) -> str:
        """Of its packets."""


StreamT = TypeVar("StreamT", bound=Stream)


class Rows(Generic[StreamT]):
    """`packets[:count]` is what goes out at the next tick, `peers` and `names` where to."""

    def __init__(self, capacity: int = CALLS_MAX) -> None:
        self.packets = np.zeros(capacity, RTP_ROW)
        self.names = np.zeros(capacity, SOCKADDR_IN)
        self.peers: list[PeerAddress] = []
        self.streams: list[StreamT] = []
        self._payload: npt.NDArray[np.uint8] = self.packets["payload"]
        self._silence = np.zeros((capacity, 1), np.uint8)
        self._sent = np.zeros(capacity, np.int64)
        self.activity = activity.new(capacity)
        self._bytes = self.packets.view(np.uint8).data

    @property
    def count(self) -> int:
        return len(self.streams)

    def add(
        self, stream: StreamT, peer: PeerAddress, payload_type: int, silence: int, start: tuple[int, int, int]
    ) -> None:
        """Begin a stream; `start` is its first sequence number and timestamp, and its SSRC."""
        row = stream.row = self.count
        self.streams.append(stream)
        self.peers.append(peer)
        self.packets[row] = (rtp.VERSION << 6, payload_type, *start, 0)
        if "." in peer[0]:
            address = int.from_bytes(socket.inet_aton(peer[0]), "big")
            self.names[row] = (socket.AF_INET, peer[1], address, 0)
        self._silence[row] = silence
        self._sent[row] = 0
        self.activity[row] = activity.beginning(stream.encoding)

    def remove(self, stream: StreamT) -> None:
        """End a stream; nothing happens when it has no row."""
        row, last = stream.row, self.count - 1
        if row < 0:
            return
        for column in (self.packets, self.names, self._silence, self._sent, self.activity):
            column[row] = column[last]
        moved = self.streams.pop()
        peer = self.peers.pop()
        if moved is not stream:
            self.streams[row], self.peers[row], moved.row = moved, peer, row
        stream.row = -1

    def sent(self, stream: StreamT) -> int:
        """How many packets this stream has sent."""
        return int(self._sent[stream.row]) if stream.row >= 0 else 0

    def silence(self) -> None:
        """Begin a tick: every packet holds silence."""
        self._payload[: self.count] = self._silence[: self.count]

    def write(self, row: int, audio: bytes) -> None:
        """Put audio, at most one frame of it, at the beginning of a packet."""
        start = row * RTP_ROW.itemsize + rtp.HEADER_BYTES
        self._bytes[start : start + len(audio)] = audio

    def glance(self) -> list[StreamT]:
        """The streams in whose packets somebody began, or ceased, to be heard since the last glance."""
        streams = self.activity[: self.count]
        changed = activity.glance(streams, activity.powers(streams, self._payload[: self.count]))
        return [self.streams[row] for row in changed.nonzero()[0].tolist()]

    def advance(self) -> None:
        """End a tick: number the next packets."""
        rows = self.packets[: self.count]
        rows["sequence"] += 1
        rows["timestamp"] += FRAME_BYTES
        self._sent[: self.count] += 1

    def skip(self, ticks: int) -> None:
        """Let the streams' clock run on over ticks that were missed altogether (RFC 3550, section 5.1)."""
        self.packets["timestamp"][: self.count] += np.uint32(ticks * FRAME_BYTES)
