"""The formats in which `start` may want the audio: G.711, or linear samples at 8, 16 or 24 kHz."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from examples.demo_bot import g711
from examples.demo_bot.g711 import SAMPLE_RATE, Samples
from examples.demo_bot.resample import resample


@dataclass(frozen=True)
class Format:
    """Everything inside this bot is linear at 8 kHz; this is what goes over the socket."""

    encoding: str
    rate: int = SAMPLE_RATE

    @classmethod
    def of(cls, audio: Mapping[str, Any]) -> "Format":
        """The `audio` of `start`."""
        return cls(audio["encoding"], audio.get("sample_rate", SAMPLE_RATE))

    @property
    def frame_bytes(self) -> int:
        """20 ms."""
        return self.rate // 50 * (2 if self.encoding == "pcm16" else 1)

    def encode(self, samples: Samples) -> bytes:
        if self.encoding != "pcm16":
            return g711.encode(samples, self.encoding)
        if self.rate != SAMPLE_RATE:
            samples = resample(samples.astype(np.float64), SAMPLE_RATE, self.rate).clip(-32768, 32767).astype(np.int16)
        return samples.astype("<i2").tobytes()

    def decode(self, audio: bytes) -> Samples:
        """Good enough to tell speech from silence: of higher rates samples are left out."""
        if self.encoding != "pcm16":
            return g711.decode(audio, self.encoding)
        return np.frombuffer(audio, "<i2")[:: self.rate // SAMPLE_RATE].astype(np.int16)
