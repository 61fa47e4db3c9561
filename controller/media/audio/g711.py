"""G.711 µ-law and A-law to and from linear PCM, by table (ITU-T G.711, 1988).

Linear samples are int16 at full scale: µ-law's 14 bits and A-law's 13 stand in the upper bits, as sound
files and Asterisk have them. One byte is one sample; arrays of any shape are turned element by element.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.uint8]
Samples = npt.NDArray[np.int16]

SILENCE_MULAW: Final = 0xFF
SILENCE_ALAW: Final = 0xD5
"""The codes of zero (A-law has none; this is +8, the smallest step)."""

_MULAW_BIAS: Final = 0x84
_MULAW_CLIP: Final = 32_635
"""The largest magnitude to which the bias can be added within 15 bits."""


def decode_mulaw(codes: Codes) -> Samples:
    return MULAW_TO_LINEAR[codes]


def decode_alaw(codes: Codes) -> Samples:
    return ALAW_TO_LINEAR[codes]


def encode_mulaw(samples: Samples) -> Codes:
    return LINEAR_TO_MULAW[samples.view(np.uint16)]


def encode_alaw(samples: Samples) -> Codes:
    return LINEAR_TO_ALAW[samples.view(np.uint16)]


def _mulaw_to_linear() -> Samples:
    code = ~np.arange(256, dtype=np.int32) & 0xFF
    segment, step = code >> 4 & 0x07, code & 0x0F
    magnitude = ((step << 3) + _MULAW_BIAS << segment) - _MULAW_BIAS
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


def _linear_to_mulaw() -> Codes:
    sample = _every_sample()
    magnitude = np.minimum(np.abs(sample), _MULAW_CLIP) + _MULAW_BIAS
    segment = _bit_length(magnitude >> 8)
    code = np.where(sample < 0, 0x80, 0) | segment << 4 | magnitude >> segment + 3 & 0x0F
    codes: Codes = (~code & 0xFF).astype(np.uint8)
    return codes


def _alaw_to_linear() -> Samples:
    code = np.arange(256, dtype=np.int32) ^ 0x55
    segment, step = code >> 4 & 0x07, code & 0x0F
    # Half a step is added, so that a code means the middle of its interval.
    magnitude = np.where(segment > 0, (step << 4) + 0x108 << np.maximum(segment, 1) - 1, (step << 4) + 8)
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)


def _linear_to_alaw() -> Codes:
    sample = _every_sample()
    magnitude = np.where(sample < 0, ~sample, sample)
    segment = _bit_length(magnitude >> 8)
    code = segment << 4 | magnitude >> np.maximum(segment + 3, 4) & 0x0F | np.where(sample < 0, 0, 0x80)
    codes: Codes = (code ^ 0x55).astype(np.uint8)
    return codes


def _every_sample() -> npt.NDArray[np.int32]:
    """All 65,536 samples in the order of their bit patterns, so that a sample seen as uint16 is its index."""
    return np.arange(65_536, dtype=np.uint16).view(np.int16).astype(np.int32)


def _bit_length(values: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """How many bits each value (0 to 127) takes: the number of the G.711 segment."""
    return np.searchsorted(1 << np.arange(7), values, side="right").astype(np.int32)


MULAW_TO_LINEAR: Final = _mulaw_to_linear()
LINEAR_TO_MULAW: Final = _linear_to_mulaw()
ALAW_TO_LINEAR: Final = _alaw_to_linear()
LINEAR_TO_ALAW: Final = _linear_to_alaw()
