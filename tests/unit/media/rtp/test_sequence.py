import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.media.rtp.sequence import DROPOUT_MAX, MISORDER_MAX, Arrival, Sequence

IN_ORDER, DUPLICATE, LATE = Arrival.IN_ORDER, Arrival.DUPLICATE, Arrival.LATE


@pytest.mark.parametrize(
    ("sequences", "arrivals", "lost"),
    [
        ([5, 6, 7], [IN_ORDER, IN_ORDER, IN_ORDER], 0),
        ([65_534, 65_535, 0, 1], [IN_ORDER] * 4, 0),
        ([5, 8], [IN_ORDER, IN_ORDER], 2),
        ([65_535, 2], [IN_ORDER, IN_ORDER], 2),
        ([5, 5], [IN_ORDER, DUPLICATE], 0),
        ([5, 7, 6], [IN_ORDER, IN_ORDER, LATE], 0),
        ([5, 7, 6, 6], [IN_ORDER, IN_ORDER, LATE, DUPLICATE], 0),
        ([65_535, 1, 0], [IN_ORDER, IN_ORDER, LATE], 0),
        ([5, 4], [IN_ORDER, DUPLICATE], 0),
        ([5, 5 + DROPOUT_MAX - 1], [IN_ORDER, IN_ORDER], DROPOUT_MAX - 2),
        ([5, 5 + DROPOUT_MAX], [IN_ORDER, IN_ORDER], 0),
        ([500, 500 - MISORDER_MAX], [IN_ORDER, IN_ORDER], 0),
    ],
)
def test_known_orders(sequences: list[int], arrivals: list[Arrival], lost: int) -> None:
    stream = Sequence()
    assert [stream.arrive(sequence, ssrc=1) for sequence in sequences] == arrivals
    assert stream.lost == lost


def test_another_ssrc_is_another_stream() -> None:
    stream = Sequence()
    stream.arrive(10, ssrc=1)
    assert stream.arrive(9, ssrc=2) is IN_ORDER
    assert (stream.restarts, stream.lost, stream.duplicates) == (1, 0, 0)


@given(st.integers(0, 65_535), st.lists(st.integers(0, 60), max_size=200))
def test_every_packet_is_counted_once(start: int, offsets: list[int]) -> None:
    stream = Sequence()
    arrivals = [stream.arrive((start + offset) % 65_536, ssrc=1) for offset in [0, *offsets]]
    distinct = {0, *offsets}
    assert arrivals.count(IN_ORDER) + arrivals.count(LATE) == stream.received == len(distinct)
    assert arrivals.count(DUPLICATE) == stream.duplicates == 1 + len(offsets) - len(distinct)
    assert stream.lost == max(distinct) + 1 - len(distinct)


@given(st.lists(st.tuples(st.integers(0, 65_535), st.integers(0, 2))))
def test_any_order_is_survived(packets: list[tuple[int, int]]) -> None:
    stream = Sequence()
    for sequence, ssrc in packets:
        stream.arrive(sequence, ssrc)
    assert stream.received + stream.duplicates == len(packets)
