"""The bot's voice: espeak-ng, every phrase and digit spoken once at start-up, so that a call never waits for it."""

import io
import shutil
import subprocess
import wave
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np
from numpy.typing import NDArray

from examples.demo_bot.formats import Format
from examples.demo_bot.g711 import SAMPLE_RATE, Samples
from examples.demo_bot.resample import resample

PROGRAM: Final = "espeak-ng"
VOICE: Final = ("-v", "en-us", "-s", "150")
"""Language, and words per minute: slower than its default of 175, for a telephone's 3.4 kHz."""

DIGITS: Final = {
    "0": "zero", "1": "one", "2": "two", "3": "three", "4": "four",
    "5": "five", "6": "six", "7": "seven", "8": "eight", "9": "nine",
}  # fmt: skip

_PEAK: Final = 20_000
"""Loudest sample of a phrase, of 32767: as loud as a telephone's speech usually is."""

_SILENT: Final = 200
"""Samples below this, at the beginning and end of a phrase, are silence that is cut off."""

_PAUSE_SECONDS: Final = 0.08
"""Between words that are put together."""

_SYNTHESIS_SECONDS_MAX: Final = 20.0
"""For one phrase: a thousand times what it takes."""


class NoVoice(Exception):
    """espeak-ng is missing or does not work; the text is one line for the operator."""


class Speech:
    """Phrases that can be said at once."""

    def __init__(self, phrases: Iterable[str]) -> None:
        """Synthesise `phrases` and the digits. Raises NoVoice."""
        words = [*phrases, *DIGITS.values()]
        with ThreadPoolExecutor() as threads:
            self._spoken = dict(zip(words, threads.map(synthesise, words), strict=True))

    def say(self, *words: str, audio_format: Format) -> bytes:
        """Some of the phrases in a row, with short pauses between them."""
        pause = np.zeros(round(_PAUSE_SECONDS * SAMPLE_RATE), np.int16)
        parts = [part for word in words for part in (self._spoken[word], pause)]
        return audio_format.encode(np.concatenate(parts))


def spell(number: str) -> list[str]:
    """The words for a telephone number, digit by digit; what is no digit is left out."""
    return [DIGITS[letter] for letter in number if letter in DIGITS]


def tone(hertz: float, seconds: float) -> Samples:
    """A beep."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (0.3 * _PEAK * np.sin(2 * np.pi * hertz * time)).astype(np.int16)


def synthesise(text: str) -> Samples:
    """Speak `text`: 8000 samples per second, silence trimmed, of the same loudness always. Raises NoVoice."""
    program = shutil.which(PROGRAM)
    if program is None:
        raise NoVoice(f"{PROGRAM} is not installed: the demo bot has no voice. Install it: apt-get install {PROGRAM}")
    run = subprocess.run(  # noqa: S603 - the text is ours
        [program, *VOICE, "--stdout", text], capture_output=True, timeout=_SYNTHESIS_SECONDS_MAX, check=False
    )
    if run.returncode != 0 or not run.stdout:
        reason = run.stderr.decode(errors="replace").strip().replace("\n", "; ") or f"status {run.returncode}"
        raise NoVoice(f"{PROGRAM} failed: {reason}. Reinstall it: apt-get install --reinstall {PROGRAM}")
    return _level(resample(*_read_wav(run.stdout), SAMPLE_RATE))


def _read_wav(data: bytes) -> tuple[NDArray[np.float64], int]:
    # Not the header's own length: on a pipe espeak-ng cannot go back and fill it in.
    with wave.open(io.BytesIO(data)) as reader:
        rate = reader.getframerate()
        frames = reader.readframes(len(data))
    return np.frombuffer(frames[: len(frames) // 2 * 2], "<i2").astype(np.float64), rate


def _level(samples: NDArray[np.float64]) -> Samples:
    loud = samples * (_PEAK / max(1.0, float(np.max(np.abs(samples), initial=0.0))))
    heard = np.flatnonzero(np.abs(loud) > _SILENT)
    return loud[heard[0] : heard[-1] + 1].astype(np.int16) if len(heard) else np.zeros(0, np.int16)
