"""Many callers from one process: each sends 50 stamped packets a second and notes what comes back, and when."""

import asyncio
import ctypes
import socket
import time
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from controller.media.control_messages import Attach
from controller.media.playout import FRAME_BYTES
from controller.media.rows import RTP_ROW, SOCKADDR_IN
from controller.media.udp import IOVEC
from tests.bench.stamp import MAGIC, STAMP

SLOTS: Final = 20
"""A caller's packets are due at one of this many moments of every 20 ms: real calls do not tick together."""

SLOT_SECONDS: Final = 0.001
LAST_SLOTS: Final = 500
"""For what is still on its way when the last packet has been sent."""

TICK_MS: Final = 20.0

RECEIVE_BATCH: Final = 512
CONTROL_BYTES: Final = 64

MSGHDR: Final = np.dtype(
    {
        "names": ["name", "name_length", "vector", "vector_length", "control", "control_length", "flags", "length"],
        "formats": ["u8", "u4", "u8", "u8", "u8", "u8", "i4", "u4"],
        "offsets": [0, 8, 16, 24, 32, 40, 48, 56],
        "itemsize": 64,
    }
)
"""recvmsg(2) with control messages."""

PKTINFO: Final = np.dtype(
    [("length", "u8"), ("level", "i4"), ("type", "i4"), ("index", "i4"), ("source", ">u4"), ("to", "u4"), ("pad", "u4")]
)
"""cmsg(3) with an ip_pktinfo (ip(7)): the source address of one message."""

TIMESTAMP: Final = np.dtype(
    [("length", "u8"), ("level", "i4"), ("type", "i4"), ("seconds", "i8"), ("ns", "i8"), ("pad", "u1", (32,))]
)
"""cmsg(3) with the time at which the kernel had the packet, whatever we were doing then (socket(7))."""

SO_TIMESTAMPNS: Final = 35
IP_PKTINFO: Final = 8


@dataclass(frozen=True, slots=True)
class Heard:
    """What the callers noted between two instants. Delays in ms."""

    to_caller: npt.NDArray[np.float64]
    interval_errors: npt.NDArray[np.float64]
    sent: int
    lost: int
    silent_packets: int
    packets: int


class Callers:
    """Caller n has the address 127.1.x.y of its own, so that one socket can be all of them."""

    def __init__(self, calls: int, ports: list[int]) -> None:
        self._calls = calls
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._socket.bind(("0.0.0.0", 0))
        for buffer in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            self._socket.setsockopt(socket.SOL_SOCKET, buffer, 4 << 20)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.port: int = self._socket.getsockname()[1]
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._fill_sending(ports)
        self._fill_receiving()
        self._number = 0
        self._sent_at: list[int] = []
        """Of every round, in ns."""
        self._records: list[npt.NDArray[np.int64]] = []
        """call, number (-1: silence), echoed, arrived; ns, a row per packet."""

    @staticmethod
    def host(call: int) -> str:
        return f"127.1.{call // 250}.{call % 250 + 1}"

    def attach(self, call: int) -> Attach:
        return Attach(session=str(call), host=self.host(call), port=self.port)

    def _fill_sending(self, ports: list[int]) -> None:
        calls = self._calls
        self._packets = np.zeros(calls, RTP_ROW)
        self._packets["first"] = 0x80
        self._packets["ssrc"] = np.arange(calls)
        self._stamps = self._packets["payload"].view(STAMP).reshape(calls)
        self._stamps["call"] = np.arange(calls)
        self._stamps["magic"] = MAGIC
        self._names = np.zeros(calls, SOCKADDR_IN)
        self._names["family"] = socket.AF_INET
        self._names["port"] = ports
        self._names["address"] = 0x7F000001
        self._sources = np.zeros(calls, PKTINFO)
        self._sources["length"] = 28
        self._sources["level"] = socket.IPPROTO_IP
        self._sources["type"] = IP_PKTINFO
        self._sources["source"] = [int.from_bytes(socket.inet_aton(self.host(call)), "big") for call in range(calls)]
        self._out_vectors, self._out = headers(self._packets, self._names, self._sources)

    def _fill_receiving(self) -> None:
        self._in_packets = np.zeros(RECEIVE_BATCH, RTP_ROW)
        self._in_names = np.zeros(RECEIVE_BATCH, SOCKADDR_IN)
        self._in_times = np.zeros(RECEIVE_BATCH, TIMESTAMP)
        self._in_vectors, self._in = headers(self._in_packets, self._in_names, self._in_times)
        self._in_stamps = self._in_packets["payload"].view(STAMP).reshape(RECEIVE_BATCH)
        self._call_of: dict[int, int] = {}

    async def speak(self, seconds: float) -> tuple[int, int]:
        """All callers speak; returns from when to when, in ns."""
        begin = time.monotonic_ns()
        start = time.monotonic()
        for slot in range(int(seconds / SLOT_SECONDS)):
            await asyncio.sleep(max(0.0, start + slot * SLOT_SECONDS - time.monotonic()))
            self._send(slot % SLOTS)
            # When a packet came is the kernel's to say: to read it may wait, and costs the bot's core less then.
            self._receive()
        end = time.monotonic_ns()
        for _ in range(LAST_SLOTS):
            await asyncio.sleep(SLOT_SECONDS)
            self._receive()
        return begin, end

    def _send(self, slot: int) -> None:
        first, last = self._calls * slot // SLOTS, self._calls * (slot + 1) // SLOTS
        rows = self._packets[first:last]
        now = time.monotonic_ns()
        if slot == 0:
            self._number += 1
            self._sent_at.append(now)
        self._stamps["sent"][first:last] = now
        self._stamps["number"][first:last] = self._number
        rows["sequence"] += 1
        rows["timestamp"] += FRAME_BYTES
        while first < last:
            start = ctypes.c_void_p(self._out.ctypes.data + first * MSGHDR.itemsize)
            sent = self._libc.sendmmsg(self._socket.fileno(), start, last - first, 0)
            if sent < 0:
                raise OSError(ctypes.get_errno(), "sendmmsg")
            first += sent

    def _receive(self) -> None:
        self._in["control_length"] = TIMESTAMP.itemsize
        pointer = self._in.ctypes.data_as(ctypes.c_void_p)
        count = self._libc.recvmmsg(self._socket.fileno(), pointer, RECEIVE_BATCH, socket.MSG_DONTWAIT, None)
        if count <= 0:
            return
        stamps, times = self._in_stamps[:count], self._in_times[:count]
        # The kernel stamps with the wall clock.
        offset = time.monotonic_ns() - time.time_ns()
        records = np.empty((count, 4), np.int64)
        records[:, 0] = [self._call(ssrc) for ssrc in self._in_packets["ssrc"][:count].tolist()]
        stamped = stamps["magic"] == MAGIC
        for call, ssrc in zip(
            stamps["call"][stamped].tolist(), self._in_packets["ssrc"][:count][stamped].tolist(), strict=True
        ):
            self._call_of.setdefault(ssrc, call)
        records[:, 1] = np.where(stamped, stamps["number"].astype(np.int64), -1)
        records[:, 2] = stamps["echoed"].astype(np.int64)
        records[:, 3] = times["seconds"] * 1_000_000_000 + times["ns"] + offset
        self._records.append(records)

    def _call(self, ssrc: int) -> int:
        return self._call_of.get(ssrc, -1)

    def heard(self, begin: int, end: int) -> Heard:
        """Between two instants (ns). What was sent in the last half second may still be on its way."""
        return weigh(np.concatenate(self._records), self._sent_at, self._calls, (begin, end))

    def close(self) -> None:
        self._socket.close()


def weigh(records: npt.NDArray[np.int64], sent: list[int], calls: int, between: tuple[int, int]) -> Heard:
    """From what was noted of every packet (call, number, echoed, arrived) and when each round was sent; all in ns."""
    begin, end = between
    records = records[(records[:, 3] >= begin) & (records[:, 3] < end) & (records[:, 0] >= 0)]
    stamped = records[records[:, 1] >= 0]
    sent_at = np.array(sent)
    counted = np.flatnonzero((sent_at >= begin) & (sent_at < end - 1_000_000_000)) + 1
    came = np.unique(stamped[np.isin(stamped[:, 1], counted)][:, :2], axis=0)
    return Heard(
        to_caller=(stamped[:, 3] - stamped[:, 2]) / 1e6,
        interval_errors=_interval_errors(records),
        sent=len(counted) * calls,
        lost=len(counted) * calls - len(came),
        silent_packets=len(records) - len(stamped),
        packets=len(records),
    )


def _interval_errors(records: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    order = np.lexsort((records[:, 3], records[:, 0]))
    calls, times = records[order, 0], records[order, 3]
    same = calls[1:] == calls[:-1]
    errors: npt.NDArray[np.float64] = np.abs(np.diff(times)[same] / 1e6 - TICK_MS)
    return errors


def headers(
    packets: npt.NDArray[np.void], names: npt.NDArray[np.void], control: npt.NDArray[np.void]
) -> tuple[npt.NDArray[np.void], npt.NDArray[np.void]]:
    rows = np.arange(len(packets), dtype=np.uint64)
    vectors = np.zeros(len(packets), IOVEC)
    vectors["base"] = packets.ctypes.data + rows * np.uint64(packets.itemsize)
    vectors["length"] = packets.itemsize
    headers = np.zeros(len(packets), MSGHDR)
    headers["name"] = names.ctypes.data + rows * np.uint64(names.itemsize)
    headers["name_length"] = names.itemsize
    headers["vector"] = vectors.ctypes.data + rows * np.uint64(vectors.itemsize)
    headers["vector_length"] = 1
    headers["control"] = control.ctypes.data + rows * np.uint64(control.itemsize)
    headers["control_length"] = control.itemsize
    return vectors, headers
