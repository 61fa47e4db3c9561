"""Places that calls take and give back, and bots that want none for a while."""

import pytest

from controller.errors import LimitReached
from controller.session.limits import OwnLimits


def test_so_many_at_a_time_and_who_is_told_when_one_is_free() -> None:
    freed: list[str] = []
    limits = OwnLimits(freed.append)
    limits.take({"a": 1, "all": 0})
    with pytest.raises(LimitReached, match="a has its 1 calls"):
        limits.take({"all": 0, "a": 1})
    assert limits.taken("all") == 1, "nothing is taken where something is not free"
    limits.give_back({"a": 1, "all": 0})
    assert freed == ["a", "all"]
    limits.take({"a": 1})


def test_a_bot_that_wants_to_be_left_alone_is() -> None:
    now = [100.0]
    limits = OwnLimits(clock=lambda: now[0])
    limits.rest("a", 30)
    limits.take({"b": 0})
    with pytest.raises(LimitReached, match="a wants no calls for 30 s"):
        limits.take({"a": 0})
    now[0] += 29.5
    with pytest.raises(LimitReached):
        limits.take({"a": 5})
    now[0] += 1
    limits.take({"a": 5})
