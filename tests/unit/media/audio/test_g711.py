import numpy as np
import pytest

from controller.media.audio import g711

CODES = np.arange(256, dtype=np.uint8)
SAMPLES = np.arange(-32_768, 32_768).astype(np.int16)


@pytest.mark.parametrize(
    ("code", "sample"),
    # ITU-T G.711, tables 2a and 2b: decoder output values, at 16-bit full scale (14 bits: times 4).
    [(0x80, 32_124), (0x8F, 16_764), (0x9F, 8_316), (0xBF, 1_980), (0xFE, 8), (0xFF, 0), (0x7F, 0), (0x00, -32_124)],
)
def test_mulaw_known_answers(code: int, sample: int) -> None:
    assert g711.decode_mulaw(np.array([code], np.uint8)).tolist() == [sample]


@pytest.mark.parametrize(
    ("code", "sample"),
    # ITU-T G.711, tables 1a and 1b, with the even bits inverted, at 16-bit full scale (13 bits: times 8).
    [(0xAA, 32_256), (0xA5, 16_896), (0xD5, 8), (0xD4, 24), (0x55, -8), (0x54, -24), (0x2A, -32_256)],
)
def test_alaw_known_answers(code: int, sample: int) -> None:
    assert g711.decode_alaw(np.array([code], np.uint8)).tolist() == [sample]


def test_silence_is_zero_or_the_smallest_step() -> None:
    assert g711.decode_mulaw(np.array([g711.SILENCE_MULAW], np.uint8)).tolist() == [0]
    assert g711.decode_alaw(np.array([g711.SILENCE_ALAW], np.uint8)).tolist() == [8]
    assert g711.encode_mulaw(np.zeros(1, np.int16)).tolist() == [g711.SILENCE_MULAW]
    assert g711.encode_alaw(np.zeros(1, np.int16)).tolist() == [g711.SILENCE_ALAW]


def test_every_code_survives_the_way_there_and_back() -> None:
    back = g711.encode_mulaw(g711.decode_mulaw(CODES))
    # µ-law has two zeros, and the positive one is sent.
    assert np.flatnonzero(back != CODES).tolist() == [0x7F]
    assert np.array_equal(g711.encode_alaw(g711.decode_alaw(CODES)), CODES)


@pytest.mark.parametrize("law", ["mulaw", "alaw"])
def test_every_sample_gets_the_code_that_is_nearest(law: str) -> None:
    encode, decode = getattr(g711, f"encode_{law}"), getattr(g711, f"decode_{law}")
    levels = np.unique(decode(CODES).astype(np.int32))
    samples = SAMPLES.astype(np.int32)
    above = np.clip(np.searchsorted(levels, samples), 1, len(levels) - 1)
    nearest = np.minimum(np.abs(levels[above] - samples), np.abs(levels[above - 1] - samples))
    excess = np.abs(decode(encode(SAMPLES)).astype(np.int32) - samples) - nearest
    # The tables decide at the standard's thresholds, which lie up to a step off the middle where segments meet.
    assert excess.max() <= 256
    assert np.count_nonzero(excess) / len(samples) < 0.02


def test_shape_is_kept() -> None:
    assert g711.decode_alaw(np.zeros((3, 160), np.uint8)).shape == (3, 160)
    assert g711.encode_mulaw(np.zeros((3, 160), np.int16)).shape == (3, 160)
