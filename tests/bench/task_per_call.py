"""The obvious design, to measure ours against: a datagram endpoint, a WebSocket and two tasks for every call.

    python -m tests.bench.task_per_call BOT_PORT CALLS asyncio|uvloop

With aiohttp, and without anything beyond carrying the audio: no statistics, marks, watchdogs or bounds.
Prints `{"ports": […]}`, then works until its input ends.
"""

import asyncio
import json
import secrets
import struct
import sys
from typing import Final, cast

import aiohttp
import uvloop

from controller.bot.protocol import SUBPROTOCOL, Party, Start, serialize
from tests.bench.process import pin

TICK_SECONDS: Final = 0.020
FRAME_BYTES: Final = 160
SILENCE: Final = b"\xff" * FRAME_BYTES

LOOPS: Final = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
"""Python's own, which is what is there before somebody measures, and the fast one."""


class Call(asyncio.DatagramProtocol):
    """One call, alone in the world."""

    def __init__(self) -> None:
        self.to_bot: asyncio.Queue[bytes] = asyncio.Queue()
        self.waiting = bytearray()
        self.peer: tuple[str, int] | None = None
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transport is none by inheritance.
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.peer = addr
        _, payload_type, _, _, _ = struct.unpack_from("!BBHII", data)
        if payload_type & 0x7F == 0:
            self.to_bot.put_nowait(data[12:])

    async def send_to_bot(self, bot: aiohttp.ClientWebSocketResponse) -> None:
        while True:
            await bot.send_bytes(await self.to_bot.get())

    async def receive_from_bot(self, bot: aiohttp.ClientWebSocketResponse) -> None:
        async for frame in bot:
            if frame.type is aiohttp.WSMsgType.BINARY:
                self.waiting += frame.data

    async def play(self) -> None:
        loop = asyncio.get_running_loop()
        sequence, timestamp, ssrc = secrets.randbits(16), secrets.randbits(32), secrets.randbits(32)
        due = loop.time()
        while True:
            due += TICK_SECONDS
            await asyncio.sleep(due - loop.time())
            if self.peer is None or self.transport is None:
                continue
            frame = bytes(self.waiting[:FRAME_BYTES])
            del self.waiting[:FRAME_BYTES]
            frame += SILENCE[len(frame) :]
            header = struct.pack("!BBHII", 0x80, 0, sequence, timestamp, ssrc)
            self.transport.sendto(header + frame, self.peer)
            sequence = (sequence + 1) & 0xFFFF
            timestamp = (timestamp + FRAME_BYTES) & 0xFFFFFFFF


async def carry(session: aiohttp.ClientSession, bot_port: int, number: int) -> tuple[int, list["asyncio.Task[None]"]]:
    loop = asyncio.get_running_loop()
    transport, call = await loop.create_datagram_endpoint(Call, local_addr=("0.0.0.0", 0))
    bot = await session.ws_connect(f"ws://127.0.0.1:{bot_port}/", protocols=[SUBPROTOCOL], compress=0)
    start = Start(call_id=str(number), caller=Party(), callee=Party(), route="bench")
    await bot.send_str(serialize(start))
    assert (await bot.receive_json())["type"] == "accept"
    tasks = [asyncio.create_task(work) for work in (call.send_to_bot(bot), call.receive_from_bot(bot), call.play())]
    return transport.get_extra_info("sockname")[1], tasks


async def main(bot_port: int, calls: int) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        carried = [await carry(session, bot_port, number) for number in range(calls)]
        sys.stdout.write(json.dumps({"ports": [port for port, _ in carried]}) + "\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)
        for _, tasks in carried:
            for task in tasks:
                task.cancel()


if __name__ == "__main__":
    pin("measured")
    with asyncio.Runner(loop_factory=LOOPS[sys.argv[3]]) as runner:
        runner.run(main(int(sys.argv[1]), int(sys.argv[2])))
