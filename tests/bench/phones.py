"""The callers' ends of the audio: every phone speaks and hears as a telephone does, all through one socket."""

import asyncio
import contextlib
import ctypes
import itertools
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import numpy as np
import numpy.typing as npt

from controller.media.playout import FRAME_BYTES, FRAME_MS
from controller.media.rows import RTP_ROW, SOCKADDR_IN
from tests.bench.callers import IP_PKTINFO, MSGHDR, PKTINFO, SO_TIMESTAMPNS, headers
from tests.bench.speech import FIRST_NUMBER, Frames, faults, speech

SLOTS: Final = 4
"""A phone's packets are due at one of this many moments of every 20 ms: real calls do not tick together."""

SLOT_SECONDS: Final = FRAME_MS / 1_000 / SLOTS
RECEIVE_BATCH: Final = 512
RECEIVE_BUFFER_BYTES: Final = 16 << 20
"""What this measurement itself must not lose: 20,000 packets, seconds of all calls."""

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


class Phones:
    """Phone n has the address 127.1.x.y of its own, calls from FIRST_NUMBER + n, and speaks once it hears Asterisk."""

    def __init__(self, count: int, frames: int) -> None:
        self._count, self._frames = count, frames
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._socket.bind(("0.0.0.0", 0))
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._socket.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
        # Beyond the system's limit, which only root may ask for.
        with contextlib.suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES)
        self.port: int = self._socket.getsockname()[1]
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._said = np.stack([speech("caller", FIRST_NUMBER + phone, frames) for phone in range(count)])
        self._next_frame = np.zeros(count, np.int64)
        self._asterisk = np.zeros(count, SOCKADDR_IN)
        """Where each phone's packets come from, and go to."""
        nothing = np.zeros(0, np.int64)
        self._came = [(nothing, nothing, np.zeros((0, FRAME_BYTES), np.uint8))]
        """Phones, times in ns and payloads of every batch."""
        self._make_room()

    def _make_room(self) -> None:
        self._out = np.zeros(self._count, RTP_ROW)
        self._out_names = np.zeros(self._count, SOCKADDR_IN)
        self._out_sources = np.zeros(self._count, PKTINFO)
        self._out_sources["length"], self._out_sources["type"] = 28, IP_PKTINFO
        self._out_vectors, self._out_headers = headers(self._out, self._out_names, self._out_sources)
        self._in = np.zeros(RECEIVE_BATCH, RTP_ROW)
        self._in_names = np.zeros(RECEIVE_BATCH, SOCKADDR_IN)
        self._in_control = np.zeros(RECEIVE_BATCH, RECEIVED)
        self._in_vectors, self._in_headers = headers(self._in, self._in_names, self._in_control)
        addresses = [int.from_bytes(socket.inet_aton(self.address(phone)), "big") for phone in range(self._count)]
        self._sources = np.array(addresses, np.uint32)
        self._by_slot = [np.arange(slot, self._count, SLOTS) for slot in range(SLOTS)]

    @staticmethod
    def address(phone: int) -> str:
        return f"127.1.{phone // _ADDRESSES_PER_NETWORK}.{phone % _ADDRESSES_PER_NETWORK + 1}"

    @property
    def hearing(self) -> int:
        """How many phones have heard Asterisk so far: their calls are up."""
        return int(np.count_nonzero(self._asterisk["port"]))

    @asynccontextmanager
    async def switched_on(self) -> AsyncIterator["Phones"]:
        talking = asyncio.create_task(self._talk())
        try:
            yield self
        finally:
            talking.cancel()
            await asyncio.wait([talking])
            self._socket.close()

    async def _talk(self) -> None:
        start = time.monotonic()
        for slot in itertools.count():
            await asyncio.sleep(max(0.0, start + slot * SLOT_SECONDS - time.monotonic()))
            # Not as they come: the kernel notes when that was, and the cores are wanted elsewhere.
            while self._receive() == RECEIVE_BATCH:
                pass
            phones = self._by_slot[slot % SLOTS]
            up = (self._asterisk["port"][phones] > 0) & (self._next_frame[phones] < self._frames)
            self._send(phones[up])

    def _send(self, phones: npt.NDArray[np.int64]) -> None:
        count, numbers = len(phones), self._next_frame[phones]
        packets = self._out[:count]
        packets["first"] = 0x80
        packets["sequence"], packets["timestamp"], packets["ssrc"] = numbers, numbers * FRAME_BYTES, phones
        packets["payload"] = self._said[phones, numbers]
        self._out_names[:count] = self._asterisk[phones]
        self._out_sources["source"][:count] = self._sources[phones]
        self._next_frame[phones] += 1
        sent = 0
        while sent < count:
            start = ctypes.c_void_p(self._out_headers.ctypes.data + sent * MSGHDR.itemsize)
            done = self._libc.sendmmsg(self._socket.fileno(), start, count - sent, 0)
            if done < 0:
                raise OSError(ctypes.get_errno(), "sendmmsg")
            sent += done

    def _receive(self) -> int:
        self._in_headers["control_length"] = RECEIVED.itemsize
        pointer = self._in_headers.ctypes.data_as(ctypes.c_void_p)
        count: int = self._libc.recvmmsg(self._socket.fileno(), pointer, RECEIVE_BATCH, socket.MSG_DONTWAIT, None)
        if count <= 0:
            return 0
        control = self._in_control[:count]
        to = control["to"].astype(np.int64)
        phones = (to >> 8 & 0xFF) * _ADDRESSES_PER_NETWORK + (to & 0xFF) - 1
        self._asterisk[phones] = self._in_names[:count]
        times = control["seconds"] * 1_000_000_000 + control["ns"]
        self._came.append((phones, times, self._in["payload"][:count].copy()))
        return count

    # --- afterwards -----------------------------------------------------------------------------------------

    def heard(self) -> "Heard":
        """Everything that came, by phone."""
        if not self._came:
            return Heard(
                self._frames, np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, FRAME_BYTES), np.uint8)
            )
        phones, times, payloads = (np.concatenate(column) for column in zip(*self._came, strict=True))
        order = np.argsort(phones, kind="stable")
        return Heard(self._frames, phones[order], times[order], payloads[order])


class Heard:
    """What the phones heard: rows sorted by phone, in each phone's order of arrival."""

    def __init__(
        self, frames: int, phones: npt.NDArray[np.int64], times: npt.NDArray[np.int64], payloads: Frames
    ) -> None:
        self._frames, self._phones, self._times, self._payloads = frames, phones, times, payloads

    def faults(self, phone: int) -> Counter[str]:
        """What differs from what the bot said to this phone."""
        rows = slice(*np.searchsorted(self._phones, [phone, phone + 1]))
        return faults(self._payloads[rows], speech("bot", FIRST_NUMBER + phone, self._frames))

    def interval_errors_ms(self) -> npt.NDArray[np.float64]:
        """How far from 20 ms apart a phone's packets were."""
        same = self._phones[1:] == self._phones[:-1]
        errors: npt.NDArray[np.float64] = np.abs(np.diff(self._times)[same] / 1e6 - FRAME_MS)
        return errors

    def set_up_per_s(self) -> float:
        """How fast calls came up, by the first packet of each."""
        _, first = np.unique(self._phones, return_index=True)
        up = np.sort(self._times[first]) / 1e9
        return float((len(up) - 1) / (up[-1] - up[0])) if len(up) > 1 else 0.0
