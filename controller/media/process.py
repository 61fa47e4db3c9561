"""The media worker as a process: from its settings to its end."""

import asyncio
import sys

from controller.config import Settings
from controller.media.worker import run_worker
from controller.stopping import Stopping, cancel, until_stopped


async def work(settings: Settings, *, owned: bool = False) -> None:
    """Run one media worker until SIGTERM or SIGINT: the whole of `ari-controller media`.

    `owned`: it ends with its standard input too. `serve` holds the other end, and a controller that was killed leaves
    no worker behind that nobody would ever find again.
    """
    stopping = Stopping()
    if owned:
        await asyncio.get_running_loop().connect_read_pipe(lambda: _Input(stopping.asked), sys.stdin)
    worker = asyncio.create_task(run_worker(settings), name="media worker")
    try:
        await until_stopped(stopping, [worker])
    finally:
        await cancel([worker])


class _Input(asyncio.Protocol):
    def __init__(self, over: asyncio.Event) -> None:
        self._over = over

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._over.set()
