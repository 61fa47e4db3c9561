"""The events of the past for those who come back, from the database in which all of them are kept."""

from collections.abc import Sequence

from sqlalchemy.exc import SQLAlchemyError

from controller.api.event_log import Entry, EventLog, Filter
from controller.records import feed
from controller.records.store import RecordStore, StoreAway
from controller.routing.webhook import EventType


async def event_log(store: RecordStore) -> EventLog:
    """Of what is stored from now on, and with a way to what was stored before."""

    async def earlier(number: int, wanted: Filter) -> Sequence[Entry]:
        types = [EventType(name) for name in wanted.types if name in set(EventType)]
        if wanted.types and not types:
            return []  # only of what is so just now
        try:
            found = await feed.events_after(
                store.database, number, call_id=wanted.call_id, route=wanted.route, types=types
            )
        except (SQLAlchemyError, OSError) as error:
            raise StoreAway(str(error)) from error
        return [Entry.of(stored) for stored in found]

    log = EventLog(earlier=earlier)
    # First told, then asked: what is stored in between is known twice rather than never.
    store.subscribe(log.publish_stored)
    log.begin_after(await feed.last_number(store.database))
    return log
