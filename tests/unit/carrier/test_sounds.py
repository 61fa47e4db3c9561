import io
import wave

import numpy as np
import pytest

from controller.carrier import listening, sounds


def wav(samples: np.ndarray, rate: int, channels: int = 1, width: int = 2) -> bytes:
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    return content.getvalue()


def test_a_tone_has_its_length_and_level() -> None:
    tone = sounds.tone(440, 1.0, level=0.5)
    assert len(tone) == 8000
    assert listening.level_db(tone) == pytest.approx(-9.03, abs=0.1)  # half of a full sine's -3.01


def test_wav_round_trip() -> None:
    speech = sounds.utterance()
    assert np.array_equal(sounds.read_wav(sounds.write_wav(speech)), speech)


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100])
def test_other_rates_keep_pitch_and_length(rate: int) -> None:
    sine = (8000 * np.sin(2 * np.pi * 1000 * np.arange(rate) / rate)).astype(np.int16)
    samples = sounds.read_wav(wav(sine, rate))
    assert len(samples) == 8000
    assert listening.tone_level_db(samples, 1000) == pytest.approx(listening.level_db(sine), abs=0.1)


def test_stereo_becomes_mono() -> None:
    left = np.full(800, 1000, np.int16)
    samples = sounds.read_wav(wav(np.stack([left, -left], axis=1), 8000, channels=2))
    assert not samples.any()


@pytest.mark.parametrize("content", [b"", b"no WAV file", wav(np.zeros(8, np.uint8), 8000, width=1)])
def test_what_is_no_usable_wav_file(content: bytes) -> None:
    with pytest.raises(ValueError, match="WAV"):
        sounds.read_wav(content)


def test_an_empty_wav_file() -> None:
    assert len(sounds.read_wav(wav(np.zeros(0, np.int16), 16000))) == 0
