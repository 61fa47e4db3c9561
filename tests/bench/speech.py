"""What both ends of a measured call say: a signal in which every lost, repeated or displaced frame shows.

Each end of each call has random codes of its own, made from the caller's number, so that the other end knows them too:
a frame that is missing, comes twice or belongs to another call is found, whatever stands beside it.
"""

from collections import Counter
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from controller.media.audio.g711 import SILENCE_MULAW
from controller.media.playout import FRAME_BYTES, FRAME_MS

FRAMES_PER_SECOND: Final = 1_000 // FRAME_MS

FIRST_NUMBER: Final = 3_000_000
"""Phone n calls from this number plus n."""

Frames = npt.NDArray[np.uint8]
"""One row for each 20 ms of µ-law."""


def speech(who: Literal["caller", "bot"], number: int, frames: int) -> Frames:
    """What this end says in the call from `number`."""
    random = np.random.default_rng((number, who == "bot"))
    return random.integers(0, 256, (frames, FRAME_BYTES), np.uint8)


def as_frames(audio: bytes) -> Frames:
    """What came, cut as it was sent; a rest that is no whole frame is a frame too, and a wrong one."""
    return np.frombuffer(audio + bytes(-len(audio) % FRAME_BYTES), np.uint8).reshape(-1, FRAME_BYTES)


def faults(heard: Frames, said: Frames) -> Counter[str]:
    """Everything in `heard` that differs from `said`, but for the silence before and after it. Empty: bit for bit.

    `cut` is what is missing at the end: the call was over before it was said.
    """
    place = {frame.tobytes(): number for number, frame in enumerate(said)}
    spoken = np.flatnonzero((heard != SILENCE_MULAW).any(axis=1))
    places = [place.get(heard[row].tobytes(), -1) for row in spoken]
    known = [number for number in places if number >= 0]
    cut = len(said) - 1 - max(known, default=len(said) - 1)
    found = {
        "lost": len(said) - len(set(known)) - cut,
        "cut": cut,
        "repeated": len(known) - len(set(known)),
        "displaced": int((np.diff(known) < 0).sum()),
        "foreign": len(places) - len(known),
        "silence": int(spoken[-1] - spoken[0]) + 1 - len(spoken) if len(spoken) else 0,
    }
    return Counter({fault: count for fault, count in found.items() if count})
