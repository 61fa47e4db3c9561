"""How far a bot's audio is ahead of the caller's ear."""

from collections.abc import Callable
from typing import Final

from controller.bot.protocol import AudioFormat

AHEAD_SECONDS: Final = 2.0
"""So much is sent before it is heard: the network may stumble, and an interruption throws little away."""

CHUNK_SECONDS: Final = 0.1
"""A long utterance is sent in pieces of this length."""


def bytes_per_second(audio: AudioFormat) -> int:
    return audio.sample_rate * (2 if audio.encoding == "pcm16" else 1)


class Pace:
    """`clock`: monotonic seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._waiting = 0.0
        """Seconds of audio from before the call was answered: none of it is heard yet."""
        self._heard_at: float | None = None
        """When all of it will have been heard; None before the answer."""

    @property
    def ahead(self) -> float:
        """Seconds of audio that were sent and not heard."""
        return self._waiting if self._heard_at is None else max(0.0, self._heard_at - self._clock())

    def answered(self) -> None:
        if self._heard_at is None:
            self._heard_at = self._clock() + self._waiting

    def sent(self, seconds: float) -> None:
        if self._heard_at is None:
            self._waiting += seconds
        else:
            self._heard_at = max(self._heard_at, self._clock()) + seconds

    def cleared(self) -> None:
        self._waiting = 0.0
        if self._heard_at is not None:
            self._heard_at = self._clock()
