"""Finding the caller's voice in the line's noise, by loudness alone: enough for a demo, and no model to download.

Time is counted in samples, never by a clock: what arrives in bursts is heard as if it had come evenly.
"""

from typing import Final

import numpy as np

from examples.demo_bot.formats import Format

SPEECH_FRAMES: Final = 3
"""60 ms (frames have 20 ms) in a row above the noise are speech; a click or the rest of a key's tone is shorter."""

SILENCE_FRAMES: Final = 30
"""0.6 s without speech end an utterance: people pause for less between words."""

UTTERANCE_FRAMES_MAX: Final = 250
"""5 s, after which an utterance ends in any case."""

LEAD_FRAMES: Final = 10
"""200 ms before speech was noticed belong to it: words begin softly."""

_QUIETEST: Final = 330.0
"""Speech is at least this loud (root mean square; -40 dB of full scale)."""

_ABOVE_NOISE: Final = 4.0
"""And this many times as loud as the line's noise: 12 dB."""

_NOISE_MAX: Final = 500.0
"""The noise is never taken for louder than this, or a long speech would be called noise."""

_NOISE_RISE: Final = 1.005
"""Per frame: how fast a louder line becomes the new normal, doubling in about 3 s, slower than any word."""

_NOISE_FALL: Final = 0.8
"""Per frame: how fast a quieter line does. Not at once, since one lost packet is no quiet line."""


class Ear:
    """Cuts a stream of audio into frames of 20 ms and says of each whether the caller speaks."""

    def __init__(self, audio_format: Format) -> None:
        self._format = audio_format
        self._rest = b""
        self._noise = _NOISE_MAX / _ABOVE_NOISE
        self._loud_frames = 0

    def hear(self, audio: bytes) -> list[tuple[bytes, bool]]:
        """The frames that `audio` completes, each with whether it is part of speech by now."""
        self._rest += audio
        frames = []
        size = self._format.frame_bytes
        while len(self._rest) >= size:
            frame, self._rest = self._rest[:size], self._rest[size:]
            self._loud_frames = self._loud_frames + 1 if self._is_loud(frame) else 0
            frames.append((frame, self._loud_frames >= SPEECH_FRAMES))
        return frames

    def _is_loud(self, frame: bytes) -> bool:
        samples = self._format.decode(frame).astype(np.float64)
        loudness = float(np.sqrt(np.mean(samples**2)))
        lowest, highest = self._noise * _NOISE_FALL, min(self._noise * _NOISE_RISE, _NOISE_MAX)
        self._noise = max(1.0, lowest, min(loudness, highest))
        return loudness > max(_QUIETEST, _ABOVE_NOISE * self._noise)


class Utterance:
    """Collects what the caller says, from shortly before the first word to the pause after the last."""

    def __init__(self) -> None:
        self._frames: list[bytes] = []
        self._speaking = False
        self._silent_frames = 0

    def add(self, frame: bytes, speech: bool) -> bool:
        """Take in the next frame. Returns True when the utterance is complete."""
        self._frames.append(frame)
        if speech:
            self._speaking = True
            self._silent_frames = 0
        elif self._speaking:
            self._silent_frames += 1
        else:
            del self._frames[:-LEAD_FRAMES]
        return self._silent_frames >= SILENCE_FRAMES or (self._speaking and len(self._frames) >= UTTERANCE_FRAMES_MAX)

    @property
    def begun(self) -> bool:
        """Whether there is a word in it."""
        return self._speaking

    @property
    def audio(self) -> bytes:
        """All of it, exactly as it was heard."""
        return b"".join(self._frames)
