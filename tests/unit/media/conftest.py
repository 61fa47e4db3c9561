import asyncio
from collections.abc import Callable, Iterator

import pytest
import uvloop

from tests.unit.media.peers import FakeAsterisk


@pytest.fixture(autouse=True)
def _close_sockets() -> Iterator[None]:
    yield
    while FakeAsterisk.opened:
        FakeAsterisk.opened.pop().close()


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loop that a worker runs on."""
    return {"uvloop": uvloop.new_event_loop}
