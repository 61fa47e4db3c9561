"""Telephone audio to and from the rates that bots use: 8 kHz times 2 or 3 and back, band-limited, by batch.

Windowed-sinc low-passes (Kaiser), run as one matrix product over blocks of all calls of a batch. What lies above
the telephone band (4,600 Hz and up) is at least STOPBAND_DB down, whether it is the image that a higher rate would
show or the alias that a lower one would; 3,400 Hz and below pass. The delay is TAPS_PER_SAMPLE / 2 samples of 8 kHz.
"""

from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from controller.media.audio.g711 import Samples

TELEPHONE_RATE: Final = 8_000

STOPBAND_DB: Final = 60.0
"""Below the noise of G.711 itself, which is 38 dB down at best."""

TAPS_PER_SAMPLE: Final = 24
"""Length of the filters in samples of 8 kHz: 3 ms. 60 dB between 3,400 and 4,600 Hz take 23 (Kaiser's formula)."""

BLOCK: Final = 16
"""Samples of 8 kHz per block of the matrix product: short enough to waste little, long enough for the processor."""

Floats = npt.NDArray[np.float32]
History = Floats
"""The last input samples of one call, before those of the next batch; zeros at the start."""


class Upsampler:
    """From 8 kHz to `factor` times as much."""

    def __init__(self, factor: int) -> None:
        self.factor = factor
        self.history_samples = TAPS_PER_SAMPLE - 1
        taps = _low_pass(factor) * factor
        self._matrix = np.zeros((BLOCK + self.history_samples, BLOCK * factor), np.float32)
        for sample in range(BLOCK):
            for phase in range(factor):
                newest = sample + self.history_samples
                column = taps[phase::factor]
                self._matrix[newest - TAPS_PER_SAMPLE + 1 : newest + 1, sample * factor + phase] = column[::-1]

    def __call__(self, samples: Samples, history: History) -> tuple[Samples, History]:
        """(calls, n) and (calls, history_samples) to (calls, n * factor) and the history of the next batch."""
        known = np.concatenate([history, samples], axis=1, dtype=np.float32)
        wide = _blocks(known, BLOCK, self.history_samples) @ self._matrix
        return _to_samples(wide, samples.shape[1] * self.factor), known[:, -self.history_samples :]


class Downsampler:
    """From `factor` times 8 kHz to 8 kHz."""

    def __init__(self, factor: int) -> None:
        self.factor = factor
        self.history_samples = TAPS_PER_SAMPLE * factor - 1
        taps = _low_pass(factor)
        self._matrix = np.zeros((BLOCK * factor + self.history_samples, BLOCK), np.float32)
        for sample in range(BLOCK):
            newest = sample * factor + self.history_samples
            self._matrix[newest - len(taps) + 1 : newest + 1, sample] = taps[::-1]

    def __call__(self, samples: Samples, history: History) -> tuple[Samples, History]:
        """(calls, n * factor) and (calls, history_samples) to (calls, n) and the history of the next batch."""
        known = np.concatenate([history, samples], axis=1, dtype=np.float32)
        narrow = _blocks(known, BLOCK * self.factor, self.history_samples) @ self._matrix
        return _to_samples(narrow, samples.shape[1] // self.factor), known[:, -self.history_samples :]


@cache
def upsampler(factor: int) -> Upsampler:
    return Upsampler(factor)


@cache
def downsampler(factor: int) -> Downsampler:
    return Downsampler(factor)


def _low_pass(factor: int) -> npt.NDArray[np.float64]:
    """Cut at 4 kHz, at `factor` times 8 kHz; gain 1 (J. F. Kaiser, 1974, for the window)."""
    length = TAPS_PER_SAMPLE * factor
    beta = 0.1102 * (STOPBAND_DB - 8.7)
    position = np.arange(length) - (length - 1) / 2
    taps = np.sinc(position / factor) * np.kaiser(length, beta)
    normalised: npt.NDArray[np.float64] = taps / taps.sum()
    return normalised


def _blocks(known: Floats, step: int, history: int) -> Floats:
    """(calls, history + n) to (calls, blocks, history + step), the last block filled with zeros."""
    missing = -(known.shape[1] - history) % step
    if missing:
        known = np.pad(known, ((0, 0), (0, missing)))
    windows = np.lib.stride_tricks.sliding_window_view(known, history + step, axis=1)[:, ::step]
    return np.ascontiguousarray(windows)


def _to_samples(blocks: Floats, length: int) -> Samples:
    flat = blocks.reshape(len(blocks), -1)[:, :length]
    limits = np.iinfo(np.int16)
    samples: Samples = np.clip(np.rint(flat), limits.min, limits.max).astype(np.int16)
    return samples
