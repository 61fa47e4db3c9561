import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.media.audio.g711 import Samples
from controller.media.audio.resample import Downsampler, Upsampler, downsampler, upsampler

AMPLITUDE = 10_000
SECONDS = 1


def tone(frequency: float, rate: int) -> Samples:
    time = np.arange(rate * SECONDS) / rate
    samples: Samples = np.rint(AMPLITUDE * np.sin(2 * np.pi * frequency * time)).astype(np.int16)
    return samples[np.newaxis, :]


def level_db(samples: Samples, frequency: float, rate: int) -> float:
    """How strong one frequency is, against the tone that went in."""
    signal = samples[0, rate // 10 :].astype(np.float64)
    window = np.hanning(len(signal))
    time = np.arange(len(signal)) / rate
    amplitude = 2 * abs(np.sum(signal * window * np.exp(-2j * np.pi * frequency * time))) / window.sum()
    return float(20 * np.log10(max(amplitude, 1e-6) / AMPLITUDE))


def run(resampler: Upsampler | Downsampler, samples: Samples) -> Samples:
    history = np.zeros((len(samples), resampler.history_samples), np.float32)
    return resampler(samples, history)[0]


@pytest.mark.parametrize("factor", [2, 3])
@pytest.mark.parametrize("frequency", [100, 1_000, 3_000, 3_400])
def test_the_telephone_band_passes_both_ways(factor: int, frequency: int) -> None:
    up = run(upsampler(factor), tone(frequency, 8_000))
    assert level_db(up, frequency, 8_000 * factor) == pytest.approx(0.0, abs=0.2)
    down = run(downsampler(factor), tone(frequency, 8_000 * factor))
    assert level_db(down, frequency, 8_000) == pytest.approx(0.0, abs=0.2)


@pytest.mark.parametrize("factor", [2, 3])
@pytest.mark.parametrize("frequency", [300, 1_000, 3_000, 3_400])
def test_images_are_rejected(factor: int, frequency: int) -> None:
    up = run(upsampler(factor), tone(frequency, 8_000))
    assert level_db(up, 8_000 - frequency, 8_000 * factor) < -50


@pytest.mark.parametrize(
    ("factor", "frequency"), [(2, 4_600), (2, 5_000), (2, 7_000), (3, 4_700), (3, 6_000), (3, 9_000), (3, 11_500)]
)
def test_aliases_are_rejected(factor: int, frequency: int) -> None:
    down = run(downsampler(factor), tone(frequency, 8_000 * factor))
    alias = abs(frequency - 8_000 * round(frequency / 8_000))
    assert level_db(down, alias, 8_000) < -50


@pytest.mark.parametrize("factor", [2, 3])
def test_there_and_back_is_the_same_but_for_the_delay(factor: int) -> None:
    speechlike = sum(tone(frequency, 8_000).astype(np.int32) // 8 for frequency in (200, 410, 830, 1_650, 2_900))
    samples = np.asarray(speechlike, np.int16)
    back = run(downsampler(factor), run(upsampler(factor), samples))
    delay = _delay(samples[0], back[0])
    wanted, got = samples[0, 100 : -100 - delay].astype(float), back[0, 100 + delay : -100].astype(float)
    # A delay between two samples (24 - 1/factor) shifts the phase, so the spectra are compared.
    loudness = np.abs(np.fft.rfft(wanted)), np.abs(np.fft.rfft(got))
    assert np.sum((loudness[0] - loudness[1]) ** 2) < np.sum(loudness[0] ** 2) * 10 ** (-30 / 10)
    assert 20 <= delay <= 24


def _delay(wanted: npt.NDArray[np.int16], got: npt.NDArray[np.int16]) -> int:
    return int(np.argmax([np.dot(wanted[:4000].astype(float), got[lag : lag + 4000]) for lag in range(40)]))


@given(
    st.sampled_from([Upsampler(2), Upsampler(3), Downsampler(2), Downsampler(3)]),
    st.lists(st.integers(1, 60), min_size=1, max_size=6),
)
def test_pieces_of_any_length_make_the_same_stream(resampler: Upsampler | Downsampler, pieces: list[int]) -> None:
    unit = resampler.factor if isinstance(resampler, Downsampler) else 1
    noise = np.random.default_rng(1).integers(-20_000, 20_000, (2, sum(pieces) * unit)).astype(np.int16)
    history = np.zeros((2, resampler.history_samples), np.float32)
    outputs, start = [], 0
    for piece in pieces:
        output, history = resampler(noise[:, start : start + piece * unit], history)
        outputs.append(output)
        start += piece * unit
    assert np.abs(np.concatenate(outputs, axis=1).astype(int) - run(resampler, noise)).max() <= 1


def test_calls_of_one_batch_do_not_mix() -> None:
    both = np.concatenate([tone(1_000, 8_000), np.zeros_like(tone(1_000, 8_000))])
    assert not run(upsampler(2), both)[1].any()


def test_too_loud_is_cut_and_not_wrapped() -> None:
    square = np.where(np.arange(1_600) // 20 % 2, 32_767, -32_768).astype(np.int16)[np.newaxis, :]
    up = run(upsampler(2), square)
    # Around an edge the band-limited signal overshoots full scale.
    assert up.max() == 32_767
    assert up.min() == -32_768
