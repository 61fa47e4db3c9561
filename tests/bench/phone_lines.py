"""The audio sockets of many telephones as one: each has an address of its own, and packets go and come in batches."""

import contextlib
import ctypes
import socket
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from controller.media.playout import FRAME_BYTES
from controller.media.rows import RTP_ROW, SOCKADDR_IN
from tests.bench.callers import IP_PKTINFO, MSGHDR, PKTINFO, SO_TIMESTAMPNS, headers

RECEIVE_BATCH: Final = 512
RECEIVE_BUFFER_BYTES: Final = 16 << 20
"""What a measurement itself must not lose: 20,000 packets, seconds of all calls."""

_SO_RCVBUFFORCE: Final = 33
_ADDRESSES_PER_NETWORK: Final = 250

RECEIVED: Final = np.dtype(
    {
        "names": ["seconds", "ns", "to"],
        "formats": ["i8", "i8", ">u4"],
        "offsets": [16, 24, 56],
        "itemsize": 64,
    }
)
"""cmsg(3): when the kernel had a packet (socket(7)), then to which of our addresses it came (ip(7))."""


class Batch(NamedTuple):
    """Packets that came, a row each. Times are the kernel's, in ns of the wall clock."""

    phones: npt.NDArray[np.int64]
    times: npt.NDArray[np.int64]
    payloads: npt.NDArray[np.uint8]
    sources: npt.NDArray[np.void]


class PhoneLines:
    """Phone n has the address 127.1.x.y."""

    def __init__(self, count: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._socket.bind(("0.0.0.0", 0))
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._socket.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
        # Beyond the system's limit, which only root may ask for.
        with contextlib.suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES)
        self.port: int = self._socket.getsockname()[1]
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._out = np.zeros(count, RTP_ROW)
        self._out_names = np.zeros(count, SOCKADDR_IN)
        self._out_sources = np.zeros(count, PKTINFO)
        self._out_sources["length"], self._out_sources["type"] = 28, IP_PKTINFO
        self._out_vectors, self._out_headers = headers(self._out, self._out_names, self._out_sources)
        self._in = np.zeros(RECEIVE_BATCH, RTP_ROW)
        self._in_names = np.zeros(RECEIVE_BATCH, SOCKADDR_IN)
        self._in_control = np.zeros(RECEIVE_BATCH, RECEIVED)
        self._in_vectors, self._in_headers = headers(self._in, self._in_names, self._in_control)
        addresses = [int.from_bytes(socket.inet_aton(self.address(phone)), "big") for phone in range(count)]
        self._sources = np.array(addresses, np.uint32)

    @staticmethod
    def address(phone: int) -> str:
        return f"127.1.{phone // _ADDRESSES_PER_NETWORK}.{phone % _ADDRESSES_PER_NETWORK + 1}"

    def send(
        self,
        phones: npt.NDArray[np.int64],
        numbers: npt.NDArray[np.int64],
        payloads: npt.NDArray[np.uint8],
        peers: npt.NDArray[np.void],
    ) -> None:
        """A packet from each of these phones, its `numbers`th frame, to its peer."""
        count = len(phones)
        packets = self._out[:count]
        packets["first"] = 0x80
        packets["sequence"], packets["timestamp"], packets["ssrc"] = numbers, numbers * FRAME_BYTES, phones
        packets["payload"] = payloads
        self._out_names[:count] = peers
        self._out_sources["source"][:count] = self._sources[phones]
        sent = 0
        while sent < count:
            start = ctypes.c_void_p(self._out_headers.ctypes.data + sent * MSGHDR.itemsize)
            done = self._libc.sendmmsg(self._socket.fileno(), start, count - sent, 0)
            if done < 0:
                raise OSError(ctypes.get_errno(), "sendmmsg")
            sent += done

    def receive(self) -> Batch | None:
        """What has come, RECEIVE_BATCH packets at most; None: nothing. The arrays are its own but for `sources`."""
        self._in_headers["control_length"] = RECEIVED.itemsize
        pointer = self._in_headers.ctypes.data_as(ctypes.c_void_p)
        count: int = self._libc.recvmmsg(self._socket.fileno(), pointer, RECEIVE_BATCH, socket.MSG_DONTWAIT, None)
        if count <= 0:
            return None
        control = self._in_control[:count]
        to = control["to"].astype(np.int64)
        phones = (to >> 8 & 0xFF) * _ADDRESSES_PER_NETWORK + (to & 0xFF) - 1
        times = control["seconds"] * 1_000_000_000 + control["ns"]
        return Batch(phones, times, self._in["payload"][:count].copy(), self._in_names[:count])

    def close(self) -> None:
        self._socket.close()
