"""Speech passes unharmed; what would alias does not."""

import numpy as np
import pytest

from examples.demo_bot.resample import resample

RATE = 22_050


def level_db(hertz: float, new_rate: int = 8000) -> float:
    """How a sine comes through, against how it went in; its edges are left out."""
    sine = np.sin(2 * np.pi * hertz * np.arange(RATE) / RATE)
    middle = resample(sine, RATE, new_rate)[new_rate // 4 : -new_rate // 4]
    return float(20 * np.log10(np.sqrt(2 * np.mean(middle**2)) + 1e-12))


@pytest.mark.parametrize("hertz", [50, 300, 1000, 2000, 3000, 3400])
def test_the_telephone_band_passes(hertz: float) -> None:
    assert abs(level_db(hertz)) < 0.1


@pytest.mark.parametrize("hertz", [4200, 4600, 5000, 7000, 10_000])
def test_what_would_alias_is_stopped(hertz: float) -> None:
    assert level_db(hertz) < -50


def test_a_sine_keeps_its_pitch_and_place() -> None:
    time_in, time_out = np.arange(RATE) / RATE, np.arange(8000) / 8000
    out = resample(np.sin(2 * np.pi * 440 * time_in), RATE, 8000)
    assert np.max(np.abs(out - np.sin(2 * np.pi * 440 * time_out))[500:-500]) < 0.001


@pytest.mark.parametrize(("length", "expected"), [(0, 0), (1, 0), (441, 160), (22_050, 8000)])
def test_the_length_follows_the_rates(length: int, expected: int) -> None:
    assert len(resample(np.zeros(length), RATE, 8000)) == expected


def test_the_other_way_round_too() -> None:
    assert abs(level_db(1000, 48_000)) < 0.1
