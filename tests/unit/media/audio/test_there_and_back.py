"""Speech to a bot of linear PCM and straight back: what the caller's own words have lost on the way."""

import numpy as np
import numpy.typing as npt
import pytest

from controller.carrier.sounds import utterance
from controller.media.audio import g711
from controller.media.audio.linear import Line, from_linear, to_linear

Wave = npt.NDArray[np.float64]

FRAME = 160
TELEPHONE_BAND = (300, 3_400)  # Hz
SNR_DB_MIN = 30.0  # G.711 by itself leaves some 37
EDGE = 200  # samples in which the filters have not filled yet


def in_band(samples: Wave) -> Wave:
    spectrum = np.fft.rfft(samples)
    hertz = np.fft.rfftfreq(len(samples), 1 / 8_000)
    spectrum[(hertz < TELEPHONE_BAND[0]) | (hertz > TELEPHONE_BAND[1])] = 0
    return np.fft.irfft(spectrum, len(samples))


def earlier(samples: Wave, delay: float) -> Wave:
    """By a fraction of a sample too: the filters' delay is none of whole samples."""
    turn = np.exp(2j * np.pi * np.fft.rfftfreq(len(samples)) * delay)
    return np.fft.irfft(np.fft.rfft(samples) * turn, len(samples))


def there_and_back(codes: bytes, factor: int) -> bytes:
    line, returned = Line("mulaw", factor), b""
    for start in range(0, len(codes), FRAME):
        (linear,) = to_linear([(line, codes[start : start + FRAME])])
        returned += from_linear([(line, linear)])[0]
    return returned


@pytest.mark.parametrize("factor", [2, 3])
def test_speech_is_what_it_was(factor: int) -> None:
    speech = utterance()
    codes = g711.encode_mulaw(speech[: len(speech) // FRAME * FRAME]).tobytes()
    said = in_band(g711.decode_mulaw(np.frombuffer(codes, np.uint8)).astype(float))
    heard = in_band(g711.decode_mulaw(np.frombuffer(there_and_back(codes, factor), np.uint8)).astype(float))
    middle = slice(EDGE, -EDGE)
    noise = min(
        np.sum((said - earlier(heard, delay))[middle] ** 2)
        for delay in np.arange(20, 30, 0.05)  # samples: some 3 ms
    )
    assert 10 * np.log10(np.sum(said[middle] ** 2) / noise) > SNR_DB_MIN
