"""What waits for a slow bot."""

from hypothesis import given
from hypothesis import strategies as st

from controller.bot.backlog import Backlog


@given(sizes=st.lists(st.integers(1, 50)), limit=st.integers(1, 120))
def test_the_newest_stays_in_order_within_the_limit_and_all_else_is_dropped_oldest_first(
    sizes: list[int], limit: int
) -> None:
    backlog = Backlog(limit)
    messages = [bytes([number % 256]) * size for number, size in enumerate(sizes)]
    dropped = [gone for message in messages for gone in backlog.add(message)]
    kept = []
    while backlog:
        kept.append(backlog.take())
    assert dropped + kept == messages
    assert sum(map(len, kept)) <= limit or len(kept) == 1
    if dropped:
        assert kept
        assert sum(map(len, kept)) + len(dropped[-1]) > limit
