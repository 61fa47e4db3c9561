"""A media worker as the measured process: prints its ports as JSON, works until its input ends."""

import asyncio
import json
import sys

import structlog
import uvloop

from controller.config import Settings
from controller.media.worker import Listening, run_worker
from tests.bench.process import pin


def tell(listening: Listening) -> None:
    sys.stdout.write(json.dumps({"control": listening.control.port, "rtp": listening.rtp.port}) + "\n")
    sys.stdout.flush()


async def main() -> None:
    settings = Settings(media_listen="127.0.0.1:0", media_rtp_listen="0.0.0.0:0")
    working = asyncio.create_task(run_worker(settings, tell))
    await asyncio.to_thread(sys.stdin.read)
    working.cancel()
    await asyncio.wait([working])


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    pin("measured")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
