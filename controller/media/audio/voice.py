"""Whether a caller speaks: WebRTC's detector, one call at a time, made calm by counting frames."""

from enum import Enum
from typing import Final

import numpy as np
import webrtcvad  # type: ignore[import-untyped]

from controller.media.audio import g711
from controller.media.audio.linear import Law

FRAME_MS: Final = 20
FRAME_SAMPLES: Final = 160
"""The detector takes 10, 20 or 30 ms of 8 kHz; 20 is what comes in one packet."""

AGGRESSIVENESS: Final = 3
"""WebRTC's own scale, 0 to 3: 3 takes the least for speech. A bot stopped by a hum is worse than one stopped late."""

LEVEL_MIN: Final = 200.0
"""Root mean square of a frame of speech, at full scale 32,768: -44 dB. Telephone speech is at -35 to -15."""

START_FRAMES: Final = 3
"""Speech, this many frames in a row, has started: 60 ms, longer than a click and shorter than a syllable."""

STOP_FRAMES: Final = 25
"""No speech for this many frames in a row, and it has stopped: 500 ms, longer than the pause between two words."""

_RATE: Final = 8_000
_DECODE: Final = {"mulaw": g711.decode_mulaw, "alaw": g711.decode_alaw}


class Turn(Enum):
    """What changed."""

    STARTED = "started"
    STOPPED = "stopped"


class Voice:
    """One caller. `heard_ms` counts all audio so far, so that a turn can be told with its time."""

    def __init__(self, law: Law) -> None:
        self._decode = _DECODE[law]
        self._detector = webrtcvad.Vad(AGGRESSIVENESS)
        self._waiting = bytearray()
        self._frames = 0
        self._run = 0
        """Frames in a row that speak against the present state."""
        self.speaking = False

    @property
    def heard_ms(self) -> int:
        return self._frames * FRAME_MS

    def hear(self, codes: bytes | memoryview) -> Turn | None:
        """Take the caller's next audio, any amount of it; return the last change, if there was one."""
        self._waiting += codes
        turn = None
        while len(self._waiting) >= FRAME_SAMPLES:
            frame = bytes(self._waiting[:FRAME_SAMPLES])
            del self._waiting[:FRAME_SAMPLES]
            turn = self._hear_frame(frame) or turn
        return turn

    def _hear_frame(self, codes: bytes) -> Turn | None:
        self._frames += 1
        self._run = self._run + 1 if self._is_speech(codes) != self.speaking else 0
        if self._run < (STOP_FRAMES if self.speaking else START_FRAMES):
            return None
        self._run = 0
        self.speaking = not self.speaking
        return Turn.STARTED if self.speaking else Turn.STOPPED

    def _is_speech(self, codes: bytes) -> bool:
        samples = self._decode(np.frombuffer(codes, np.uint8))
        level = float(np.sqrt(np.mean(np.square(samples, dtype=np.float32))))
        return level >= LEVEL_MIN and bool(self._detector.is_speech(samples.astype("<i2").tobytes(), _RATE))
