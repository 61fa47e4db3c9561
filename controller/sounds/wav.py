"""WAV files of any usual kind to the two that Asterisk plays: 8 and 16 kHz, mono, 16 bit. Pure."""

import io
import wave
from typing import Final

import numpy as np
import numpy.typing as npt

Wave = npt.NDArray[np.float32]
"""-1 … 1."""

RATES: Final = {"wav": 8_000, "wav16": 16_000}
"""Asterisk's name of the format, which is the file's suffix -> samples per second."""

SECONDS_MAX: Final = 300
"""Of one sound: a long announcement; music is a matter of musiconhold.conf."""

_RATE_MIN, _RATE_MAX = 4_000, 192_000


def read(content: bytes) -> tuple[Wave, int]:
    """Samples, mixed to mono, and samples per second. Raises ValueError with the mend."""
    try:
        with wave.open(io.BytesIO(content)) as file:
            rate, width, channels = file.getframerate(), file.getsampwidth(), file.getnchannels()
            # Never more than is wanted: a header may promise anything.
            frames = file.readframes(min(file.getnframes(), rate * SECONDS_MAX + 1))
    except (wave.Error, EOFError, RuntimeError) as error:
        # RuntimeError: a chunk that ends outside of the file.
        said = str(error) or "it ends too early"
        raise ValueError(f"it is no WAV file of PCM samples ({said}): save it as 16-bit PCM") from error
    if not _RATE_MIN <= rate <= _RATE_MAX:
        raise ValueError(f"it has {rate} samples per second: save it with 8000 to 48000")
    samples = _samples(frames[: len(frames) // (width * channels) * width * channels], width)
    mono: Wave = samples.reshape(-1, channels).mean(axis=1, dtype=np.float32)
    if not len(mono):
        raise ValueError("it has no sound in it")
    if len(mono) > rate * SECONDS_MAX:
        raise ValueError(f"it is longer than {SECONDS_MAX} s: shorten it")
    return mono, rate


def write(samples: Wave, rate: int) -> bytes:
    """A WAV file of 16 bits, mono."""
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.round(np.clip(samples, -1, 1) * 32_767).astype("<i2").tobytes())
    return content.getvalue()


def resample(samples: Wave, rate: int, wanted: int) -> Wave:
    """By leaving out (or adding) the upper part of the spectrum: exact for a whole file at once."""
    if rate == wanted:
        return samples
    length = max(1, round(len(samples) * wanted / rate))
    # The ends of a file are each other's neighbours for a Fourier transform: silence between them keeps them apart.
    margin = rate // 50
    padded = np.concatenate([samples, np.zeros(_smooth(len(samples) + margin) - len(samples), np.float32)])
    whole = max(1, round(len(padded) * wanted / rate))
    changed = np.fft.irfft(np.fft.rfft(padded), whole) * (whole / len(padded))
    return changed[:length].astype(np.float32)


def convert(content: bytes) -> dict[str, bytes]:
    """Suffix -> file, for both of `RATES`. Raises ValueError."""
    samples, rate = read(content)
    return {suffix: write(resample(samples, rate, wanted), wanted) for suffix, wanted in RATES.items()}


def _samples(frames: bytes, width: int) -> Wave:
    if width == 1:
        return np.frombuffer(frames, np.uint8).astype(np.float32) / np.float32(128) - np.float32(1)
    if width == 3:
        # As the upper three bytes of a 32-bit number.
        wide = np.zeros((len(frames) // 3, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(frames, np.uint8).reshape(-1, 3)
        return wide.reshape(-1).view("<i4").astype(np.float32) / np.float32(2**31)
    kind = {2: "<i2", 4: "<i4"}.get(width)
    if kind is None:
        raise ValueError(f"it has {8 * width} bits per sample: save it as 16-bit PCM")
    return np.frombuffer(frames, kind).astype(np.float32) / np.float32(2 ** (8 * width - 1))


def _smooth(length: int) -> int:
    """A little more than `length`, and good for a Fourier transform, which is slow for large prime factors."""
    step = 1 << max(0, length.bit_length() - 8)
    return -(-length // step) * step
