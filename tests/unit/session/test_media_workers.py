"""Which worker takes a call, and what becomes of the calls of one that is gone."""

import asyncio
from contextlib import suppress

import pytest

from controller.errors import MediaLinkError, MediaOverload
from controller.media import control_messages as media
from controller.session.bot_legs import MediaWorker
from controller.session.media_workers import MediaWorkers
from controller.session.speaking import Change, WhoSpeaks
from tests.unit.bot.scripted_bot import serving, silent, until
from tests.unit.media.peers import TOKEN, FakeAsterisk, opening, working


class Listener:
    def __init__(self) -> None:
        self.lost: list[str] = []

    def media_report(self, call_id: str, attempt: int, report: media.Report) -> None: ...

    def found(self, call_id: str, attempt: int, worker: MediaWorker, *, with_bot: bool) -> bool:
        del call_id, attempt, worker, with_bot
        return True

    def worker_lost(self, worker: MediaWorker, detail: str) -> None:
        del worker
        self.lost.append(detail)


async def test_calls_are_spread() -> None:
    workers = MediaWorkers(Listener(), load_max=0.9, speaking=WhoSpeaks(str))
    async with working() as one, working() as other:
        following = [asyncio.create_task(workers.follow(f"ws://{x.control}", TOKEN)) for x in (one, other)]
        await until(lambda: workers.connected == 2)
        picked = [workers.pick() for _ in range(10)]
        assert {picked.count(link) for link in set(picked)} == {5}
        for task in following:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def test_none_is_an_error_and_too_much_another() -> None:
    workers = MediaWorkers(Listener(), load_max=0.003, speaking=WhoSpeaks(str))
    with pytest.raises(MediaLinkError, match="no media worker is connected"):
        workers.pick()
    async with working() as worker:
        following = asyncio.create_task(workers.follow(f"ws://{worker.control}", TOKEN))
        await until(lambda: workers.connected == 1)
        picked = [workers.pick() for _ in range(2)]
        assert len(picked) == 2
        with pytest.raises(MediaOverload, match="every media worker is at"):
            workers.pick()
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following


async def test_a_worker_that_nobody_hears_of_is_given_up_at_once() -> None:
    listener = Listener()
    workers = MediaWorkers(listener, load_max=0.9, speaking=WhoSpeaks(str))
    async with working() as worker:
        following = asyncio.create_task(workers.follow(f"ws://{worker.control}", TOKEN))
        await until(lambda: workers.connected == 1)
    await until(lambda: listener.lost == ["the media worker went away"])
    following.cancel()
    with suppress(asyncio.CancelledError):
        await following


async def test_who_speaks_comes_from_the_workers_and_is_not_known_without_them() -> None:
    told: list[Change] = []
    who = WhoSpeaks(lambda call_id: "reception" if call_id == "call" else None)
    who.on_changed = told.extend
    workers = MediaWorkers(Listener(), load_max=0.9, speaking=who)
    async with working() as worker, serving(silent) as bot:
        following = asyncio.create_task(workers.follow(f"ws://{worker.control}", TOKEN))
        await until(lambda: workers.connected == 1)
        asterisk = FakeAsterisk(worker.rtp.port)
        for order in (
            opening(bot.url, "call/1"),
            media.Attach(session="call/1", host="127.0.0.1", port=asterisk.port),
            media.Play(session="call/1"),
        ):
            await workers.pick().send(order)
        await until(lambda: told == [Change("call", "reception", media.Speaking.NOBODY)])
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
        await until(lambda: told[1:] == [Change("call", "reception", None)])
        asterisk.socket.close()
