import asyncio
import gc
import logging
import os
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
import uvloop

from controller.media import inbound, uplink
from controller.media.control_messages import Close
from controller.media.worker import Listening
from tests.unit.bot.scripted_bot import echo, serving, until
from tests.unit.media.peers import Beside, Controller, FakeAsterisk, answered, working


@pytest.fixture(autouse=True)
def _close_sockets() -> Iterator[None]:
    yield
    while FakeAsterisk.opened:
        FakeAsterisk.opened.pop().close()


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loop that a worker runs on."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture
def _unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where real time passes a slow machine must not be taken for a caller who has fallen silent."""
    for module in (inbound, uplink):
        monkeypatch.setattr(module, "FILL_AFTER_FRAMES", 1_000_000)


@pytest.fixture
async def worker(_unhurried: None) -> AsyncIterator[Listening]:
    async with working() as listening:
        yield listening


@pytest.fixture
async def controller(worker: Listening) -> AsyncIterator[Controller]:
    async with Controller(f"ws://{worker.control}").linked() as linked:
        yield linked


@pytest.fixture
async def beside(worker: Listening, caplog: pytest.LogCaptureFixture) -> AsyncIterator[Beside]:
    """Another call: it says a few frames more and has all of them back; in the end it has lost nothing.

    Nor was a fault left to asyncio, which would log it as an error that nobody dealt with.
    """
    gc.collect()
    said: list[bytes] = []
    async with serving(echo) as bot:
        async with Controller(f"ws://{worker.control}").linked() as controller:
            asterisk = await answered(controller, worker, bot.url, "beside")

        async def goes_on() -> None:
            new = [os.urandom(160) for _ in range(3)]
            for frame in new:
                asterisk.say(frame)
            said.extend(new)
            await until(lambda: [packet.payload for packet in asterisk.listen() if packet.payload in new] == new)

        yield goes_on
        async with Controller(f"ws://{worker.control}").linked() as controller:
            await controller.link.send(Close(session="beside", reason="caller_hung_up"))
            statistics = (await controller.report("closed", "beside")).statistics
    assert statistics["packets_in"] == len(said)
    assert statistics["lost"] == statistics["malformed_packets"] == 0
    gc.collect()
    records = [*caplog.get_records("call"), *caplog.records]
    assert not [record for record in records if record.name == "asyncio" and record.levelno >= logging.ERROR]
