"""Part `kill`: controller and media worker killed at random points under calls; what was stored has to arrive."""

import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from controller.carrier.carrier import Carrier
from tests.bench.process import unpin
from tests.integration.stack import asterisks
from tests.integration.stack.bot import serving
from tests.integration.stack.kill import kill_under_calls
from tests.integration.stack.stack import Stack
from tests.unit.webhooks.receiver import SECRET, receiving

CALLS: Final = 50
KILLS: Final = int(os.environ.get("KILLS", "20"))
"""`make bench PART=kill KILLS=5` for a shorter run."""
RTP_PORTS: Final = 400
"""Of each Asterisk, four to a call."""


async def run() -> AsyncIterator[dict[str, Any]]:
    unpin()
    with TemporaryDirectory() as folder, TemporaryDirectory() as sounds, asterisks.running(RTP_PORTS) as pair:
        stack = Stack(pair, Path(folder), Path(sounds))
        async with receiving() as receiver, serving(stack.bot_port) as bot:
            stack.start_media()
            stack.start_controller(WEBHOOK_URL=receiver.url, WEBHOOK_SECRET=SECRET)
            try:
                async with Carrier(pair.carrier.url, pair.carrier.password) as carrier:
                    kept = await kill_under_calls(
                        stack, bot, carrier, receiver, calls=CALLS, kills=KILLS, progress=_tell
                    )
            finally:
                stack.stop()
    counted = {name: len(value) if isinstance(value, list) else value for name, value in vars(kept).items()}
    yield {"bench": "kill", "calls_at_a_time": CALLS, **counted, "faults": kept.faults[:10]}


def _tell(line: str) -> None:
    sys.stderr.write(line + "\n")
