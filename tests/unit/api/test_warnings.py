"""What the log has warned of, over the API."""

from collections.abc import Iterator

import pytest

from controller.logs import LATEST, WORSE_KEPT_MAX, remember
from tests.unit.api.conftest import Api


@pytest.fixture(autouse=True)
def nothing_before() -> Iterator[None]:
    LATEST.clear()
    yield
    LATEST.clear()


async def test_the_latest_come_first(api: Api) -> None:
    remember(None, "", {"level": "info", "event": "started"})
    remember(None, "", {"level": "warning", "event": "bot away", "mend": "Start it", "url": "ws://bot/"})
    remember(None, "", {"level": "error", "event": "a call failed", "exc_info": ValueError("secret"), "call": "c"})
    failed, away = (await api.json("GET", "/v1/warnings", "operate"))["warnings"]
    assert (failed["what"], failed["details"]) == ("a call failed", {"call": "c"})
    assert (away["level"], away["mend"], away["details"]) == ("warning", "Start it", {"url": "ws://bot/"})
    await api.json("GET", "/v1/warnings", "read", 403)


def test_there_is_an_end_to_it() -> None:
    for number in range(WORSE_KEPT_MAX + 1):
        remember(None, "", {"level": "warning", "event": "w", "number": number, "long": "x" * 1_000})
    assert len(LATEST) == WORSE_KEPT_MAX
    assert LATEST[0].details["number"] == "1"
    assert len(LATEST[0].details["long"]) == 300
