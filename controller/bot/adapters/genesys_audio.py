"""What AudioHook counts: the caller's audio, the bot's playing, and the pings in between."""

from collections.abc import Sequence
from typing import Final

from controller.bot.protocol import AudioFormat

SAMPLES_PER_SECOND: Final = 8_000

PING_SECONDS: Final = 5.0

PINGS_UNANSWERED_MAX: Final = 2
"""Genesys' own client gives up at the first; a pong that comes late is no reason to lose a caller."""

PLAYBACK_COMPLETED: Final = "playback_completed"


def duration(seconds: float) -> str:
    """ISO 8601 in AudioHook's form: seconds only, such as `PT1.2S`."""
    return f"PT{round(seconds, 6)}S"


class CallerAudio:
    """The stream to the bot. Its position is the instant of every message: what was held back counts too."""

    def __init__(self, audio: AudioFormat) -> None:
        self._bytes_per_second = SAMPLES_PER_SECOND * (2 if audio.encoding == "pcm16" else 1)
        self._position = 0
        self._skipped_to = 0
        self._paused_at: int | None = None

    @property
    def seconds(self) -> float:
        return self._position / self._bytes_per_second

    def next(self, audio: bytes | bytearray | memoryview) -> bytes | None:
        """What is to be sent of it."""
        self._position += len(audio)
        held_back = self._paused_at is not None or self._position <= self._skipped_to
        return None if held_back else bytes(audio)

    def skip(self, seconds: float) -> None:
        """Send nothing before this instant."""
        self._skipped_to = int(seconds * self._bytes_per_second)

    def pause(self) -> None:
        if self._paused_at is None:
            self._paused_at = self._position

    def resume(self) -> tuple[float, float]:
        """Where the pause began, and how long it was, in seconds."""
        start = self._position if self._paused_at is None else self._paused_at
        self._paused_at = None
        return start / self._bytes_per_second, (self._position - start) / self._bytes_per_second


class Playback:
    """The bot is told when the caller begins to hear it, and when all has been heard: by one mark at a time."""

    def __init__(self) -> None:
        self._mark = ""
        """The one that is set; empty: nothing is playing."""
        self._marks = 0
        self._more = False
        """Audio has come behind the mark."""

    def spoken(self) -> str:
        """The bot has spoken: the mark to be set behind it, where nothing was playing before."""
        if self._mark:
            self._more = True
            return ""
        return self._next()

    def reached(self, name: str) -> str:
        """The mark that is to be set now, or PLAYBACK_COMPLETED; empty: neither."""
        if not self._mark or name != self._mark:
            return ""
        if self._more:
            self._more = False
            return self._next()
        self._mark = ""
        return PLAYBACK_COMPLETED

    def cleared(self, names: Sequence[str]) -> str:
        """All audio was thrown away, and these marks with it."""
        if self._mark not in names:
            return ""
        self._mark, self._more = "", False
        return PLAYBACK_COMPLETED

    def _next(self) -> str:
        self._marks += 1
        self._mark = f"playback-{self._marks}"
        return self._mark


class Pings:
    """`now` is monotonic seconds. The time there and back is measured by the audio that went meanwhile, to 20 ms."""

    def __init__(self) -> None:
        self.unanswered = 0
        self.round_trip_seconds = 0.0
        """0: not known."""
        self._due_at = 0.0
        self._sent_at = 0.0

    def due(self, now: float) -> bool:
        return now >= self._due_at

    def sent(self, now: float, audio_seconds: float) -> None:
        self._due_at = now + PING_SECONDS
        self._sent_at = audio_seconds
        self.unanswered += 1

    def answered(self, audio_seconds: float) -> None:
        if self.unanswered:
            self.unanswered = 0
            self.round_trip_seconds = audio_seconds - self._sent_at
