"""Recordings of Asterisk's put together as one WAV file: left what the caller said, right what the caller heard.

A tenth of a second at a time: the recording of a whole day needs no more memory than that of a word.
"""

import hashlib
import os
import wave
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
import numpy.typing as npt

HEADER_BYTES: Final = 44
"""Of Asterisk's files. What follows is sound up to the end, also where Asterisk died before it wrote how much."""

RATE_AT: Final = 24
"""Where the header has the samples per second."""

RATES: Final = frozenset({8_000, 16_000})
"""Samples per second of Asterisk's formats `wav` and `wav16`."""

BLOCKS_PER_SECOND: Final = 10
"""For each it is seen whether the right side has sound. A word is longer, and a pause between words too."""

SILENT_PEAK: Final = 16
"""Of 32,767; two steps of µ-law."""

Block = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class StereoFile:
    """What was written."""

    duration_ms: int
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Other:
    """What a human said who had the caller. `after_ms`: how much later than the rest it begins."""

    path: Path
    after_ms: int


def join(said: Path | None, heard: Path | None, target: Path, others: Sequence[Other] = ()) -> StereoFile:
    """Write `target`, on disk and whole when this returns. Raises OSError.

    What is shorter, or missing, is filled up with silence. `others` stand in where nothing was heard, because Asterisk
    22.10.1 may record silence while the caller hears them well.
    """
    part = target.with_suffix(".part")
    rate = _rate([path for path in (said, heard, *(other.path for other in others)) if path])
    frames = 0
    with ExitStack() as files, part.open("wb") as file:
        left, right = _Sound(files, said), _Sound(files, heard)
        instead = [_Sound(files, other.path, other.after_ms * rate // 1000) for other in others]
        length = max(sound.end for sound in (left, right, *instead))
        with wave.open(file, "wb") as out:
            out.setnchannels(2)
            out.setsampwidth(2)
            out.setframerate(rate)
            for start in range(0, length, rate // BLOCKS_PER_SECOND):
                count = min(rate // BLOCKS_PER_SECOND, length - start)
                both = np.zeros((count, 2), "<i2")
                both[:, 0] = left.read(start, count)
                both[:, 1] = _first_with_sound([sound.read(start, count) for sound in (right, *instead)])
                out.writeframes(both.tobytes())
                frames += count
        file.flush()
        os.fsync(file.fileno())
    with part.open("rb") as written:
        sha256 = hashlib.file_digest(written, "sha256").hexdigest()
    size = part.stat().st_size
    part.replace(target)
    return StereoFile(frames * 1000 // rate, size, sha256)


class _Sound:
    """One of Asterisk's files, with silence before `begins` and after its end. Counts in samples."""

    def __init__(self, files: ExitStack, path: Path | None, begins: int = 0) -> None:
        self._file: BinaryIO | None = files.enter_context(path.open("rb")) if path else None
        self._begins = begins
        samples = (path.stat().st_size - HEADER_BYTES) // 2 if path else 0
        self.end = begins + samples if samples > 0 else 0

    def read(self, start: int, count: int) -> Block:
        block = np.zeros(count, np.int16)
        first, last = max(start, self._begins), min(start + count, self.end)
        if self._file and first < last:
            self._file.seek(HEADER_BYTES + 2 * (first - self._begins))
            block[first - start : last - start] = np.frombuffer(self._file.read(2 * (last - first)), "<i2")
        return block


def _first_with_sound(blocks: Sequence[Block]) -> Block:
    loud = (block for block in blocks if block.max() > SILENT_PEAK or block.min() < -SILENT_PEAK)
    return next(loud, blocks[0])


def _rate(paths: Sequence[Path]) -> int:
    """Of all of them: a recording's parts are made alike."""
    for path in paths:
        with path.open("rb") as file:
            header = file.read(HEADER_BYTES)
        rate = int.from_bytes(header[RATE_AT : RATE_AT + 4], "little")
        if rate in RATES:
            return rate
    return min(RATES)
