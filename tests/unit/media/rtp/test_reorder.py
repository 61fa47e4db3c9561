import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.media.rtp.reorder import HELD_MAX, WAIT_SECONDS_MAX, WAIT_SECONDS_MIN, Reorder


def arrive(stream: Reorder, sequence: int, now: float = 0.0, jitter: float = 0.0) -> list[int]:
    """What goes on when this packet comes; packets hold their own number."""
    payload = sequence.to_bytes(2, "big")
    if stream.next_is(sequence):
        return [sequence]
    return numbers(stream.hold(sequence, payload, now, jitter))


def numbers(payloads: list[bytes]) -> list[int]:
    return [int.from_bytes(payload, "big") for payload in payloads]


def test_packets_in_order_are_not_held() -> None:
    stream = Reorder()
    assert [arrive(stream, sequence % 65_536) for sequence in range(65_530, 65_540)] == [
        [sequence % 65_536] for sequence in range(65_530, 65_540)
    ]
    assert stream.due_at is None


def test_a_packet_that_was_overtaken_comes_in_its_place() -> None:
    stream = Reorder()
    assert arrive(stream, 65_534) == [65_534]
    assert arrive(stream, 0) == []
    assert arrive(stream, 1) == []
    assert arrive(stream, 65_535) == [65_535, 0, 1]
    assert arrive(stream, 2) == [2]


@pytest.mark.parametrize(("jitter", "wait"), [(0.0, WAIT_SECONDS_MIN), (0.010, 0.040), (0.5, WAIT_SECONDS_MAX)])
def test_the_wait_goes_with_the_unevenness_of_the_network(jitter: float, wait: float) -> None:
    stream = Reorder()
    arrive(stream, 1)
    arrive(stream, 3, now=10.0, jitter=jitter)
    assert stream.expire(10.0 + wait - 0.001) == []
    assert numbers(stream.expire(10.0 + wait + 0.001)) == [3]
    assert stream.due_at is None
    assert arrive(stream, 2) == [], "too late"
    assert arrive(stream, 4) == [4]


def test_two_gaps_wait_one_after_the_other() -> None:
    stream = Reorder()
    for sequence in (1, 3, 5):
        arrive(stream, sequence)
    assert numbers(stream.expire(0.021)) == [3]
    assert numbers(stream.expire(0.022)) == []
    assert numbers(stream.expire(0.042)) == [5]


def test_a_new_stream_lets_the_old_one_out_first() -> None:
    stream = Reorder()
    for sequence in (1, 4, 3):
        arrive(stream, sequence)
    assert numbers(stream.restart(9_000)) == [3, 4]
    assert arrive(stream, 9_000) == [9_000]


def test_no_more_is_held_than_is_bounded() -> None:
    stream = Reorder()
    arrive(stream, 0)
    released = [number for sequence in range(2, 3 + HELD_MAX) for number in arrive(stream, sequence)]
    assert released == list(range(2, 3 + HELD_MAX))


@given(st.permutations(range(12)), st.sets(st.integers(1, 11), max_size=3))
def test_whatever_the_order_what_goes_on_is_in_order(order: list[int], lost: set[int]) -> None:
    stream = Reorder()
    passed = arrive(stream, 0)
    for place, sequence in enumerate(number for number in order if number and number not in lost):
        passed += arrive(stream, sequence, now=place * 0.001)
    for step in range(1, 20):
        passed += numbers(stream.expire(step * 0.1))
    assert passed == sorted(set(range(12)) - lost)
