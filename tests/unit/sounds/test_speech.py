import numpy as np
import pytest

from controller.errors import SoundError
from controller.sounds import speech, wav


async def test_a_text_becomes_speech() -> None:
    samples, _ = wav.read(await speech.speak("-v nothing. Guten Tag.", "de"))
    assert np.abs(samples).max() > 0.1


async def test_a_language_that_nobody_speaks() -> None:
    with pytest.raises(SoundError, match="'xx'"):
        await speech.speak("Hello", "xx")


async def test_no_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech, "PROGRAM", "no-such-program")
    with pytest.raises(SoundError, match="apt-get install"):
        await speech.speak("Hello", "en-us")


async def test_a_program_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech, "SPEAK_SECONDS", 0.0)
    with pytest.raises(SoundError, match="has not spoken"):
        await speech.speak("Hello", "en-us")
