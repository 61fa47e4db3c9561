import io
import wave

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.sounds import wav


def file(rate: int, width: int = 2, channels: int = 1, seconds: float = 0.5, hertz: float = 440.0) -> bytes:
    time = np.arange(round(rate * seconds)) / rate
    sine = 0.5 * np.sin(2 * np.pi * hertz * time)
    if width == 1:
        frames = np.round(sine * 127 + 128).astype(np.uint8).tobytes()
    else:
        whole = np.round(sine * (2 ** (8 * width - 1) - 1)).astype("<i4")
        frames = b"".join(int(sample).to_bytes(4, "little", signed=True)[:width] * channels for sample in whole)
    content = io.BytesIO()
    with wave.open(content, "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(width)
        out.setframerate(rate)
        out.writeframes(frames)
    return content.getvalue()


def amplitude(samples: wav.Wave, rate: int, hertz: float) -> float:
    """Of this frequency, away from the ends."""
    middle = samples[len(samples) // 4 : -len(samples) // 4]
    turn = np.exp(-2j * np.pi * hertz * np.arange(len(middle)) / rate)
    return float(2 * abs(np.mean(middle * turn)))


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000])
@pytest.mark.parametrize(("width", "channels"), [(1, 1), (2, 1), (2, 2), (3, 1), (4, 2)])
def test_any_usual_file_becomes_the_same_sound(rate: int, width: int, channels: int) -> None:
    for suffix, content in wav.convert(file(rate, width, channels)).items():
        samples, found = wav.read(content)
        assert found == wav.RATES[suffix]
        assert len(samples) == pytest.approx(found * 0.5, abs=1)
        assert amplitude(samples, found, 440.0) == pytest.approx(0.5, abs=0.02)


def test_what_the_lower_rate_cannot_carry_does_not_fold_back() -> None:
    narrow, rate = wav.read(wav.convert(file(48_000, hertz=7_000.0))["wav"])
    assert amplitude(narrow, rate, 1_000.0) < 0.001
    wide, rate = wav.read(wav.convert(file(48_000, hertz=7_000.0))["wav16"])
    assert amplitude(wide, rate, 7_000.0) == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "save it as 16-bit PCM"),
        (b"ID3\x04" + bytes(100), "save it as 16-bit PCM"),
        (b"RIFF\x1e\0\0\0WAVELIST\xe8\x03\0\0" + bytes(18), "ends too early"),
        (file(8_000, seconds=0), "no sound"),
        (file(2_000), "2000 samples per second"),
    ],
)
def test_what_cannot_be_used_is_said(content: bytes, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        wav.convert(content)


def test_a_header_that_promises_more_than_there_is() -> None:
    """As espeak-ng's own, when it writes to a pipe."""
    content = bytearray(file(8_000))
    content[40:44] = (0x7FFFF000).to_bytes(4, "little")
    samples, _ = wav.read(bytes(content))
    assert len(samples) == 4_000


def test_too_long() -> None:
    with pytest.raises(ValueError, match="longer than 300 s"):
        wav.convert(wav.write(np.zeros(8_000 * (wav.SECONDS_MAX + 1), np.float32), 8_000))


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 200))
def test_no_file_does_any_harm(noise: bytes, cut: int) -> None:
    for content in (noise, file(8_000, seconds=0.01)[:cut] + noise):
        try:
            wav.convert(content)
        except ValueError as error:
            assert str(error)  # noqa: PT017 - what is raised is the property
