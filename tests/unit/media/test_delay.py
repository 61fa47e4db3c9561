"""What waits for the next of some instants waits half a gap, and longer for a late one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.media.delay import Delay, Waits


def waits(*gaps: float) -> Waits:
    found, now = Waits(), 100.0
    found.passed(now)
    for gap in gaps:
        now += gap
        found.passed(now)
    return found


def test_half_a_gap_where_all_are_the_same() -> None:
    assert waits(*[0.020] * 50).mean_seconds(Waits().waited) == pytest.approx(0.010)


def test_a_late_one_delays_more_than_its_share() -> None:
    # A second in all: 0.9 s of it wait 5 ms on the average, and 0.1 s wait 50 ms.
    assert waits(*[0.010] * 90, 0.100).mean_seconds(Waits().waited) == pytest.approx(0.9 * 0.005 + 0.1 * 0.050)


def test_a_call_counts_from_its_own_beginning() -> None:
    delay, now = Delay(), 0.0
    for _ in range(10):
        now += 1.0
        delay.to_bot.passed(now)
    since = delay.waited
    assert delay.mean_seconds(since) == 0.0, "nothing since"
    for _ in range(10):
        now += 0.005
        delay.to_bot.passed(now)
        delay.to_caller.passed(4 * now)
    assert delay.mean_seconds(since) == pytest.approx(0.0025 + 0.010)


@given(st.lists(st.floats(0.001, 1.0), min_size=1, max_size=50))
def test_it_is_what_one_finds_who_waits_at_every_moment(gaps: list[float]) -> None:
    steps = 20
    moments = [gap * (step + 0.5) / steps for gap in gaps for step in range(steps)]
    weights = [gap / steps for gap in gaps for _ in range(steps)]
    expected = sum(moment * weight for moment, weight in zip(moments, weights, strict=True)) / sum(weights)
    assert waits(*gaps).mean_seconds(Waits().waited) == pytest.approx(expected, rel=1e-6)
