"""The one UDP socket of a worker: many packets in and out with one system call.

Where the system has recvmmsg(2) and sendmmsg(2) they are called through ctypes, on arrays that are made once;
elsewhere, and for IPv6, packets go one by one through Python's socket. `open_socket` chooses.
"""

import contextlib
import ctypes
import errno
import ipaddress
import socket
import sys
from abc import ABC, abstractmethod
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from controller.config import Address
from controller.errors import SettingError
from controller.media.rows import SOCKADDR_IN, Rows
from controller.media.rtp import packet as rtp

RECEIVE_BUFFER_BYTES: Final = 4 << 20
"""About 5,000 packets with the kernel's own overhead: 100 ms of 1,000 calls, should the loop be late."""

DATAGRAM_BYTES_MAX: Final = 2_048
"""Longer than any Ethernet frame; what is longer is cut, and then is no RTP packet of ours."""

BATCH_PACKETS: Final = 256
"""Per system call: 64 to 256 is fastest, and 256 datagrams take half a megabyte."""

DRAIN_BATCHES_MAX: Final = 16
"""Taken out in one go: a flood of strangers must not keep the tick waiting."""

PEERS_REMEMBERED: Final = 4_096
"""Keys of addresses kept by the plain socket: twice as many as there can be calls."""

_SO_RCVBUFFORCE: Final = 33
"""socket(7); Python's socket module has no name for it."""

DATAGRAM: Final = np.dtype(
    {
        "names": ["first", "second", "sequence", "timestamp", "ssrc", "rest", "start"],
        "formats": ["u1", "u1", ">u2", ">u4", ">u4", ("u1", (DATAGRAM_BYTES_MAX - rtp.HEADER_BYTES,)), ">u4"],
        "offsets": [0, 1, 2, 4, 8, rtp.HEADER_BYTES, 0],
        "itemsize": DATAGRAM_BYTES_MAX,
    }
)
"""Room for one datagram, with the RTP header as columns. `start` is the first three of them as one number."""

IOVEC: Final = np.dtype([("base", "u8"), ("length", "u8")])
MMSGHDR: Final = np.dtype(
    {
        "names": ["name", "name_length", "vector", "vector_length", "flags", "length"],
        "formats": ["u8", "u4", "u8", "u8", "i4", "u4"],
        "offsets": [0, 8, 16, 24, 48, 56],
        "itemsize": 64,
    }
)
"""recvmsg(2) and recvmmsg(2), where a pointer has 64 bits."""


@lru_cache(maxsize=PEERS_REMEMBERED)
def peer_key(host: str, port: int) -> int:
    """An address as one number. Raises ValueError where `host` is no IP address."""
    return int(ipaddress.ip_address(host)) << 16 | port


class UdpSocket(ABC):
    """Non-blocking. A batch that was received stands in `headers`, `lengths` and `keys` until the next."""

    def __init__(self, opened: socket.socket) -> None:
        self._socket = opened
        self.headers = np.zeros(BATCH_PACKETS, DATAGRAM)
        self.lengths = np.zeros(BATCH_PACKETS, np.int64)
        self.keys: list[int] = []
        """Where each datagram came from (`peer_key`)."""
        self.bytes = self.headers.view(np.uint8).data
        self.failed = 0
        """Packets that the kernel did not take."""

    @property
    def address(self) -> Address:
        host, port = self._socket.getsockname()[:2]
        return Address(host=host, port=port)

    def reaches(self, host: str) -> bool:
        """Whether packets can go to this IP address at all."""
        return self._socket.family == socket.AF_INET6 or ":" not in host

    @abstractmethod
    def receive(self) -> int:
        """Take up to BATCH_PACKETS datagrams out of the socket; how many it were."""

    @abstractmethod
    def send(self, rows: Rows[Any]) -> None:
        """Send every row's packet. Never raises: what cannot be sent is counted."""

    def close(self) -> None:
        self._socket.close()


class PlainSocket(UdpSocket):
    """One system call per packet; works everywhere."""

    def receive(self) -> int:
        self.keys = []
        while (count := len(self.keys)) < BATCH_PACKETS:
            start = count * DATAGRAM_BYTES_MAX
            try:
                length, peer = self._socket.recvfrom_into(self.bytes[start : start + DATAGRAM_BYTES_MAX])
            except BlockingIOError:
                break
            except OSError:
                # An ICMP error of an earlier packet: it says nothing about the next one.
                continue
            self.lengths[count] = length
            self.keys.append(peer_key(peer[0], peer[1]))
        return len(self.keys)

    def send(self, rows: Rows[Any]) -> None:
        for packet, peer in zip(rows.packets[: rows.count], rows.peers, strict=True):
            try:
                self._socket.sendto(packet.tobytes(), peer)
            except OSError:
                self.failed += 1


class BatchSocket(UdpSocket):
    """IPv4 on Linux: the kernel reads the arrays themselves."""

    def __init__(self, opened: socket.socket) -> None:
        super().__init__(opened)
        libc = ctypes.CDLL(None, use_errno=True)
        self._recvmmsg = libc.recvmmsg
        self._sendmmsg = libc.sendmmsg
        self._fileno = opened.fileno()
        self._names = np.zeros(BATCH_PACKETS, SOCKADDR_IN)
        self._receiving, self._keep_receiving = _headers(self.headers, self._names)
        # Made once: numpy's own pointers hold themselves in a cycle, and two hundred of them a second are garbage.
        self._receiving_at = ctypes.c_void_p(self._receiving.ctypes.data)
        self._rows: Rows[Any] | None = None
        self._sending = np.zeros(0, MMSGHDR)
        self._keep_sending = np.zeros(0, IOVEC)

    def receive(self) -> int:
        count: int = self._recvmmsg(self._fileno, self._receiving_at, BATCH_PACKETS, socket.MSG_DONTWAIT, None)
        if count <= 0:
            return 0
        self.lengths[:count] = self._receiving["length"][:count]
        names = self._names[:count]
        self.keys = (names["address"].astype(np.uint64) << np.uint64(16) | names["port"]).tolist()
        return count

    def send(self, rows: Rows[Any]) -> None:
        if rows is not self._rows:
            self._rows = rows
            self._sending, self._keep_sending = _headers(rows.packets, rows.names)
        base, done = self._sending.ctypes.data, 0
        while done < rows.count:
            batch = min(BATCH_PACKETS, rows.count - done)
            start = ctypes.c_void_p(base + done * MMSGHDR.itemsize)
            sent: int = self._sendmmsg(self._fileno, start, batch, socket.MSG_DONTWAIT)
            if sent > 0:
                done += sent
            elif ctypes.get_errno() in {errno.EAGAIN, errno.ENOBUFS}:
                self.failed += rows.count - done
                return
            elif ctypes.get_errno() != errno.EINTR:
                # The first of the batch is at fault, and no reason to keep those behind it.
                self.failed += 1
                done += 1


def open_socket(listen: Address, setting: str, *, batches: bool = True) -> UdpSocket:
    """Bind, and choose how packets are moved. Raises SettingError, in the name of `setting`."""
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    try:
        opened.bind((listen.host, listen.port))
    except OSError as error:
        opened.close()
        raise cannot_listen(setting, listen, error) from error
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
    # The forced size passes the system's limit (net.core.rmem_max), but only root may ask for it.
    with contextlib.suppress(OSError):
        opened.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES)
    if batches and family == socket.AF_INET and _has_batches():
        return BatchSocket(opened)
    return PlainSocket(opened)


def cannot_listen(setting: str, listen: Address, error: OSError) -> SettingError:
    """The same sentence for every port that cannot be had."""
    return SettingError(
        setting,
        f"cannot listen on {listen} ({error.strerror or error})",
        "Free that port or set another address and port",
    )


def _has_batches() -> bool:
    """MMSGHDR is Linux's layout with 64-bit pointers, glibc's and musl's alike on little-endian machines."""
    if sys.platform != "linux" or ctypes.sizeof(ctypes.c_void_p) != 8 or sys.byteorder != "little":
        return False
    libc = ctypes.CDLL(None)
    return hasattr(libc, "recvmmsg") and hasattr(libc, "sendmmsg")


def _headers(
    packets: npt.NDArray[np.void], names: npt.NDArray[np.void]
) -> tuple[npt.NDArray[np.void], npt.NDArray[np.void]]:
    """Message headers over all rows of two arrays, and the vectors that they point to (to be kept alive)."""
    rows = np.arange(len(packets), dtype=np.uint64)
    vectors = np.zeros(len(packets), IOVEC)
    vectors["base"] = packets.ctypes.data + rows * np.uint64(packets.itemsize)
    vectors["length"] = packets.itemsize
    headers = np.zeros(len(packets), MMSGHDR)
    headers["name"] = names.ctypes.data + rows * np.uint64(names.itemsize)
    headers["name_length"] = names.itemsize
    headers["vector"] = vectors.ctypes.data + rows * np.uint64(vectors.itemsize)
    headers["vector_length"] = 1
    return headers, vectors
