"""A key stands for the first call that it was taken for, for a day, on both databases."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from controller.records.items import CallOpened
from controller.records.keys import KEY_HOURS, KeyReused, Keys
from controller.records.retention import Retention, Sweeper
from controller.records.store import RecordStore
from controller.records.tables import KeyRow


async def test_the_first_call_is_the_keys(store: RecordStore) -> None:
    keys = Keys(store.database)
    assert await keys.take("crm", "order-7", "call A", "call-1") == "call-1"
    assert await keys.take("crm", "order-7", "call A", "call-2") == "call-1"
    assert await keys.take("desk", "order-7", "call A", "call-3") == "call-3"
    with pytest.raises(KeyReused):
        await keys.take("crm", "order-7", "call B", "call-4")
    await keys.release("crm", "order-7")
    assert await keys.take("crm", "order-7", "call B", "call-5") == "call-5"


async def test_of_many_at_once_one_is_first(store: RecordStore) -> None:
    keys = Keys(store.database)
    taken = await asyncio.gather(*(keys.take("crm", "k", "call A", f"call-{number}") for number in range(8)))
    assert len(set(taken)) == 1


async def test_a_call_that_nobody_knows_was_never_placed(store: RecordStore) -> None:
    keys, now = Keys(store.database), datetime.now(UTC)
    await store.write([CallOpened("call-1", now, None, None, "+493012345678", "reception")])
    await keys.take("crm", "placed", "call A", "call-1")
    await keys.take("crm", "not placed", "call A", "call-2")
    async with store.database.writing() as connection:
        await connection.execute(update(KeyRow).values(expires_at=now + timedelta(hours=KEY_HOURS, minutes=-2)))
    assert await keys.take("crm", "placed", "call A", "call-3") == "call-1"
    assert await keys.take("crm", "not placed", "call A", "call-4") == "call-4"


async def test_a_key_is_kept_for_a_day(store: RecordStore) -> None:
    keys, now = Keys(store.database), datetime.now(UTC)
    await keys.take("crm", "old", "call A", "call-1")
    await keys.take("crm", "older", "call A", "call-2")
    async with store.database.writing() as connection:
        await connection.execute(update(KeyRow).values(expires_at=now - timedelta(seconds=1)))
    assert await keys.take("crm", "old", "call B", "call-3") == "call-3", "whoever asks has not to wait for the sweep"
    assert (await Sweeper(store.database, Retention()).sweep(now))["keys"] == 1
    assert await keys.take("crm", "old", "call B", "call-4") == "call-3"
