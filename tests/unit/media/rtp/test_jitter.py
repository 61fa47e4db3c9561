import pytest

from controller.media.rtp import jitter, stream


def test_packets_on_time_have_none() -> None:
    row = stream.new()
    for number in range(100):
        jitter.arrive(row, (0xFFFFFF00 + 160 * number) % (1 << 32), 5.0 + 0.020 * number)
    assert row["jitter"] == pytest.approx(0.0, abs=1e-6)


def test_a_packet_that_is_always_late_by_turns_has_the_difference() -> None:
    row = stream.new()
    for number in range(1_000):
        jitter.arrive(row, 160 * number, 0.020 * number + (0.010 if number % 2 else 0.0))
    assert row["jitter"] == pytest.approx(0.010, rel=0.01)
    assert row["jitter_max"] == pytest.approx(0.010, rel=0.01)


def test_the_first_difference_counts_a_sixteenth() -> None:
    row = stream.new()
    jitter.arrive(row, 0, 0.0)
    jitter.arrive(row, 160, 0.036)
    assert row["jitter"] == pytest.approx(0.001)


def test_a_clock_that_was_set_anew_is_no_jitter() -> None:
    row = stream.new()
    jitter.arrive(row, 0, 0.0)
    jitter.arrive(row, 8_000_000, 0.020)
    jitter.arrive(row, 8_000_160, 0.040)
    assert row["jitter"] == pytest.approx(0.0, abs=1e-6)
