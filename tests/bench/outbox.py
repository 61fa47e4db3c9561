"""Part `outbox`: messages a second from a bot's report to the company's system: stored, signed, sent and settled.

Store and sender are one process, as in the controller; who receives is another, on the same machine.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, Final

from controller.records.items import CallOpened, TranscriptSaid
from controller.records.store import RecordStore
from controller.records.targets import Audience
from controller.records.writer import BATCH_ITEMS_MAX
from controller.routing.webhook import EventType, Target
from controller.webhooks.sender import Sender
from tests.bench.process import Process, running, unpin
from tests.bench.stores import STORES, StoreName, database

CALLS: Final = 200
MESSAGES_PER_CALL: Final = 50
SECRET: Final = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


async def run() -> AsyncIterator[dict[str, Any]]:
    unpin()
    for name in STORES:
        async with database(name) as url, running("tests.bench.webhook_receiver") as receiver:
            yield await measure(name, url, receiver)


async def measure(name: StoreName, url: str, receiver: Process) -> dict[str, Any]:
    target_url = f"http://127.0.0.1:{(await receiver.hear())['port']}/"
    store = await RecordStore.open(
        url, audience=Audience((Target("bench", target_url, SECRET, frozenset({EventType.TRANSCRIPT})),))
    )
    sender = asyncio.create_task(Sender(store).run())
    now = datetime.now(UTC)
    await store.write([CallOpened(f"call-{call}", now, None, None, None, "bench") for call in range(CALLS)])
    items = [
        TranscriptSaid(f"call-{call}", str(number), number, "caller", "What a person says in one breath, more or less.")
        for number in range(MESSAGES_PER_CALL)
        for call in range(CALLS)
    ]
    begin = time.perf_counter()
    for first in range(0, len(items), BATCH_ITEMS_MAX):
        await store.write(items[first : first + BATCH_ITEMS_MAX])
    stored = time.perf_counter()
    came = await receiver.ask(str(len(items)))
    end = time.perf_counter()
    sender.cancel()
    await asyncio.wait([sender])
    await store.close()
    return {
        "bench": "outbox",
        "store": name,
        "messages": len(items),
        "per_s": round(len(items) / (end - begin)),
        "stored_per_s": round(len(items) / (stored - begin)),
        "in_order": came["in_order"],
    }
