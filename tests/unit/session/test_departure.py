"""How a controller ends: which calls are waited for, for how long, and where they go then."""

import asyncio

import pytest

from controller.config import OnStop
from controller.session.departure import Departure


class Calls:
    """So many, which end when they are told to."""

    def __init__(self, calls: int = 1) -> None:
        self.calls = calls
        self.draining = False
        self.done: list[str] = []
        self.waited_for, self.over = asyncio.Event(), asyncio.Event()

    async def until_over(self) -> None:
        self.done.append("waited")
        self.waited_for.set()
        await self.over.wait()
        self.calls = 0

    async def hand_over(self) -> None:
        self.done.append("handed over")

    async def shut_down(self) -> None:
        self.done.append("to the human")


@pytest.mark.parametrize(
    ("on_stop", "outlived", "done"),
    [
        ("hand_over", True, ["handed over"]),
        ("hand_over", False, ["waited", "to the human"]),
        ("finish", True, ["waited", "handed over"]),
        ("finish", False, ["waited", "to the human"]),
        ("human", True, ["to the human"]),
        ("human", False, ["to the human"]),
    ],
)
async def test_what_becomes_of_calls_that_do_not_end(on_stop: OnStop, outlived: bool, done: list[str]) -> None:
    calls = Calls()
    await Departure(calls, on_stop, 0.01, outlived).leave(asyncio.Event())
    assert calls.draining
    assert calls.done == done


async def test_calls_that_end_in_time_need_no_deadline() -> None:
    calls = Calls()
    leaving = asyncio.create_task(Departure(calls, "finish", 3600, outlived=False).leave(asyncio.Event()))
    await asyncio.wait_for(calls.waited_for.wait(), 30)
    calls.over.set()
    await asyncio.wait_for(leaving, 30)
    assert calls.calls == 0


async def test_who_is_hurried_waits_no_longer() -> None:
    calls, hurried = Calls(), asyncio.Event()
    leaving = asyncio.create_task(Departure(calls, "finish", 3600, outlived=True).leave(hurried))
    await asyncio.wait_for(calls.waited_for.wait(), 30)
    hurried.set()
    await asyncio.wait_for(leaving, 30)
    assert calls.done == ["waited", "handed over"]


async def test_without_calls_nothing_is_waited_for() -> None:
    calls = Calls(0)
    await Departure(calls, "finish", 3600, outlived=False).leave(asyncio.Event())
    assert calls.done == ["to the human"]
