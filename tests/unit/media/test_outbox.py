import json

from hypothesis import given
from hypothesis import strategies as st

from controller.media.control_messages import Accepted
from controller.media.outbox import SESSION_REPORTS_MAX, Outbox


def waiting(outbox: Outbox, seq: int = 0) -> list[int]:
    numbers = []
    while (following := outbox.after(seq)) is not None:
        seq, text = following
        assert json.loads(text)["seq"] == seq
        numbers.append(seq)
    return numbers


def filled(count: int, limit: int = 100) -> Outbox:
    outbox = Outbox(limit)
    for _ in range(count):
        outbox.add(Accepted(session="s"))
    return outbox


def test_numbers_count_from_one_and_wait_until_acknowledged() -> None:
    outbox = filled(5)
    assert waiting(outbox) == [1, 2, 3, 4, 5]
    outbox.acknowledge(3)
    assert waiting(outbox) == [4, 5]
    assert waiting(outbox, 4) == [5]
    outbox.acknowledge(5)
    assert waiting(outbox) == []
    assert outbox.acknowledged == 5


def test_the_oldest_go_when_there_are_too_many_and_are_counted() -> None:
    outbox = filled(7, limit=4)
    assert waiting(outbox) == [4, 5, 6, 7]
    assert outbox.dropped == 3


def test_acknowledgements_that_make_no_sense_change_nothing() -> None:
    outbox = filled(3)
    outbox.acknowledge(-1)
    assert waiting(outbox) == [1, 2, 3]
    outbox.acknowledge(1_000)
    outbox.acknowledge(1)
    outbox.add(Accepted(session="s"))
    assert waiting(outbox) == [4]


def test_one_session_cannot_take_all_the_room() -> None:
    outbox = filled(SESSION_REPORTS_MAX - 1, limit=10_000)
    assert not outbox.crowded("s")
    outbox.add(Accepted(session="s"))
    assert outbox.crowded("s")
    assert not outbox.crowded("another")
    outbox.acknowledge(1)
    assert not outbox.crowded("s")


@given(st.lists(st.integers(-5, 60), max_size=60), st.integers(1, 10))
def test_what_waits_is_always_the_newest_in_order(steps: list[int], limit: int) -> None:
    outbox = Outbox(limit)
    added = 0
    for step in steps:
        if step % 3:
            outbox.add(Accepted(session=str(step)))
            added += 1
        else:
            outbox.acknowledge(step)
        assert waiting(outbox) == list(range(outbox.acknowledged + 1, added + 1))
        assert len(waiting(outbox)) <= limit
