"""A call that asked several bots has the statistics of all of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.media.statistics import merged

COUNTS = st.dictionaries(st.sampled_from(["packets_in", "lost", "played_ms", "jitter_max_ms"]), st.integers(0, 1000))


@pytest.mark.parametrize(
    ("name", "value"),
    [("packets_in", 400), ("lost", 3), ("jitter_max_ms", 9.0), ("jitter_ms", 3.5), ("mos", 3.5), ("new", 7)],
)
def test_each_counter_in_its_own_way(name: str, value: float) -> None:
    first = {"packets_in": 100, "lost": 1, "jitter_max_ms": 9.0, "jitter_ms": 2.0, "mos": 2.0}
    second = {"packets_in": 300, "lost": 2, "jitter_max_ms": 4.0, "jitter_ms": 4.0, "mos": 4.0, "new": 7}
    assert merged(first, second)[name] == value


def test_means_of_turns_are_weighed_by_turns() -> None:
    first = {"packets_in": 900, "bot_response_ms": 1000.0, "bot_responses": 1, "barge_in_ms": 80.0, "barge_ins": 2}
    second = {"packets_in": 100, "bot_response_ms": 400.0, "bot_responses": 3, "added_delay_ms": 12.0}
    both = merged(first, second)
    assert (both["bot_response_ms"], both["bot_responses"]) == (550.0, 4)
    assert (both["barge_in_ms"], both["barge_ins"], both["added_delay_ms"]) == (80.0, 2, 12.0)


def test_a_session_without_packets_says_nothing_about_quality() -> None:
    heard, silent = {"packets_in": 50, "mos": 3.2}, {"packets_in": 0, "mos": 4.4}
    assert merged(heard, silent)["mos"] == merged(silent, heard)["mos"] == 3.2
    assert merged(silent, silent)["mos"] == 4.4


@given(first=COUNTS, second=COUNTS, third=COUNTS)
def test_the_order_in_which_they_are_put_together_does_not_matter(
    first: dict[str, int], second: dict[str, int], third: dict[str, int]
) -> None:
    assert merged(merged(first, second), third) == merged(first, merged(third, second))
    assert merged({}, first) == first
