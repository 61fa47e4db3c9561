"""A line that can be cut, between the controller and what it talks to over TCP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from tests.integration.stack.processes import free_port

CHUNK_BYTES: Final = 65_536


class Proxy:
    """Passes everything on, until it is cut or frozen."""

    def __init__(self, target_port: int) -> None:
        self.port = free_port()
        self._target_port = target_port
        self._server: asyncio.Server | None = None
        self._open = asyncio.Event()
        self._open.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._dead_ends: set[asyncio.StreamWriter] = set()

    async def listen(self) -> None:
        self._server = await asyncio.start_server(self._pass_on, "127.0.0.1", self.port)

    async def cut(self) -> None:
        """Every connection is reset, and none is taken any more until `listen`."""
        if self._server is not None:
            self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()

    def freeze(self) -> None:
        """Half open: connections stand, new ones too, and nothing comes through in either direction."""
        self._open.clear()

    def swallow(self) -> None:
        """Half open for good: connections stand, and whatever is sent on them is lost; new ones are as usual."""
        self._dead_ends |= self._writers

    def thaw(self) -> None:
        self._open.set()

    async def close(self) -> None:
        self.thaw()
        await self.cut()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._open.wait()
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._target_port)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, back}
        try:
            async with asyncio.TaskGroup() as ways:
                ways.create_task(self._one_way(reader, back))
                ways.create_task(self._one_way(there, writer))
        finally:
            self._writers -= {writer, back}
            self._dead_ends -= {writer, back}

    async def _one_way(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(CHUNK_BYTES):
                await self._open.wait()
                if writer not in self._dead_ends:
                    writer.write(data)
                    await writer.drain()
        if writer not in self._dead_ends:
            writer.close()


@asynccontextmanager
async def proxying(target_port: int) -> AsyncIterator[Proxy]:
    proxy = Proxy(target_port)
    await proxy.listen()
    try:
        yield proxy
    finally:
        await proxy.close()
