"""Sounds to speak: tones, chirps and WAV files' samples. Pure; all int16, 8 kHz, mono."""

import io
import wave
from typing import Final

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]

SAMPLE_RATE: Final = 8000
"""Samples per second of all telephone audio here (G.711)."""

_FULL_SCALE: Final = 32_767
_EDGE_SECONDS: Final = 0.005
"""Fade at both ends, so that a sound does not begin with a click that is heard at all frequencies."""


def tone(hertz: float, seconds: float, level: float = 0.5) -> Samples:
    """A sine; `level` is its share of full scale."""
    return chirp(hertz, hertz, seconds, level)


def chirp(from_hertz: float, to_hertz: float, seconds: float, level: float = 0.5) -> Samples:
    """A tone that glides from one pitch to another: unlike a steady one it is found in exactly one place."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    glide = (to_hertz - from_hertz) / (2 * seconds) if seconds else 0.0
    wave_form = level * np.sin(2 * np.pi * (from_hertz + glide * time) * time)
    edge = np.clip(np.minimum(time, seconds - time) / _EDGE_SECONDS, 0, 1)
    return to_samples(wave_form * edge)


def utterance() -> Samples:
    """1.6 s that behave like speech for who has no voice: four glides with short pauses, unlike each other."""
    pause = np.zeros(SAMPLE_RATE // 20, np.int16)
    pitches = ((400, 900), (1200, 500), (700, 1900), (1500, 1000))
    return np.concatenate([part for a, b in pitches for part in (chirp(a, b, 0.35), pause)])


def another_utterance() -> Samples:
    """As long, and found where `utterance` is not."""
    return utterance()[::-1].copy()


def read_wav(content: bytes) -> Samples:
    """The samples of a WAV file (16 bit PCM, any rate and number of channels). Raises ValueError for others."""
    try:
        with wave.open(io.BytesIO(content)) as file:
            rate, width, channels = file.getframerate(), file.getsampwidth(), file.getnchannels()
            frames = file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise ValueError(f"this is no WAV file ({error})") from error
    if width != 2:
        raise ValueError(f"a WAV file of 16 bits per sample is needed, this one has {8 * width}")
    samples = np.frombuffer(frames[: len(frames) // (2 * channels) * 2 * channels], "<i2")
    mono = samples.reshape(-1, channels).astype(np.float64).mean(axis=1) / _FULL_SCALE
    return to_samples(mono if rate == SAMPLE_RATE else _resample(mono, rate))


def write_wav(samples: Samples) -> bytes:
    """A WAV file: 8 kHz, mono, 16 bit."""
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(samples.astype("<i2").tobytes())
    return content.getvalue()


def to_samples(wave_form: npt.NDArray[np.float64]) -> Samples:
    """From -1 … 1 to int16."""
    return np.round(np.clip(wave_form, -1, 1) * _FULL_SCALE).astype(np.int16)


def _resample(wave_form: npt.NDArray[np.float64], rate: int) -> npt.NDArray[np.float64]:
    """To 8 kHz by leaving out (or adding) the upper part of the spectrum: exact for a whole file at once."""
    length = round(len(wave_form) * SAMPLE_RATE / rate)
    if length == 0:
        return np.zeros(0)
    return np.fft.irfft(np.fft.rfft(wave_form), length) * (length / len(wave_form))
