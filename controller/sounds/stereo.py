"""Two recordings of Asterisk's put together as one WAV file: left what the caller said, right what the caller heard.

A second at a time: the recording of a whole day needs no more memory than that of a word.
"""

import hashlib
import os
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

RATE: Final = 8_000
"""Samples per second of Asterisk's format `wav`."""

HEADER_BYTES: Final = 44
"""Of its files. What follows is sound up to the end, also where Asterisk died before it wrote how much."""

BLOCK_FRAMES: Final = RATE
"""One second."""

Block = npt.NDArray[np.int16]
_NOTHING: Final = np.zeros(0, np.int16)


@dataclass(frozen=True, slots=True)
class StereoFile:
    """What was written."""

    duration_ms: int
    size_bytes: int
    sha256: str


def join(left: Path | None, right: Path | None, target: Path) -> StereoFile:
    """Write `target`, on disk and whole when this returns. Raises OSError.

    Both begin at the same moment. The shorter one, or the one that is missing, is filled up with silence.
    """
    part = target.with_suffix(".part")
    frames = 0
    with part.open("wb") as file:
        with wave.open(file, "wb") as out:
            out.setnchannels(2)
            out.setsampwidth(2)
            out.setframerate(RATE)
            for said, heard in zip_longest(_blocks(left), _blocks(right), fillvalue=_NOTHING):
                both = np.zeros((max(len(said), len(heard)), 2), "<i2")
                both[: len(said), 0] = said
                both[: len(heard), 1] = heard
                out.writeframes(both.tobytes())
                frames += len(both)
        file.flush()
        os.fsync(file.fileno())
    with part.open("rb") as written:
        sha256 = hashlib.file_digest(written, "sha256").hexdigest()
    size = part.stat().st_size
    part.replace(target)
    return StereoFile(frames * 1000 // RATE, size, sha256)


def _blocks(path: Path | None) -> Iterator[Block]:
    if path is None:
        return
    with path.open("rb") as file:
        file.seek(HEADER_BYTES)
        while content := file.read(BLOCK_FRAMES * 2):
            yield np.frombuffer(content[: len(content) // 2 * 2], "<i2")
