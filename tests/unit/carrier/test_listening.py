import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.carrier import listening, sounds
from controller.carrier.sounds import Samples
from controller.media.audio import g711

SILENCE = np.zeros(8000, np.int16)
RANDOM = np.random.default_rng(1)


def through_the_telephone(samples: Samples) -> Samples:
    """G.711 µ-law, then A-law: what the longest way through two Asterisks does."""
    return g711.decode_alaw(g711.encode_alaw(g711.decode_mulaw(g711.encode_mulaw(samples))))


def noise(length: int, level: float) -> Samples:
    return sounds.to_samples(level * RANDOM.standard_normal(length))


def test_a_tone_is_found_where_it_is() -> None:
    heard = through_the_telephone(np.concatenate([SILENCE, sounds.tone(700, 0.5), SILENCE]))
    (span,) = listening.tones(heard, 700)
    assert span.start == pytest.approx(8000, abs=160)
    assert span.milliseconds == pytest.approx(500, abs=40)


@pytest.mark.parametrize("hertz", [500, 600, 800, 1400])
def test_another_tone_is_not_that_tone(hertz: float) -> None:
    assert not listening.tones(sounds.tone(hertz, 1.0), 700)


def test_two_tones_at_once_are_neither_alone() -> None:
    mixed = sounds.tone(700, 1.0, 0.3) + sounds.tone(1100, 1.0, 0.3)
    assert not listening.tones(mixed, 700)
    assert listening.tone_level_db(mixed, 700) == pytest.approx(listening.tone_level_db(mixed, 1100), abs=0.5)


def test_too_short_and_too_soft_tones() -> None:
    assert not listening.tones(sounds.tone(700, 0.04), 700)
    assert not listening.tones(sounds.tone(700, 1.0, level=0.005), 700)


def test_noise_of_the_line_is_silence() -> None:
    heard = noise(8000, 0.002)
    assert listening.first_sound(heard) is None
    assert not listening.sounds(heard)
    assert listening.longest_silence(heard).milliseconds == 1000


def test_first_sound_to_the_sample() -> None:
    heard = np.concatenate([SILENCE[:1234], np.full(400, 5000, np.int16)])
    assert listening.first_sound(heard) == 1234


def test_pauses_within_speech() -> None:
    heard = np.concatenate([sounds.tone(500, 0.2), SILENCE[:800], sounds.tone(500, 0.2), SILENCE])
    assert len(listening.sounds(heard)) == 2
    (speech,) = listening.sounds(heard, pauses_ms=150)
    assert speech.milliseconds == pytest.approx(500, abs=20)
    assert listening.longest_silence(heard).milliseconds == 1000
    assert listening.silent_for_ms(heard) == pytest.approx(1000, abs=20)


def test_nothing_heard_at_all() -> None:
    nothing = SILENCE[:0]
    assert listening.level_db(nothing) == -np.inf
    assert listening.first_sound(nothing) is None
    assert listening.silent_for_ms(nothing) == 0
    assert listening.longest_silence(nothing).milliseconds == 0
    assert not listening.find(sounds.utterance(), nothing).found
    assert not listening.find(nothing, sounds.utterance()).found


@settings(max_examples=25, deadline=None)
@given(delay=st.integers(0, 20_000), loudness=st.floats(0.1, 1.0))
def test_a_sound_is_found_after_any_delay_at_any_loudness(delay: int, loudness: float) -> None:
    spoken = sounds.utterance()
    heard = np.concatenate([noise(delay, 0.001), (spoken * loudness).astype(np.int16), noise(8000, 0.001)])
    match = listening.find(spoken, through_the_telephone(heard))
    assert match.score > 0.95
    assert match.offset == pytest.approx(delay, abs=160)  # the needle is cut to whole frames


def test_a_lost_packet_does_not_hide_a_sound() -> None:
    heard = sounds.utterance()
    heard[2400:2560] = 0
    assert listening.find(sounds.utterance(), heard).found


@pytest.mark.parametrize(
    "heard",
    [
        SILENCE.repeat(3),
        noise(24_000, 0.1),
        sounds.tone(700, 3.0),
        sounds.another_utterance(),
        sounds.utterance()[:6000],
        np.concatenate([SILENCE, np.full(8, 20_000, np.int16), SILENCE, SILENCE]),
    ],
    ids=["silence", "noise", "tone", "another", "half of it", "click"],
)
def test_what_was_not_said_is_not_found(heard: Samples) -> None:
    assert not listening.find(sounds.utterance(), np.concatenate([heard, SILENCE, SILENCE])).found
