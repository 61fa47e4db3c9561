"""Tasks that nobody awaits: kept, waited for, ended, and heard of when they fail."""

import asyncio

import pytest
from structlog.testing import capture_logs

from controller.background import Background


async def test_waits_for_what_runs_and_not_for_the_one_that_waits() -> None:
    background, done = Background("failed"), list[str]()

    async def work() -> None:
        await asyncio.sleep(0)
        done.append("work")

    async def last() -> None:
        await background.wait()
        done.append("last")

    background.start(work())
    background.start(last())
    assert background
    await background.wait()
    assert done == ["work", "last"]
    await asyncio.sleep(0)
    assert not background


@pytest.mark.parametrize(("usual", "level"), [((), "error"), ((ValueError,), "debug")])
async def test_tells_of_a_failure_and_the_others_go_on(usual: tuple[type[Exception], ...], level: str) -> None:
    background, going_on = Background("it failed", usual, call="c"), asyncio.Event()

    async def fail() -> None:
        raise ValueError("no")

    async def go_on() -> None:
        await asyncio.sleep(0)
        going_on.set()

    with capture_logs() as logs:
        background.start(fail())
        background.start(go_on())
        await asyncio.wait_for(going_on.wait(), 5)
        await background.wait()
    assert [(line["event"], line["log_level"], line["call"]) for line in logs] == [("it failed", level, "c")]


async def test_drains_later_ones_too_and_cancels_what_is_left() -> None:
    background, ended = Background("failed"), list[str]()

    async def follow() -> None:
        ended.append("followed")

    async def lead() -> None:
        await asyncio.sleep(0)
        background.start(follow())

    async def stay() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")

    background.start(lead())
    await background.drain(5.0)
    background.start(stay())
    await background.drain(0.01)
    assert ended == ["followed", "cancelled"]
