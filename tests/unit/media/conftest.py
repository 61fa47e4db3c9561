from collections.abc import Iterator

import pytest

from tests.unit.media.peers import FakeAsterisk


@pytest.fixture(autouse=True)
def _close_sockets() -> Iterator[None]:
    yield
    while FakeAsterisk.opened:
        FakeAsterisk.opened.pop().close()
