"""What an answer means, and when a message is tried again. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

RETRY_SECONDS: Final = (5, 30, 120, 600, 1800, 3600, 7200, 14400, 28800, 28800)
"""Pauses between attempts. Together a day: long enough for somebody to come to work and mend the target."""

JITTER: Final = 0.2
"""Share by which a pause is longer or shorter, so that what failed together does not come back together."""

PAUSES_MAX: Final = tuple(seconds * (1 + JITTER) for seconds in RETRY_SECONDS)
"""After the first failure, the second, ..."""

REFUSED_TRIES: Final = 3
"""A message that the target calls bad is tried so often: a bad release of it may be taken back."""

_BAD_MESSAGE: Final = frozenset({400, 413, 415, 422})
"""The target speaks about this message. Everything else that it answers is about itself."""

_GONE: Final = 410


class Verdict(StrEnum):
    """How one attempt went."""

    DELIVERED = "delivered"
    REFUSED = "refused"
    """This message will not be taken; others may be."""
    AWAY = "away"
    """Nothing is taken at the moment."""
    GONE = "gone"
    """The target wants nothing any more (410)."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do about a message that was not taken. `seconds`: the pause; None: it is given up."""

    seconds: float | None
    with_all_after: bool = False


def judge(status: int) -> Verdict:
    """What an HTTP status says."""
    if 200 <= status < 300:
        return Verdict.DELIVERED
    if status in _BAD_MESSAGE:
        return Verdict.REFUSED
    return Verdict.GONE if status == _GONE else Verdict.AWAY


def decide(verdict: Verdict, failures: int, chance: float) -> Decision:
    """After the `failures`th failure (from 1) of a message. `chance` is between 0 and 1."""
    if verdict is Verdict.GONE:
        return Decision(None, with_all_after=True)
    if verdict is Verdict.REFUSED and failures >= REFUSED_TRIES:
        return Decision(None)
    if failures > len(RETRY_SECONDS):
        # Nothing may overtake: what waits behind it is given up with it, and sent again with it.
        return Decision(None, with_all_after=True)
    return Decision(RETRY_SECONDS[failures - 1] * (1 + JITTER * (2 * chance - 1)))
