"""What a worker adds to the audio: how long it waits for the next drain, and for the next tick. Pure.

What comes at any time waits, on the average of a while, half the sum of the squares of the gaps in it, by their sum. So
one addition for each drain and each tick of the worker measures the delay of all its calls, late ones included.
"""

from dataclasses import dataclass, field
from typing import NamedTuple


class Waited(NamedTuple):
    """Sums of the gaps up to some moment, of which the difference of two counts: in seconds, and squared."""

    seconds: float
    squares: float


class Waits:
    """For instants that come again and again."""

    def __init__(self) -> None:
        self._last: float | None = None
        self._seconds = self._squares = 0.0

    def passed(self, now: float) -> None:
        """Such an instant."""
        if self._last is not None:
            gap = now - self._last
            self._seconds += gap
            self._squares += gap * gap
        self._last = now

    @property
    def waited(self) -> Waited:
        return Waited(self._seconds, self._squares)

    def mean_seconds(self, since: Waited) -> float:
        """What came after `since` has waited so long."""
        seconds = self._seconds - since.seconds
        return (self._squares - since.squares) / 2 / seconds if seconds > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Delay:
    """Of one worker."""

    to_bot: Waits = field(default_factory=Waits)
    """Instants at which all that the callers sent has gone to the bots."""
    to_caller: Waits = field(default_factory=Waits)
    """Instants at which the bots' next frames have gone to the callers."""

    @property
    def waited(self) -> tuple[Waited, Waited]:
        """To keep, as the beginning of a call."""
        return self.to_bot.waited, self.to_caller.waited

    def mean_seconds(self, since: tuple[Waited, Waited]) -> float:
        """There and back."""
        return self.to_bot.mean_seconds(since[0]) + self.to_caller.mean_seconds(since[1])
