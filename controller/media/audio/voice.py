"""Whether a caller speaks: WebRTC's detector, one call at a time, made calm by counting frames."""

from enum import Enum
from typing import Final, Literal

import numpy as np
import webrtcvad  # type: ignore[import-untyped]

from controller.media.audio import g711
from controller.media.audio.g711 import Samples
from controller.media.audio.linear import SAMPLE_BYTES, Law

FRAME_MS: Final = 20
"""The detector takes 10, 20 or 30 ms; 20 is what comes in one packet."""

AGGRESSIVENESS: Final = 3
"""WebRTC's own scale, 0 to 3: 3 takes the least for speech. A bot stopped by a hum is worse than one stopped late."""

LEVEL_MIN: Final = 200.0
"""Root mean square of a frame of speech, at full scale 32,768: -44 dB. Telephone speech is at -35 to -15."""

START_FRAMES: Final = 3
"""Speech, this many frames in a row, has started: 60 ms, longer than a click and shorter than a syllable."""

STOP_FRAMES: Final = 25
"""No speech for this many frames in a row, and it has stopped: 500 ms, longer than the pause between two words."""

DETECTOR_RATES: Final = {8_000: 8_000, 16_000: 16_000, 24_000: 8_000}
"""The detector knows no 24 kHz: there three samples count as one, which is filter enough to find speech."""

_DECODE: Final = {"mulaw": g711.decode_mulaw, "alaw": g711.decode_alaw}


class Turn(Enum):
    """What changed."""

    STARTED = "started"
    STOPPED = "stopped"


class Voice:
    """One caller, of G.711 or of linear samples at `rate`.

    `heard_ms` counts all audio so far, so that a turn can be told with its time.
    """

    def __init__(self, encoding: Law | Literal["pcm16"], rate: int = 8_000) -> None:
        self._encoding = encoding
        self._rate = DETECTOR_RATES[rate]
        self._samples_as_one = rate // self._rate
        self._frame_bytes = rate * FRAME_MS // 1_000 * (SAMPLE_BYTES if encoding == "pcm16" else 1)
        self._detector = webrtcvad.Vad(AGGRESSIVENESS)
        self._waiting = bytearray()
        self._frames = 0
        self._run = 0
        """Frames in a row that speak against the present state."""
        self.speaking = False

    @property
    def heard_ms(self) -> int:
        return self._frames * FRAME_MS

    def hear(self, audio: bytes | memoryview) -> Turn | None:
        """Take the caller's next audio, any amount of it; return the last change, if there was one."""
        self._waiting += audio
        turn = None
        while len(self._waiting) >= self._frame_bytes:
            frame = bytes(self._waiting[: self._frame_bytes])
            del self._waiting[: self._frame_bytes]
            turn = self._hear_frame(frame) or turn
        return turn

    def _hear_frame(self, frame: bytes) -> Turn | None:
        self._frames += 1
        self._run = self._run + 1 if self._is_speech(frame) != self.speaking else 0
        if self._run < (STOP_FRAMES if self.speaking else START_FRAMES):
            return None
        self._run = 0
        self.speaking = not self.speaking
        return Turn.STARTED if self.speaking else Turn.STOPPED

    def _is_speech(self, frame: bytes) -> bool:
        samples = self._samples(frame)
        level = float(np.sqrt(np.mean(np.square(samples, dtype=np.float32))))
        return level >= LEVEL_MIN and bool(self._detector.is_speech(samples.astype("<i2").tobytes(), self._rate))

    def _samples(self, frame: bytes) -> Samples:
        if self._encoding != "pcm16":
            return _DECODE[self._encoding](np.frombuffer(frame, np.uint8))
        samples: Samples = np.frombuffer(frame, "<i2")
        if self._samples_as_one > 1:
            samples = samples.reshape(-1, self._samples_as_one).mean(axis=1).astype(np.int16)
        return samples
