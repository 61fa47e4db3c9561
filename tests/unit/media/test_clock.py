import asyncio
import socket
import time

import pytest

from controller.media import clock
from controller.media.clock import Grid
from tests.unit.bot.scripted_bot import until


def test_instants_do_not_drift_with_late_calls() -> None:
    grid = Grid(100.0, 0.02)
    assert grid.due(100.019) == 0
    assert grid.due(100.021) == 1
    assert grid.due(100.039) == 0
    assert grid.next_at == pytest.approx(100.04)
    assert grid.due(100.101) == 4
    assert grid.next_at == pytest.approx(100.12)


def test_a_clock_that_stands_or_goes_back_makes_nothing_due() -> None:
    grid = Grid(100.0, 0.02)
    grid.due(101.0)
    assert grid.due(101.0) == 0
    assert grid.due(99.0) == 0


class Recorder:
    def __init__(self, *, busy: bool = False) -> None:
        self.done: list[str] = []
        self.busy = busy

    def drain(self, _now: float) -> None:
        self.done.append("drain")

    def tick(self, due: int) -> None:
        self.done += ["tick"] * due

    def watch(self, _now: float) -> None:
        self.done.append("watch")


@pytest.mark.parametrize("busy", [False, True])
async def test_every_tick_stands_between_two_drains(*, busy: bool) -> None:
    # A clock that only moves when it is read, by a fifth of a millisecond.
    times = iter(range(100_000))
    recorder = Recorder(busy=busy)
    running = asyncio.create_task(clock.run(recorder, lambda: next(times) * 0.0002))
    await until(lambda: "watch" in recorder.done)
    running.cancel()
    first_second = recorder.done[: recorder.done.index("watch")]
    assert first_second == ["tick", "drain", "drain", "drain", "drain"] * 50


async def test_what_is_due_together_is_done_ticks_first_and_none_is_left_out() -> None:
    # Each look at the clock is 10 ms after the one before: two drains, and every other time a tick.
    times = iter(range(10_000))
    recorder = Recorder(busy=True)
    running = asyncio.create_task(clock.run(recorder, lambda: next(times) * 0.010))
    await until(lambda: "watch" in recorder.done)
    running.cancel()
    assert recorder.done[0] == "tick"
    assert 49 <= recorder.done[: recorder.done.index("watch")].count("tick") <= 51


async def test_a_busy_worker_reads_what_has_come_once_and_right_before_its_drain() -> None:
    """The loop stands still between two drains; a socket that has become readable has its turn before the next."""
    recorder, loop = Recorder(busy=True), asyncio.get_running_loop()
    ours, theirs = socket.socketpair()
    loop.add_reader(ours, lambda: recorder.done.append(f"read {len(ours.recv(100))}"))

    def drain(_now: float) -> None:
        recorder.done.append("drain")
        theirs.send(b"a")
        theirs.send(b"b")

    recorder.drain = drain  # type: ignore[method-assign]
    running = asyncio.create_task(clock.run(recorder, time.monotonic))
    await until(lambda: recorder.done.count("drain") >= 5)
    running.cancel()
    loop.remove_reader(ours)
    ours.close()
    theirs.close()
    heard = [what for what in recorder.done if what not in {"tick", "watch"}]
    assert heard[:8] == ["drain", "read 2"] * 4
