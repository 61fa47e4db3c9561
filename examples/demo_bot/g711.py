"""G.711, the audio of telephones: 8000 samples per second of 8 bits, µ-law or A-law (ITU-T G.711, 1988).

Both laws keep the sign, the position of the highest bit (segment) and the four bits after it. So encoding is
a table of 65,536 entries, made once, and decoding one of 256. Linear samples are 16 bits wide here.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]

SAMPLE_RATE: Final = 8000
"""Samples, and bytes, per second."""

_CLIP: Final = 32635
"""The largest magnitude that µ-law's bias leaves within 15 bits: 32767 - 132."""

_BIAS: Final = 132
"""Added before µ-law looks for the highest bit (33 in the 14 bits of the standard), so that every segment has one."""


def _mulaw_decoding() -> Samples:
    code = ~np.arange(256) & 0xFF
    segment, step = code >> 4 & 7, code & 15
    magnitude = ((step << 3) + _BIAS << segment) - _BIAS
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


def _mulaw_encoding() -> NDArray[np.uint8]:
    sample = np.arange(-32768, 32768)
    biased = np.minimum(np.abs(sample), _CLIP) + _BIAS
    segment = np.log2(biased).astype(int) - 7
    step = biased >> segment + 3 & 15
    code: NDArray[np.int_] = ~(np.where(sample < 0, 0x80, 0) | segment << 4 | step) & 0xFF
    return code.astype(np.uint8)


def _alaw_decoding() -> Samples:
    code = np.arange(256) ^ 0x55
    segment, step = code >> 4 & 7, code & 15
    magnitude = np.where(segment == 0, (step << 4) + 8, (step << 4) + 0x108 << np.maximum(segment - 1, 0))
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)


def _alaw_encoding() -> NDArray[np.uint8]:
    sample = np.arange(-32768, 32768)
    # A-law has no zero: -1 is the smallest negative step, as 0 is the smallest positive one.
    magnitude = np.where(sample < 0, -sample - 1, sample)
    segment = np.maximum(np.log2(np.maximum(magnitude, 1)).astype(int) - 7, 0)
    step = magnitude >> np.maximum(segment, 1) + 3 & 15
    code: NDArray[np.int_] = (np.where(sample < 0, 0, 0x80) | segment << 4 | step) ^ 0x55
    return code.astype(np.uint8)


_DECODING: Final = {"mulaw": _mulaw_decoding(), "alaw": _alaw_decoding()}
_ENCODING: Final = {"mulaw": _mulaw_encoding(), "alaw": _alaw_encoding()}


def encode(samples: Samples, law: str) -> bytes:
    """Linear samples to G.711; `law` is mulaw or alaw."""
    return _ENCODING[law][samples.astype(np.int32) + 32768].tobytes()


def decode(audio: bytes, law: str) -> Samples:
    """G.711 to linear samples; `law` is mulaw or alaw."""
    return _DECODING[law][np.frombuffer(audio, np.uint8)]
