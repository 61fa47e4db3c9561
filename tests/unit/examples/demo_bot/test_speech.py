"""The voice: real espeak-ng where it is installed, and a clear line where it is not."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from examples.demo_bot import __main__ as program
from examples.demo_bot import speech as speech_module
from examples.demo_bot.formats import Format
from examples.demo_bot.g711 import decode
from examples.demo_bot.speech import NoVoice, Speech, spell, synthesise, tone

needs_espeak = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")


@needs_espeak
def test_it_speaks_at_8000_samples_per_second_and_without_silence_around() -> None:
    samples = synthesise("I am connecting you with a colleague.")
    assert 8000 < len(samples) < 4 * 8000
    assert np.max(np.abs(samples.astype(int))) == pytest.approx(20_000, rel=0.01)
    assert np.max(np.abs(samples[:160].astype(int))) > 200
    assert np.max(np.abs(samples[-160:].astype(int))) > 200


@needs_espeak
def test_its_sound_is_speech() -> None:
    """Most of a voice's power is between 100 and 3400 Hz."""
    spectrum = np.abs(np.fft.rfft(synthesise("Press one for an appointment."))) ** 2
    hertz = np.linspace(0, 4000, len(spectrum))
    assert spectrum[(hertz > 100) & (hertz < 3400)].sum() > 0.95 * spectrum.sum()


@needs_espeak
@pytest.mark.parametrize("law", ["mulaw", "alaw"])
def test_words_are_put_together_with_pauses(law: str) -> None:
    speech = Speech(["Hello"])
    hello, four = speech.say("Hello", audio_format=Format(law)), speech.say("four", audio_format=Format(law))
    assert speech.say("Hello", "four", "four", audio_format=Format(law)) == hello + four + four
    assert not decode(hello[-80:], law).astype(int).clip(-8, 8).any() or law == "alaw"


def test_a_number_is_spelled_digit_by_digit() -> None:
    assert spell("+49 (30) x") == ["four", "nine", "three", "zero"]
    assert spell("anonymous") == []


def test_a_tone_has_its_pitch_and_length() -> None:
    beep = tone(1000, 0.5)
    assert len(beep) == 4000
    assert np.argmax(np.abs(np.fft.rfft(beep))) == 500


@pytest.fixture
def empty_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


@pytest.mark.usefixtures("empty_path")
def test_without_espeak_one_line_names_the_mend(capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main({}) == 2
    assert capsys.readouterr().err == (
        "espeak-ng is not installed: the demo bot has no voice. Install it: apt-get install espeak-ng\n"
    )


def test_an_espeak_that_fails_is_quoted(empty_path: Path) -> None:
    broken = empty_path / speech_module.PROGRAM
    broken.write_text("#!/bin/sh\necho no voices >&2\nexit 1\n")
    broken.chmod(0o755)
    with pytest.raises(NoVoice, match="espeak-ng failed: no voices"):
        synthesise("Hello")


@pytest.mark.parametrize("listen", ["8765", ":8765", "localhost:", "localhost:http", "localhost:99999", "localhost:0"])
def test_a_broken_address_is_one_line(listen: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main({"DEMO_BOT_LISTEN": listen}) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"DEMO_BOT_LISTEN: {listen!r} is not HOST:PORT")
    assert error.count("\n") == 1


def test_a_broken_reason_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main({"DEMO_BOT_REJECT": "tired"}) == 2
    assert "busy or unavailable" in capsys.readouterr().err
