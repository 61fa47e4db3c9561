"""What the check of 1,000 calls would find."""

import numpy as np
import pytest

from tests.bench.speech import Frames, as_frames, faults, speech

SAID = speech("bot", 3_000_000, 50)
SILENCE = np.full((1, 160), 0xFF, np.uint8)


def test_every_end_of_every_call_says_something_of_its_own() -> None:
    frames = [speech(who, number, 50) for who in ("caller", "bot") for number in (1, 2)]
    assert len({frame.tobytes() for said in frames for frame in said}) == 200


def test_the_same_frames_with_silence_around_them_are_right() -> None:
    assert not faults(np.concatenate([SILENCE, SAID, SILENCE]), SAID)
    assert not faults(as_frames(SAID.tobytes()), SAID)


@pytest.mark.parametrize(
    ("heard", "found"),
    [
        (np.delete(SAID, 7, axis=0), {"lost": 1}),
        (SAID[:-1], {"cut": 1}),
        (np.insert(SAID, 7, SAID[7], axis=0), {"repeated": 1}),
        (np.insert(SAID, 7, SILENCE, axis=0), {"silence": 1}),
        (np.insert(SAID, 7, 1, axis=0), {"foreign": 1}),
        (SAID[[0, 2, 1, *range(3, 50)]], {"displaced": 1}),
        (SAID[:0], {"lost": 50}),
        (as_frames(SAID.tobytes()[1:]), {"lost": 50, "foreign": 50}),
        (speech("caller", 3_000_000, 50), {"lost": 50, "foreign": 50}),
    ],
)
def test_whatever_else_comes_is_a_fault(heard: Frames, found: dict[str, int]) -> None:
    assert faults(heard, SAID) == found
