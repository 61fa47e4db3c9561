"""Many callers behind an Asterisk that is played here: each is a media socket of chan_websocket's (server mode)."""

import asyncio
import time
from typing import Final

import numpy as np
from picows import (
    WSFrame,
    WSListener,
    WSMsgType,
    WSTransport,
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
    ws_create_server,
)

from controller.media.asterisk_socket import SUBPROTOCOL
from controller.media.control_messages import AttachSocket
from tests.bench.callers import SLOT_SECONDS, SLOTS, Heard, weigh
from tests.bench.stamp import MAGIC, STAMP

_MEDIA_START: Final = '{"event":"MEDIA_START","channel":"WebSocket/INCOMING/1","optimal_frame_size":%d}'
_STATUS: Final = b'{"event":"STATUS","queue_length":1,"xon_level":800,"xoff_level":900,"queue_full":false}'


class Channel(WSListener):
    """Asterisk's end of one call. Arrival times are ours, and so late when this process is."""

    def __init__(self, callers: "SocketCallers", call: int) -> None:
        self.transport: WSTransport | None = None
        self._callers = callers
        self._call = call

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport
        transport.send(WSMsgType.TEXT, (_MEDIA_START % self._callers.frame_bytes).encode())

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is WSMsgType.BINARY:
            now = time.monotonic_ns()
            # Copied and read later: what is measured here is the worker, and not this process.
            self._callers.came.append((self._call, now, frame.get_payload_as_bytes()))
        elif frame.msg_type is WSMsgType.TEXT:
            transport.send(WSMsgType.TEXT, _STATUS)
        elif frame.msg_type is WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code())
            transport.disconnect()


class SocketCallers:
    """What `Callers` are over RTP. Frames of `frame_bytes` carry a stamp at their beginning."""

    def __init__(self, calls: int, frame_bytes: int) -> None:
        self.frame_bytes = frame_bytes
        self.came: list[tuple[int, int, bytes]] = []
        self._channels = [Channel(self, call) for call in range(calls)]
        self._server: asyncio.Server | None = None
        self._port = 0
        self._stamps = np.zeros(calls, STAMP)
        self._stamps["call"] = np.arange(calls)
        self._stamps["magic"] = MAGIC
        self._rest = bytes(frame_bytes - STAMP.itemsize)
        self._number = 0
        self._sent_at: list[int] = []

    async def open(self) -> None:
        self._server = await ws_create_server(self._accept, "127.0.0.1", 0, backlog=1024)
        self._port = self._server.sockets[0].getsockname()[1]

    def attach(self, call: int) -> AttachSocket:
        return AttachSocket(session=str(call), url=f"ws://127.0.0.1:{self._port}/media/{call}")

    def _accept(self, request: WSUpgradeRequest) -> WSUpgradeResponseWithListener:
        call = int(request.path.rpartition(b"/")[2])
        response = WSUpgradeResponse.create_101_response({"Sec-WebSocket-Protocol": SUBPROTOCOL})
        return WSUpgradeResponseWithListener(response, self._channels[call])

    async def speak(self, seconds: float) -> tuple[int, int]:
        """All callers speak; returns from when to when, in ns."""
        begin, start = time.monotonic_ns(), time.monotonic()
        for slot in range(int(seconds / SLOT_SECONDS)):
            await asyncio.sleep(max(0.0, start + slot * SLOT_SECONDS - time.monotonic()))
            self._send(slot % SLOTS)
        end = time.monotonic_ns()
        await asyncio.sleep(0.5)
        return begin, end

    def _send(self, slot: int) -> None:
        calls = len(self._channels)
        first, last = calls * slot // SLOTS, calls * (slot + 1) // SLOTS
        now = time.monotonic_ns()
        if slot == 0:
            self._number += 1
            self._sent_at.append(now)
        self._stamps["sent"][first:last] = now
        self._stamps["number"][first:last] = self._number
        for channel, stamp in zip(self._channels[first:last], self._stamps[first:last], strict=True):
            if channel.transport is not None:
                channel.transport.send(WSMsgType.BINARY, stamp.tobytes() + self._rest)

    def heard(self, begin: int, end: int) -> Heard:
        """Between two instants (ns)."""
        stamps = np.frombuffer(b"".join(frame[: STAMP.itemsize] for _, _, frame in self.came), STAMP)
        records = np.empty((len(self.came), 4), np.int64)
        records[:, 0] = [call for call, _, _ in self.came]
        records[:, 1] = np.where(stamps["magic"] == MAGIC, stamps["number"].astype(np.int64), -1)
        records[:, 2] = stamps["echoed"].astype(np.int64)
        records[:, 3] = [at for _, at, _ in self.came]
        return weigh(records, self._sent_at, len(self._channels), (begin, end))

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
