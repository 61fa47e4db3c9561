"""Changing the sample rate without aliasing: speech synthesis has its own rate, telephones have 8000 per second."""

from math import gcd
from typing import Final

import numpy as np
from numpy.typing import NDArray

_ZERO_CROSSINGS: Final = 24
"""Of the sinc on each side: a longer one cuts more sharply. 24 pass 3.4 kHz and stop what would alias (4.6 kHz up)."""

_PASSED: Final = 0.93
"""Where the low-pass stands, as a part of the lower rate's half: room for the slope of its edge."""


def resample(samples: NDArray[np.float64], rate: int, new_rate: int) -> NDArray[np.float64]:
    """Band-limited interpolation: every new sample is the sum of its neighbours, weighted by a windowed sinc.

    `samples`: one dimension, at `rate` per second. The result has `len(samples) * new_rate / rate` of them, rounded.
    The weights depend only on where a new sample lies between two old ones, and that repeats: from 22,050 to 8000,
    every 160 new samples, which are 441 old ones.
    """
    cutoff = _PASSED * min(1.0, new_rate / rate)
    reach = int(np.ceil(_ZERO_CROSSINGS / cutoff))
    period, old_period = new_rate // gcd(rate, new_rate), rate // gcd(rate, new_rate)
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(samples, reach), 2 * reach)
    result = np.empty(round(len(samples) * new_rate / rate))
    for phase in range(min(period, len(result))):
        nearest, between = divmod(phase * rate / new_rate, 1)
        places = result[phase::period]
        places[:] = windows[int(nearest) + 1 :: old_period][: len(places)] @ _weights(cutoff, reach, between)
    return result


def _weights(cutoff: float, reach: int, between: float) -> NDArray[np.float64]:
    """A sinc under a Blackman window, for the old samples from `reach - 1` before to `reach` after."""
    distance = np.arange(-reach + 1, reach + 1) - between
    window = 0.42 + 0.5 * np.cos(np.pi * distance / reach) + 0.08 * np.cos(2 * np.pi * distance / reach)
    return np.asarray(cutoff * np.sinc(cutoff * distance) * window)
