"""Traces of calls, each when its end is stored: from what is in the records, and not from the code that runs it."""

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from controller.errors import ControllerError
from controller.records.events import StoredEvent
from controller.records.store import RecordStore
from controller.routing.webhook import EventType
from controller.tracing.spans import spans
from controller.tracing.tracer import Tracer

CALLS_WAITING_MAX: Final = 1_000
"""Calls that are over and not read yet: some minutes of a busy controller. Beyond it a trace is lost, and no call."""

log = structlog.get_logger(__name__)


async def trace_calls(store: RecordStore, tracer: Tracer) -> None:
    """For ever; where nothing is traced there is nothing to do."""
    if tracer.export is None:
        return
    over: asyncio.Queue[str] = asyncio.Queue(CALLS_WAITING_MAX)

    def told(stored: Sequence[StoredEvent]) -> None:
        for new in stored:
            if new.event.type is EventType.CALL_ENDED and not over.full():
                over.put_nowait(new.event.call_id)

    end = store.subscribe(told)
    try:
        while True:
            call_id = await over.get()
            try:
                call = await store.show_call(call_id)
            except (ControllerError, SQLAlchemyError, OSError) as error:
                log.warning("call not traced", call=call_id, reason=str(getattr(error, "orig", error)))
                continue
            for span in spans(call):
                tracer.export(span)
    finally:
        end()
