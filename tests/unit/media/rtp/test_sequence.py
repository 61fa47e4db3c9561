import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.media.rtp import stream
from controller.media.rtp.sequence import DROPOUT_MAX, MISORDER_MAX, MODULUS, Arrival, arrive, first_number

START, IN_ORDER, DUPLICATE, LATE = Arrival.START, Arrival.IN_ORDER, Arrival.DUPLICATE, Arrival.LATE


@pytest.mark.parametrize(
    ("sequences", "arrivals", "lost"),
    [
        ([5, 6, 7], [START, IN_ORDER, IN_ORDER], 0),
        ([65_534, 65_535, 0, 1], [START, *[IN_ORDER] * 3], 0),
        ([5, 8], [START, IN_ORDER], 2),
        ([65_535, 2], [START, IN_ORDER], 2),
        ([5, 5], [START, DUPLICATE], 0),
        ([5, 7, 6], [START, IN_ORDER, LATE], 0),
        ([5, 7, 6, 6], [START, IN_ORDER, LATE, DUPLICATE], 0),
        ([65_535, 1, 0], [START, IN_ORDER, LATE], 0),
        ([5, 4], [START, DUPLICATE], 0),
        ([5, 5 + DROPOUT_MAX - 1], [START, IN_ORDER], DROPOUT_MAX - 2),
        ([5, 5 + DROPOUT_MAX], [START, START], 0),
        ([500, 500 - MISORDER_MAX], [START, START], 0),
    ],
)
def test_known_orders(sequences: list[int], arrivals: list[Arrival], lost: int) -> None:
    row = stream.new()
    assert [arrive(row, sequence, ssrc=1) for sequence in sequences] == arrivals
    assert row["lost"] == lost


def test_another_ssrc_is_another_stream() -> None:
    row = stream.new()
    arrive(row, 10, ssrc=1)
    assert arrive(row, 9, ssrc=2) is START
    assert (row["restarts"], row["lost"], row["duplicates"]) == (1, 0, 0)


@given(st.integers(0, 65_535), st.lists(st.integers(0, MISORDER_MAX - 1), max_size=200))
def test_every_packet_is_counted_once(start: int, offsets: list[int]) -> None:
    row = stream.new()
    arrivals = [arrive(row, (start + offset) % 65_536, ssrc=1) for offset in [0, *offsets]]
    distinct = {0, *offsets}
    assert 1 + arrivals.count(IN_ORDER) + arrivals.count(LATE) == row["received"] == len(distinct)
    assert arrivals.count(DUPLICATE) == row["duplicates"] == 1 + len(offsets) - len(distinct)
    assert row["lost"] == max(distinct) + 1 - len(distinct)


@given(st.lists(st.tuples(st.integers(0, 65_535), st.integers(0, 2))))
def test_any_order_is_survived(packets: list[tuple[int, int]]) -> None:
    row = stream.new()
    for sequence, ssrc in packets:
        arrive(row, sequence, ssrc)
    assert row["received"] + row["duplicates"] == len(packets)


@given(st.floats(0, 4e9), st.integers(0, 3_000), st.integers(0, 500))
def test_a_later_stream_of_a_call_is_not_behind_an_earlier_one(began: float, packets: int, pause: int) -> None:
    """A packet more or less is the rounding of the clock."""
    last = first_number(began) + packets
    later = first_number(began + (packets + pause) / 50)
    assert (later - last + 1) % MODULUS <= pause + 2
