"""The caller's voice is found within 60 ms, in quiet and noisy lines; clicks and noise are not a voice."""

import pytest

from examples.demo_bot.formats import Format
from examples.demo_bot.hearing import LEAD_FRAMES, SILENCE_FRAMES, UTTERANCE_FRAMES_MAX, Ear, Utterance
from tests.unit.examples.demo_bot.sounds import noise, silence, voice

FRAME_BYTES = Format("mulaw").frame_bytes

LAWS = pytest.mark.parametrize("law", ["mulaw", "alaw"])


def heard(ear: Ear, audio: bytes) -> list[bool]:
    return [speech for _, speech in ear.hear(audio)]


@LAWS
def test_speech_is_noticed_in_its_third_frame(law: str) -> None:
    ear = Ear(Format(law))
    assert not any(heard(ear, silence(1, law)))
    assert heard(ear, voice(0.2, law)) == [False, False] + [True] * 8


@LAWS
@pytest.mark.parametrize("level", [0, 20, 100, 300])
def test_noise_is_no_speech_and_speech_stands_out_of_it(law: str, level: float) -> None:
    ear = Ear(Format(law))
    assert not any(heard(ear, noise(10, level, law)))
    assert any(heard(ear, voice(0.1, law)))


def test_a_loud_line_becomes_the_new_normal() -> None:
    ear = Ear(Format("mulaw"))
    heard(ear, noise(10, 450))
    assert not any(heard(ear, noise(5, 450, seed=2)))


def test_a_lost_packet_does_not_make_noise_a_voice() -> None:
    ear = Ear(Format("mulaw"))
    heard(ear, noise(10, 450))
    assert not any(heard(ear, silence(0.02) + noise(1, 450, seed=2)))


@pytest.mark.parametrize("milliseconds", [20, 40])
def test_a_click_is_no_speech(milliseconds: int) -> None:
    ear = Ear(Format("mulaw"))
    heard(ear, silence(1))
    assert not any(heard(ear, voice(milliseconds / 1000, level=8000) + silence(0.2)))


@pytest.mark.parametrize("size", [1, 7, 160, 1000, 8000])
def test_the_size_of_chunks_does_not_matter(size: int) -> None:
    audio = silence(0.5) + voice(0.5) + silence(0.1)
    whole, pieces = Ear(Format("mulaw")), Ear(Format("mulaw"))
    parts = [frame for start in range(0, len(audio), size) for frame in pieces.hear(audio[start : start + size])]
    assert parts == whole.hear(audio)
    assert b"".join(frame for frame, _ in parts) == audio[: len(audio) // FRAME_BYTES * FRAME_BYTES]


def collect(audio: bytes) -> tuple[Utterance, bytes]:
    """An utterance made of `audio`, and what of it was left when it was complete."""
    utterance = Utterance()
    frames = Ear(Format("mulaw")).hear(audio)
    for number, (frame, speech) in enumerate(frames, start=1):
        if utterance.add(frame, speech):
            return utterance, audio[number * FRAME_BYTES :]
    return utterance, b""


def test_an_utterance_ends_with_a_pause_and_holds_all_of_it() -> None:
    said = voice(0.3) + silence(0.4) + voice(0.3)
    utterance, rest = collect(silence(2) + said + silence(2))
    assert said in utterance.audio
    assert len(utterance.audio) <= len(said) + (LEAD_FRAMES + SILENCE_FRAMES) * FRAME_BYTES
    assert len(rest) == 8000 * 2 - SILENCE_FRAMES * FRAME_BYTES


def test_an_utterance_without_end_is_cut() -> None:
    utterance, _ = collect(voice(10))
    assert len(utterance.audio) == UTTERANCE_FRAMES_MAX * FRAME_BYTES


def test_silence_is_no_utterance() -> None:
    utterance, _ = collect(silence(20))
    assert not utterance.begun
    assert len(utterance.audio) == LEAD_FRAMES * FRAME_BYTES, "what is kept is bounded"
