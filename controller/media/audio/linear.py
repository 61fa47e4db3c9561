"""Bots that hear and speak linear PCM while Asterisk has G.711: both directions, for all such calls at once.

`pcm16` is signed 16-bit, little-endian, mono, at 8, 16 or 24 kHz.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np

from controller.media.audio import g711
from controller.media.audio.resample import History, downsampler, upsampler

SAMPLE_BYTES: Final = 2

Law = Literal["mulaw", "alaw"]

_DECODE: Final = {"mulaw": g711.decode_mulaw, "alaw": g711.decode_alaw}
_ENCODE: Final = {"mulaw": g711.encode_mulaw, "alaw": g711.encode_alaw}
_SAMPLE: Final = np.dtype("<i2")


@dataclass(slots=True, eq=False)
class Line:
    """One call: Asterisk's law, how many times 8 kHz the bot has, and what the filters remember of the call."""

    law: Law
    factor: int
    up: History = field(init=False)
    down: History = field(init=False)

    def __post_init__(self) -> None:
        if self.factor > 1:
            self.up = np.zeros(upsampler(self.factor).history_samples, np.float32)
            self.down = np.zeros(downsampler(self.factor).history_samples, np.float32)


def to_linear(calls: Sequence[tuple[Line, bytes]]) -> list[bytes]:
    """The caller's codes, any number for each call, as PCM for its bot. A line may be named once only."""
    results = [b""] * len(calls)
    for places in _alike(calls):
        line, _ = calls[places[0]]
        codes = np.frombuffer(b"".join(calls[place][1] for place in places), np.uint8).reshape(len(places), -1)
        samples = _DECODE[line.law](codes)
        if line.factor > 1:
            samples, histories = upsampler(line.factor)(samples, np.stack([calls[place][0].up for place in places]))
            for place, history in zip(places, histories, strict=True):
                calls[place][0].up = history.copy()
        for place, row in zip(places, samples.astype(_SAMPLE, copy=False), strict=True):
            results[place] = row.tobytes()
    return results


def from_linear(calls: Sequence[tuple[Line, bytes]]) -> list[bytes]:
    """The bot's PCM, a whole number of 8 kHz samples for each call, as codes for the caller."""
    results = [b""] * len(calls)
    for places in _alike(calls):
        line, _ = calls[places[0]]
        samples = np.frombuffer(b"".join(calls[place][1] for place in places), _SAMPLE).reshape(len(places), -1)
        if line.factor > 1:
            histories = np.stack([calls[place][0].down for place in places])
            samples, histories = downsampler(line.factor)(samples, histories)
            for place, history in zip(places, histories, strict=True):
                calls[place][0].down = history.copy()
        for place, row in zip(places, _ENCODE[line.law](np.ascontiguousarray(samples, np.int16)), strict=True):
            results[place] = row.tobytes()
    return results


def _alike(calls: Sequence[tuple[Line, bytes]]) -> list[list[int]]:
    """The places of calls that can be rows of one array."""
    groups: defaultdict[tuple[Law, int, int], list[int]] = defaultdict(list)
    for place, (line, audio) in enumerate(calls):
        if audio:
            groups[line.law, line.factor, len(audio)].append(place)
    return list(groups.values())
