"""A busy controller that only pretends: the real API and page, calls of nobody, and events that nobody made."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Final

from controller.api.event_log import EventLog
from controller.api.passing import speaking
from controller.api.server import serve_api
from controller.api.tokens import Role
from controller.media.control_messages import Speaking
from controller.records.events import StoredEvent, to_event
from controller.records.items import CallOpened, DtmfPressed, Item, LogWritten, StepTaken, TranscriptSaid
from controller.records.store import RecordStore
from tests.integration.stack.processes import free_port
from tests.unit.api.conftest import make_parts, make_settings
from tests.unit.api.fakes import LIVE, FakeCalls, FakeExchange

CALLS: Final = 200
EVENTS_PER_SECOND: Final = 10
"""Of each call."""
TURNS_PER_SECOND: Final = 2
"""How often, beside those events, somebody begins or ceases to speak in each call."""
TICKS_PER_SECOND: Final = 20
ROUTE: Final = "reception"
SAID: Final = "I would like to move my appointment on Tuesday, because I cannot leave before five."


@asynccontextmanager
async def serving(folder: Path, page: Path, password: str) -> AsyncIterator[str]:
    """The address of its page, for the user anna."""
    store = await RecordStore.open(f"sqlite+aiosqlite:///{folder}/calls.sqlite3")
    calls, now = FakeCalls(), datetime.now(UTC)
    calls.calls = [
        replace(LIVE, id=f"live-{n}", from_number=f"+4930{n:07}", started_at=now, answered_at=now, route=ROUTE)
        for n in range(CALLS)
    ]
    await store.write(
        [CallOpened(call.id, now, call.from_number, None, "+493023125000", ROUTE) for call in calls.live()]
    )
    health = {"ready": True, "asterisk": True, "media_workers": 1, "media_loads": [0.1], "calls": CALLS}
    parts = await make_parts(folder, {**health, "records_waiting": 0}, calls, store, FakeExchange())
    parts.accounts.users.add("anna", Role.OPERATE, password)
    address = f"127.0.0.1:{free_port()}"
    async with serve_api(make_settings(folder, page_dir=str(page), api_listen=address), parts):
        feeding = asyncio.create_task(_feed(parts.events, now))
        try:
            yield f"http://{address}"
        finally:
            feeding.cancel()
            await asyncio.gather(feeding, return_exceptions=True)
    await store.close()


async def _feed(log: EventLog, began: datetime) -> None:
    loop, made = asyncio.get_running_loop(), _items(began)
    numbers, due, spoken = count(log.newest + 1), loop.time(), _turns()
    while True:
        due += 1 / TICKS_PER_SECOND
        of_this_tick = (next(made) for _ in range(CALLS * EVENTS_PER_SECOND // TICKS_PER_SECOND))
        log.publish_stored([StoredEvent(next(numbers), to_event(item, ROUTE, began)) for item in of_this_tick])
        at = datetime.now(UTC)
        turns = (next(spoken) for _ in range(CALLS * TURNS_PER_SECOND // TICKS_PER_SECOND))
        log.publish_passing([speaking(call_id, ROUTE, who, at) for call_id, who in turns])
        await asyncio.sleep(max(0.0, due - loop.time()))


def _turns() -> Iterator[tuple[str, Speaking]]:
    for n in count():
        yield f"live-{n % CALLS}", list(Speaking)[n // CALLS % len(Speaking)]


def _items(began: datetime) -> Iterator[Item]:
    for n in count():
        call_id, turn = f"live-{n % CALLS}", n // CALLS
        at_ms = (datetime.now(UTC) - began).total_seconds() * 1000
        match turn % 10:
            case 0:
                yield DtmfPressed(call_id, f"d{turn}", at_ms, "1")
            case 1:
                yield LogWritten(call_id, f"l{turn}", at_ms, "info", "looked up", {})
            case 2:
                yield StepTaken(call_id, turn, at_ms, "rung", "bot reception")
            case _:
                yield TranscriptSaid(call_id, f"t{turn}", at_ms, ("caller", "bot")[turn % 2], SAID)
