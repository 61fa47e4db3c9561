"""`python -m tests.bench [PART]`: one JSON object a line."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

import structlog
import uvloop

from tests.bench import barge_in, calls, context, events, kill, media, outbox, protocols, routing, search
from tests.bench.process import pin

PARTS: Final[dict[str, Callable[[], AsyncIterator[dict[str, Any]]]]] = {
    "media": media.run,
    "barge_in": barge_in.run,
    "protocols": protocols.run,
    "calls": calls.run,
    "routing": routing.run,
    "outbox": outbox.run,
    "search": search.run,
    "context": context.run,
    "kill": kill.run,
    "events": events.run,
}


async def main(parts: list[str]) -> None:
    task = asyncio.current_task()
    if task is not None:
        # So that containers and processes end with us.
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    for part in parts:
        async for line in PARTS[part]():
            sys.stdout.write(json.dumps(line) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    if unknown := [part for part in sys.argv[1:] if part not in PARTS]:
        sys.exit(f"no part {unknown[0]!r}: there are {', '.join(PARTS)}")
    structlog.configure(
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger("warning"),
    )
    pin("load")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(sys.argv[1:] or list(PARTS)))
