"""Part `context`: what it adds to a call's set-up to look up a caller's earlier calls, ten of them among many."""

import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np

from controller.config import load
from controller.context.context import Context
from controller.records.items import CallClosed, CallOpened, Item, ResultReported
from controller.records.store import RecordStore
from controller.routing.route import Arrival
from tests.bench.process import unpin
from tests.bench.stores import STORES, database

CALLERS: Final = 1_000
CALLS_EACH: Final = 10
ASKED: Final = 500


async def run() -> AsyncIterator[dict[str, Any]]:
    unpin()
    settings = load({"CONTEXT_PREVIOUS_CALLS": str(CALLS_EACH)})
    for name in STORES:
        async with database(name) as url:
            store = await RecordStore.open(url)
            await fill(store)
            took = []
            async with Context(store.database, settings) as context:
                for turn in range(ASKED):
                    begin = time.perf_counter()
                    found = await context.gather("bench", Arrival("trunk", number(turn % CALLERS), "", ""), "bench")
                    took.append(1_000 * (time.perf_counter() - begin))
                    if len(found.previous.calls) != CALLS_EACH:
                        raise RuntimeError(f"the calls were not found: {found}")
            await store.close()
        p50, p95 = (round(float(np.percentile(took[10:], percent)), 2) for percent in (50, 95))
        yield {"bench": "context", "store": name, "previous_calls": CALLS_EACH, "p50_ms": p50, "p95_ms": p95}


async def fill(store: RecordStore) -> None:
    first = datetime(2026, 1, 1, tzinfo=UTC)
    for turn in range(CALLS_EACH):
        items: list[Item] = []
        for caller in range(CALLERS):
            began, call = first + timedelta(days=turn, seconds=caller), f"{turn}-{caller}"
            items.append(CallOpened(call, began, number(caller), "Ada", "+493023125000", "bench"))
            items.append(ResultReported(call, "r", 0, "Booked", {"summary": "came to book", "seats": 2}))
            items.append(CallClosed(call, began + timedelta(seconds=60), "bot_hung_up"))
        await store.write(items)


def number(caller: int) -> str:
    return f"+4930{caller:08}"
