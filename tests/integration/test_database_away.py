"""The database is away: calls come, go on and end, bots are told that their results are stored, and they are."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from controller.carrier.carrier import Carrier
from tests import postgres
from tests.integration.stack.bot import Bot, BotCall
from tests.integration.stack.parties import bot_has, talking
from tests.integration.stack.stack import Stack
from tests.postgres import Postgres

pytestmark = pytest.mark.integration

BACK_SECONDS = 60


@pytest.fixture(scope="module")
def database() -> Iterator[Postgres]:
    with postgres.running() as cluster:
        yield cluster


@pytest.fixture
async def settings(database: Postgres, running_stack: Stack) -> AsyncIterator[dict[str, str]]:
    """A database in it, which the stack reads too. Torn down after the stack has looked at its records."""
    usual = running_stack.settings["DATABASE_URL"]
    url = running_stack.settings["DATABASE_URL"] = database.url(await database.create())
    shutil.rmtree(running_stack.spool, ignore_errors=True)
    yield {"DATABASE_URL": url, "NODE_NAME": "tests", "USERS_FILE": f"{running_stack.directory}/users.json"}
    running_stack.settings["DATABASE_URL"] = usual


@pytest.fixture(autouse=True)
def at_the_stacks_folder(running_stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """With Postgres, what the controller keeps in files is in ./data."""
    monkeypatch.chdir(running_stack.directory)


async def reported(call: BotCall, name: str) -> None:
    """The bot's result is acknowledged: it need not keep it any longer."""
    await call.send("result", id=name, name=name)
    await call.until_message("ack", id=name)


async def stored(stack: Stack) -> None:
    async with asyncio.timeout(BACK_SECONDS):
        while stack.health()["records_waiting"] or left(stack.spool):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)


def left(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []


async def names(stack: Stack) -> dict[str, list[str]]:
    """Of the results, by the endings of their calls."""
    details = [await stack.record_of(record.id) for record in await stack.records()]
    for detail in details:
        assert (detail.steps[0].kind, detail.steps[-1].kind) == ("arrived", "ended")
    return {detail.summary.ending or "": [result.name for result in detail.results] for detail in details}


async def test_calls_go_on_and_all_of_it_is_written_later(
    stack: Stack, bot: Bot, carrier: Carrier, database: Postgres
) -> None:
    first, first_call = await talking(carrier, bot)
    await reported(first_call, "before")
    await asyncio.to_thread(database.stop)
    try:
        await reported(first_call, "while away")
        second, second_call = await talking(carrier, bot, 2)
        await bot_has(second, second_call)
        await reported(second_call, "of a call that nobody has stored")
        await second.hang_up()
        assert stack.health()["ready"]
        assert stack.health()["records_on_disk"]
    finally:
        await asyncio.to_thread(database.start)
    await stored(stack)
    await reported(first_call, "after")
    await first_call.send("hangup")
    await first.until_ended()
    await stack.until_closed(2)
    assert await names(stack) == {
        "bot_hung_up": ["before", "while away", "after"],
        "caller_hung_up": ["of a call that nobody has stored"],
    }
    assert stack.health()["records_lost"] == 0


async def test_a_kill_in_that_state_loses_nothing_that_was_acknowledged(
    stack: Stack, bot: Bot, carrier: Carrier, database: Postgres
) -> None:
    await asyncio.to_thread(database.stop)
    try:
        gone, gone_call = await talking(carrier, bot)
        await reported(gone_call, "of a call that is over")
        await gone.hang_up()
        await gone_call.closed.wait()
        going_on, call = await talking(carrier, bot, 2)
        await reported(call, "before the kill")
        stack.controller.kill()
        assert left(stack.spool)
    finally:
        await asyncio.to_thread(database.start)
    await asyncio.to_thread(stack.start_controller, **stack.custom)
    await stored(stack)
    await bot_has(going_on, call)
    await reported(call, "of an adopted call")
    await call.send("hangup")
    await going_on.until_ended()
    await stack.until_closed(2)
    found = await names(stack)
    assert found["bot_hung_up"] == ["before the kill", "of an adopted call"]
    assert ["of a call that is over"] in found.values()
