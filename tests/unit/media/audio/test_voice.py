import numpy as np
import pytest

from controller.media.audio import g711
from controller.media.audio.voice import START_FRAMES, STOP_FRAMES, Turn, Voice

FRAME_SAMPLES = 160
SILENCE = b"\xff" * FRAME_SAMPLES


def vowel(frames: int, amplitude: float = 4_000.0) -> bytes:
    """A voice of 140 Hz, loud and soft four times a second, as syllables are; µ-law."""
    time = np.arange(frames * FRAME_SAMPLES) / 8_000
    tone = sum(np.sin(2 * np.pi * 140 * harmonic * time) / harmonic for harmonic in range(1, 20))
    return g711.encode_mulaw((amplitude * tone * (0.7 + 0.3 * np.sin(8 * np.pi * time))).astype(np.int16)).tobytes()


def turns(voice: Voice, codes: bytes) -> list[tuple[int, Turn]]:
    """Each change with the frame at which it was noticed."""
    starts = range(0, len(codes), FRAME_SAMPLES)
    heard = [(start // FRAME_SAMPLES + 1, voice.hear(codes[start : start + FRAME_SAMPLES])) for start in starts]
    return [(frame, turn) for frame, turn in heard if turn]


def test_speech_starts_and_stops_with_its_times() -> None:
    voice = Voice("mulaw")
    assert turns(voice, SILENCE * 50) == []
    assert turns(voice, vowel(50)) == [(START_FRAMES, Turn.STARTED)]
    assert voice.speaking
    ((frame, turn),) = turns(voice, SILENCE * 60)
    # The detector itself holds on for a few frames.
    assert STOP_FRAMES <= frame <= STOP_FRAMES + 10
    assert turn is Turn.STOPPED
    assert voice.heard_ms == 160 * 20


def test_a_pause_between_words_is_no_end() -> None:
    voice = Voice("mulaw")
    assert turns(voice, vowel(20) + SILENCE * 10 + vowel(20)) == [(START_FRAMES, Turn.STARTED)]


@pytest.mark.parametrize("frames", [1, 2])
def test_a_click_is_no_speech(frames: int) -> None:
    assert turns(Voice("mulaw"), SILENCE * 10 + vowel(frames, 8_000.0)[: frames * FRAME_SAMPLES]) == []


def test_a_hum_far_below_speech_is_none() -> None:
    noise = np.random.default_rng(1).normal(0, 100, 100 * FRAME_SAMPLES).astype(np.int16)
    assert turns(Voice("mulaw"), g711.encode_mulaw(noise).tobytes()) == []


def test_packets_of_any_length_are_the_same_speech() -> None:
    codes = vowel(10)
    voice = Voice("mulaw")
    changes = [voice.hear(codes[start : start + 70]) for start in range(0, len(codes), 70)]
    assert [change for change in changes if change] == [Turn.STARTED]
    assert voice.heard_ms == 200


def test_a_law_is_heard_too() -> None:
    linear = g711.decode_mulaw(np.frombuffer(vowel(10), np.uint8))
    assert Voice("alaw").hear(g711.encode_alaw(linear).tobytes()) is Turn.STARTED


@pytest.mark.parametrize("factor", [1, 2, 3])
def test_linear_samples_of_every_rate_are_heard_too(factor: int) -> None:
    linear = g711.decode_mulaw(np.frombuffer(vowel(50), np.uint8)).repeat(factor)
    voice = Voice("pcm16", 8_000 * factor)
    frame = FRAME_SAMPLES * 2 * factor
    audio = linear.astype("<i2").tobytes()
    heard = [voice.hear(audio[start : start + frame]) for start in range(0, len(audio), frame)]
    assert [turn for turn in heard if turn] == [Turn.STARTED]
    assert voice.heard_ms == 1_000
