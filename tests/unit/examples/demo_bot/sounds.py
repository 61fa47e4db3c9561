"""What the demo bot hears and says in tests, without espeak-ng."""

from collections.abc import Iterable

import numpy as np

from examples.demo_bot.conversation import PHRASES
from examples.demo_bot.g711 import SAMPLE_RATE, Samples, encode
from examples.demo_bot.speech import DIGITS, Speech


class HummedSpeech(Speech):
    """Says every word as 0.1 s of a hum of its own."""

    def __init__(self, phrases: Iterable[str] = PHRASES) -> None:
        words = [*phrases, *DIGITS.values()]
        self._spoken = {word: hum(200 + 10 * number, 0.1) for number, word in enumerate(words)}


def hum(hertz: float, seconds: float, level: float = 3000) -> Samples:
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return np.asarray(level * np.sqrt(2) * np.sin(2 * np.pi * hertz * time), np.int16)


def voice(seconds: float, law: str = "mulaw", level: float = 3000) -> bytes:
    """Sound that is as loud as speech; `level` is its root mean square."""
    return encode(hum(310, seconds, level), law)


def noise(seconds: float, level: float, law: str = "mulaw", seed: int = 1) -> bytes:
    """White noise of this root mean square."""
    samples = np.random.default_rng(seed).normal(0, level, round(seconds * SAMPLE_RATE))
    return encode(np.clip(samples, -32768, 32767).astype(np.int16), law)


def silence(seconds: float, law: str = "mulaw") -> bytes:
    return encode(np.zeros(round(seconds * SAMPLE_RATE), np.int16), law)
