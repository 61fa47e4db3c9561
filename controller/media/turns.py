"""How caller and bot take turns: how long the bot takes to answer, and to fall silent when it is interrupted. Pure.

Looked at when somebody begins or stops, and never at a frame in between.
"""

from collections import deque
from typing import Final

from controller.media.statistics import Statistics

BEGINNINGS_MAX: Final = 50
"""Of the bot's, that are remembered: more than there are between a word and its transcript."""


class Mean:
    """Of some times in seconds."""

    def __init__(self) -> None:
        self.count = 0
        self._seconds = 0.0

    def add(self, seconds: float) -> None:
        self.count += 1
        self._seconds += max(0.0, seconds)

    @property
    def ms(self) -> float:
        return round(1000 * self._seconds / self.count, 1) if self.count else 0.0


class Turns:
    """Of one bot and its caller. All times are seconds on one clock."""

    def __init__(self) -> None:
        self._responses = Mean()
        self._barge_ins = Mean()
        self._last_word_at: float | None = None
        """The caller has stopped, and the bot has not said anything since."""
        self._begun: deque[float] = deque(maxlen=BEGINNINGS_MAX)
        """When the bot began to speak: what it answered may be known later only."""
        self._answered_at = float("-inf")
        """When the latest answer that is counted began."""
        self._interrupted_at: float | None = None
        """The caller has begun while the bot speaks, which it still does."""

    @property
    def statistics(self) -> Statistics:
        """The means, and of how many; nothing of what never was."""
        told: dict[str, int | float] = {}
        if self._responses.count:
            told |= {"bot_response_ms": self._responses.ms, "bot_responses": self._responses.count}
        if self._barge_ins.count:
            told |= {"barge_in_ms": self._barge_ins.ms, "barge_ins": self._barge_ins.count}
        return told

    def caller_began(self, at: float, *, over_bot: bool) -> None:
        self._last_word_at = None
        self._interrupted_at = at if over_bot else None

    def caller_stopped(self, at: float, *, over_bot: bool) -> None:
        """`over_bot`: the bot went on and still does, so that what it says is no answer."""
        self._interrupted_at = None
        self._last_word_at = None if over_bot else at

    def caller_was_heard(self, until: float) -> None:
        """The bot says when the last word was, perhaps after it has begun to answer it."""
        answer_at = next((begun for begun in self._begun if begun >= until), None)
        if until <= self._answered_at:
            return  # a part of what is answered already
        if answer_at is None:
            self._last_word_at = until
        else:
            self._answer(answer_at, until)

    def bot_began(self, at: float) -> None:
        self._begun.append(at)
        if self._last_word_at is not None and at >= self._last_word_at:
            self._answer(at, self._last_word_at)

    def _answer(self, at: float, last_word_at: float) -> None:
        self._responses.add(at - last_word_at)
        self._answered_at = at
        self._last_word_at = None

    def bot_silenced(self, at: float) -> None:
        """It was interrupted; to have said everything is something else."""
        if self._interrupted_at is not None:
            self._barge_ins.add(at - self._interrupted_at)
            self._interrupted_at = None
