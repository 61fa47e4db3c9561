"""Which of a bot's utterances the caller has heard, and how far: for protocols that count by the utterance."""

from collections import deque
from dataclasses import dataclass
from typing import Final

UTTERANCES_MAX: Final = 256
"""Kept at a time: no more than 60 s can wait to be played, so that the oldest of so many have been heard."""


@dataclass(slots=True)
class Utterance:
    """Some audio of the bot's with a name of its own."""

    item: str
    part: int
    """Which of the item's contents."""
    audio_bytes: int


@dataclass(frozen=True, slots=True)
class Cut:
    """An utterance that the caller has not heard to its end."""

    item: str
    part: int
    heard_ms: int


class Heard:
    """The bot's audio in the order in which it is played."""

    def __init__(self, bytes_per_ms: int) -> None:
        self._bytes_per_ms = bytes_per_ms
        self._utterances: deque[Utterance] = deque()
        self._played_before_ms = 0
        """Of what is not in the list any more."""

    def said(self, item: str, part: int, audio_bytes: int) -> None:
        """Audio was passed on."""
        last = self._utterances[-1] if self._utterances else None
        if last is not None and last.item == item and last.part == part:
            last.audio_bytes += audio_bytes
            return
        self._utterances.append(Utterance(item, part, audio_bytes))
        if len(self._utterances) > UTTERANCES_MAX:
            self._played_before_ms += self._utterances.popleft().audio_bytes // self._bytes_per_ms

    def cleared(self, played_ms: int) -> list[Cut]:
        """All that waited was thrown away; `played_ms` counts what was heard in the whole call."""
        left = max(0, played_ms - self._played_before_ms) * self._bytes_per_ms
        cuts = []
        for utterance in self._utterances:
            heard = min(left, utterance.audio_bytes)
            left -= heard
            if heard < utterance.audio_bytes:
                cuts.append(Cut(utterance.item, utterance.part, heard // self._bytes_per_ms))
        self._utterances.clear()
        self._played_before_ms = played_ms
        return cuts
