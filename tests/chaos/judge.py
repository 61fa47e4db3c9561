"""What is measured of a fault, and what is wrong with it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tests.chaos.heard import Loss


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a fault may cost: docs/reliability.md says why."""

    audio_lost_ms: int = 0
    """Of any one call. 0: every word that was said came back."""
    recovered_ms: int = 10_000
    lost_all: bool = False
    """The calls cannot be saved: their Asterisk is gone. They have records all the same."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one fault under live calls."""

    fault: str
    seed: int
    live: int
    lost: int
    """Calls that somebody other than the caller ended, or in which nothing came back in the end."""
    losses: Sequence[Loss]
    """Of each call."""
    records_lost: int
    """Calls without a closed record, and results, transcripts and events that are in none or were not delivered."""
    recovered_ms: int | None
    """From the fault's end (of a killed process: from its death) until all calls talk and a new one gets through."""
    left_behind: Sequence[str] = ()
    """Channels and bridges in Asterisk when all is over."""

    def _worst(self, name: str) -> int:
        return max((int(getattr(loss, name)) for loss in self.losses), default=0)

    @property
    def audio_lost_ms(self) -> int:
        return self._worst("lost_ms")

    @property
    def line(self) -> Mapping[str, Any]:
        """For machines."""
        return {
            "fault": self.fault,
            "live": self.live,
            "lost": self.lost,
            "audio_lost_ms": self.audio_lost_ms,
            "records_lost": self.records_lost,
            "recovered_ms": self.recovered_ms,
            "silent_ms": self._worst("silent_ms"),
            "seed": self.seed,
        }


def wrong(outcome: Outcome, bounds: Bounds) -> list[str]:
    """Empty: the fault cost no more than it may."""
    found: list[str] = []
    if not outcome.live:
        found.append("no call was up: nothing has been tried")
    if outcome.lost and not bounds.lost_all:
        found.append(f"{outcome.lost} of {outcome.live} calls lost")
    if not bounds.lost_all and outcome.audio_lost_ms > bounds.audio_lost_ms:
        found.append(f"{outcome.audio_lost_ms} ms of a call's audio lost, {bounds.audio_lost_ms} at most")
    if foreign := sum(loss.foreign for loss in outcome.losses):
        found.append(f"{foreign} frames of another call")
    if outcome.records_lost:
        found.append(f"{outcome.records_lost} records lost")
    if outcome.recovered_ms is None:
        found.append("not recovered")
    elif outcome.recovered_ms > bounds.recovered_ms:
        found.append(f"recovered after {outcome.recovered_ms} ms, {bounds.recovered_ms} at most")
    if outcome.left_behind:
        found.append(f"left behind in Asterisk: {', '.join(outcome.left_behind[:5])}")
    return found


COLUMNS: Final = ("fault", "live", "lost", "audio_lost_ms", "silent_ms", "records_lost", "recovered_ms")


def row(line: Mapping[str, Any], faults: Sequence[str]) -> str:
    """For people."""
    cells = [f"{line['fault']:20}", *(f"{line[name]!s:>13}" for name in COLUMNS[1:])]
    return " ".join([*cells, " ", "; ".join(faults) or "held"])


HEADING: Final = " ".join([f"{COLUMNS[0]:20}", *(f"{name:>13}" for name in COLUMNS[1:])])
