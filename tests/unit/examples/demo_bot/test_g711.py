"""Known answers, and what every codec must do: come back to where it was."""

import numpy as np
import pytest

from examples.demo_bot.g711 import decode, encode

LAWS = pytest.mark.parametrize("law", ["mulaw", "alaw"])


@pytest.mark.parametrize(
    ("law", "sample", "code", "heard"),
    [
        # ITU-T G.711, tables 2a and 1a: the smallest and largest steps of both signs, scaled to 16 bits.
        ("mulaw", 0, 0xFF, 0),
        ("mulaw", 32767, 0x80, 32124),
        ("mulaw", -32768, 0x00, -32124),
        ("mulaw", 1000, 0xCE, 988),
        ("mulaw", -1000, 0x4E, -988),
        ("alaw", 0, 0xD5, 8),
        ("alaw", -1, 0x55, -8),
        ("alaw", 32767, 0xAA, 32256),
        ("alaw", -32768, 0x2A, -32256),
        ("alaw", 1000, 0xFA, 1008),
        ("alaw", -1000, 0x7A, -1008),
    ],
)
def test_known_answers(law: str, sample: int, code: int, heard: int) -> None:
    assert encode(np.array([sample], np.int16), law) == bytes([code])
    assert decode(bytes([code]), law).tolist() == [heard]


@LAWS
def test_every_code_comes_back(law: str) -> None:
    codes = bytes(range(256))
    # 0x7F is mu-law's second zero, which nobody needs to write.
    expected = codes.replace(b"\x7f", b"\xff") if law == "mulaw" else codes
    assert encode(decode(codes, law), law) == expected


@LAWS
def test_the_error_grows_with_the_sound_and_no_faster(law: str) -> None:
    samples = np.arange(-32000, 32000).astype(np.int16)
    error = np.abs(decode(encode(samples, law), law).astype(int) - samples)
    assert np.all(error <= np.maximum(16, (np.abs(samples.astype(int)) + 132) / 31))


@LAWS
def test_louder_is_never_quieter(law: str) -> None:
    heard = decode(encode(np.arange(-32768, 32768).astype(np.int16), law), law).astype(int)
    assert np.all(np.diff(heard) >= 0)
