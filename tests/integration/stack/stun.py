"""A STUN server of our own making, for what a real one cannot be made to do: another address, lost packets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

PUBLIC = "203.0.113.7"


class StunServer(asyncio.DatagramProtocol):
    """Sees everybody at one address; passes over the first `deaf` questions."""

    def __init__(self, address: str, deaf: int = 0) -> None:
        self.address = bytes(int(part) for part in address.split("."))
        self.deaf = deaf

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, sender: Any) -> None:
        self.deaf -= 1
        if self.deaf < 0:
            mapped = bytes.fromhex("000100080001c31b") + self.address
            self.transport.sendto(b"\x01\x01\x00\x0c" + data[4:20] + mapped, sender)


@asynccontextmanager
async def stun_server(address: str = PUBLIC, deaf: int = 0) -> AsyncIterator[str]:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: StunServer(address, deaf), local_addr=("127.0.0.1", 0))
    try:
        yield f"127.0.0.1:{transport.get_extra_info('sockname')[1]}"
    finally:
        transport.close()
