import pytest

from controller.media.rtp.jitter import Jitter


def test_packets_on_time_have_none() -> None:
    jitter = Jitter()
    for number in range(100):
        jitter.arrive((0xFFFFFF00 + 160 * number) % (1 << 32), 5.0 + 0.020 * number)
    assert jitter.seconds == pytest.approx(0.0, abs=1e-6)


def test_a_packet_that_is_always_late_by_turns_has_the_difference() -> None:
    jitter = Jitter()
    for number in range(1_000):
        jitter.arrive(160 * number, 0.020 * number + (0.010 if number % 2 else 0.0))
    assert jitter.seconds == pytest.approx(0.010, rel=0.01)
    assert jitter.seconds_max == pytest.approx(0.010, rel=0.01)


def test_the_first_difference_counts_a_sixteenth() -> None:
    jitter = Jitter()
    jitter.arrive(0, 0.0)
    jitter.arrive(160, 0.036)
    assert jitter.seconds == pytest.approx(0.001)


def test_a_clock_that_was_set_anew_is_no_jitter() -> None:
    jitter = Jitter()
    jitter.arrive(0, 0.0)
    jitter.arrive(8_000_000, 0.020)
    jitter.arrive(8_000_160, 0.040)
    assert jitter.seconds == pytest.approx(0.0, abs=1e-6)
