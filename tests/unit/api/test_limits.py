import pytest

from controller.api import limits
from controller.api.limits import BURST_SECONDS, RateLimit


def test_a_burst_then_the_rate() -> None:
    limit = RateLimit(10)
    burst = int(10 * BURST_SECONDS)
    assert [limit.take("a", 0.0) for _ in range(burst)] == [0.0] * burst
    assert limit.take("a", 0.0) == pytest.approx(0.1)
    assert limit.take("a", 0.1) == 0.0
    assert limit.take("a", 0.1) > 0


def test_one_client_does_not_spend_anothers() -> None:
    limit = RateLimit(0.5)
    assert limit.take("a", 0.0) == 0.0
    assert limit.take("a", 0.0) == pytest.approx(2.0)
    assert limit.take("b", 0.0) == 0.0


def test_a_clock_that_goes_back_gives_nothing() -> None:
    limit = RateLimit(1)
    limit.take("a", 10.0)
    limit.take("a", 10.0)
    assert limit.take("a", 5.0) > 0
    assert limit.take("a", 6.0) == 0.0, "and costs nothing either"


def test_the_table_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CLIENTS_MAX", 3)
    limit = RateLimit(0.5)
    for client in "abcd":
        limit.take(client, 0.0)
    assert limit.take("b", 0.0) > 0, "still known"
    assert limit.take("a", 0.0) == 0.0, "the oldest was forgotten"
