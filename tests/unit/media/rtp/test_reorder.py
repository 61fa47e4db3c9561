import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.media.rtp import stream
from controller.media.rtp.reorder import HELD_MAX, WAIT_SECONDS_MAX, WAIT_SECONDS_MIN, Released, Reorder


class Line:
    """One stream: its row, and what it holds. Packets hold their own number."""

    def __init__(self) -> None:
        self.row = stream.new()
        self.reorder = Reorder()
        self.expected = -1

    def arrive(self, number: int, now: float = 0.0, jitter: float = 0.0) -> list[int]:
        """What goes on when this packet comes; those that were lost before it are not said here."""
        expected = self.expected if self.expected >= 0 else number
        if (number - expected) % 65_536 < 30_000:
            self.expected = (number + 1) % 65_536
        if number == expected and not self.reorder.holds:
            return [number]
        self.row["jitter"] = jitter
        return numbers(self.reorder.hold(self.row, number, expected, number.to_bytes(2, "big"), now))

    def expire(self, now: float) -> list[int]:
        return numbers(self.reorder.expire(self.row, now))


def numbers(released: Released) -> list[int]:
    return [int.from_bytes(payload, "big") for payload in released.payloads]


def test_packets_in_order_are_not_held() -> None:
    line = Line()
    assert [line.arrive(sequence % 65_536) for sequence in range(65_530, 65_540)] == [
        [sequence % 65_536] for sequence in range(65_530, 65_540)
    ]
    assert line.row["due_at"] == math.inf


def test_a_packet_that_was_overtaken_comes_in_its_place() -> None:
    line = Line()
    assert line.arrive(65_534) == [65_534]
    assert line.arrive(0) == []
    assert line.arrive(1) == []
    assert line.arrive(65_535) == [65_535, 0, 1]
    assert line.arrive(2) == [2]


@pytest.mark.parametrize(("jitter", "wait"), [(0.0, WAIT_SECONDS_MIN), (0.010, 0.040), (0.5, WAIT_SECONDS_MAX)])
def test_the_wait_goes_with_the_unevenness_of_the_network(jitter: float, wait: float) -> None:
    line = Line()
    line.arrive(1)
    line.arrive(3, now=10.0, jitter=jitter)
    assert line.expire(10.0 + wait - 0.001) == []
    assert line.expire(10.0 + wait + 0.001) == [3]
    assert line.row["due_at"] == math.inf
    assert line.arrive(2) == [], "too late"
    assert line.arrive(4) == [4]


def test_two_gaps_wait_one_after_the_other() -> None:
    line = Line()
    for sequence in (1, 3, 5):
        line.arrive(sequence)
    assert line.expire(0.021) == [3]
    assert line.expire(0.022) == []
    assert line.expire(0.042) == [5]


def test_what_is_given_up_is_counted() -> None:
    line = Line()
    line.arrive(65_534)
    line.arrive(3, now=1.0)
    line.arrive(5, now=1.0)
    assert line.reorder.expire(line.row, 1.021) == Released(4, (b"\0\3",))
    assert line.reorder.expire(line.row, 1.042) == Released(1, (b"\0\5",))


def test_a_new_stream_lets_the_old_one_out_first() -> None:
    line = Line()
    for sequence in (1, 4, 3):
        line.arrive(sequence)
    assert numbers(line.reorder.restart(line.row)) == [3, 4]
    line.expected = 9_000
    assert line.arrive(9_000) == [9_000]


def test_no_more_is_held_than_is_bounded() -> None:
    line = Line()
    line.arrive(0)
    released = [number for sequence in range(2, 3 + HELD_MAX) for number in line.arrive(sequence)]
    assert released == list(range(2, 3 + HELD_MAX))


@given(st.permutations(range(12)), st.sets(st.integers(1, 11), max_size=3))
def test_whatever_the_order_what_goes_on_is_in_order(order: list[int], lost: set[int]) -> None:
    line = Line()
    passed = line.arrive(0)
    for place, sequence in enumerate(number for number in order if number and number not in lost):
        passed += line.arrive(sequence, now=place * 0.001)
    for step in range(1, 20):
        passed += line.expire(step * 0.1)
    assert passed == sorted(set(range(12)) - lost)
