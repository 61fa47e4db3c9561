"""What is heard in place of what was lost."""

from typing import Any

import numpy as np
import pytest

from controller.media.audio import g711
from controller.media.audio.concealment import FADE_FRAMES, conceal
from controller.media.audio.linear import Law

TONE = (8_000 * np.sin(np.arange(160) / 160 * 2 * np.pi * 8)).astype(np.int16)


@pytest.mark.parametrize(
    ("law", "encode", "decode"),
    [("mulaw", g711.encode_mulaw, g711.decode_mulaw), ("alaw", g711.encode_alaw, g711.decode_alaw)],
)
def test_the_last_frame_goes_on_and_fades_out(law: Law, encode: Any, decode: Any) -> None:
    heard = decode(np.frombuffer(conceal(encode(TONE), 5, law), np.uint8)).reshape(5, 160)
    loudness = [float(np.sqrt(np.mean(np.square(frame, dtype=np.float64)))) for frame in heard]
    assert loudness[0] > 4_000
    assert loudness[0] > loudness[1] > loudness[2] > loudness[3]
    assert np.all(np.abs(heard[FADE_FRAMES:]) <= 8)
    # No click where it begins: the tone goes on as it was.
    assert np.allclose(heard[0, :10], TONE[:10], atol=500)


@pytest.mark.parametrize("frames", [1, 2, 10])
def test_it_is_as_long_as_what_was_lost(frames: int) -> None:
    assert len(conceal(g711.encode_mulaw(TONE), frames, "mulaw")) == 160 * frames
