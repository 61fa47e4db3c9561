"""Glances at frames: who is heard, and who only hums."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.media.audio import activity, g711
from controller.media.audio.activity import GLANCE_MS
from tests.unit.media.audio.test_voice import vowel

ENCODERS = {"mulaw": g711.encode_mulaw, "alaw": g711.encode_alaw}
BEGINS_MS, ENDS_MS = 200, 700


def frame(level: float, encoding: str = "mulaw") -> bytes:
    """20 ms of 440 Hz; `level` is its root mean square."""
    samples = level * np.sqrt(2) * np.sin(2 * np.pi * 440 * np.arange(160) / 8_000)
    return ENCODERS[encoding](samples.astype(np.int16)).tobytes()


class Stream:
    """One of them, and its glances."""

    def __init__(self, encoding: str = "mulaw") -> None:
        self.row = activity.new(1)
        self.row[0] = activity.beginning(encoding)
        self.changes: list[tuple[int, bool]] = []
        """After how many ms it began (or ceased) to be heard."""
        self.ms = 0

    def glance(self, codes: bytes, ms: int = GLANCE_MS) -> None:
        """For so long, this is the newest frame whenever one looks."""
        for _ in range(ms // GLANCE_MS):
            self.ms += GLANCE_MS
            powers = activity.powers(self.row, np.frombuffer(codes, np.uint8)[np.newaxis])
            if activity.glance(self.row, powers)[0]:
                self.changes.append((self.ms, bool(self.row["heard"][0])))


@pytest.mark.parametrize("encoding", ["mulaw", "alaw"])
def test_a_tone_then_silence(encoding: str) -> None:
    stream = Stream(encoding)
    stream.glance(frame(0, encoding), 1_000)
    stream.glance(frame(1_000, encoding), 2_000)
    stream.glance(frame(0, encoding), 2_000)
    assert stream.changes == [(1_000 + BEGINS_MS, True), (3_000 + ENDS_MS, False)]


def test_comfort_noise_is_silence() -> None:
    stream = Stream()
    noise = np.random.default_rng(1).normal(0, 60, (100, 160)).astype(np.int16)
    for one in g711.encode_mulaw(noise):
        stream.glance(one.tobytes())
    assert stream.changes == []


def test_a_click_is_nobody_and_a_pause_between_words_no_end() -> None:
    stream = Stream()
    stream.glance(frame(8_000))
    stream.glance(frame(0), 500)
    assert stream.changes == []
    stream.glance(frame(2_000), 400)
    stream.glance(frame(0), 600)
    stream.glance(frame(2_000), 400)
    assert stream.changes == [(800, True)]


def test_a_hum_is_taken_for_silence_in_time_and_words_above_it_are_heard() -> None:
    stream = Stream()
    stream.glance(frame(300), 15_000)
    assert [heard for _, heard in stream.changes] == [True, False]
    stream.glance(frame(3_000), 1_000)
    assert [heard for _, heard in stream.changes] == [True, False, True]
    stream.glance(frame(300), 2_000)
    assert [heard for _, heard in stream.changes] == [True, False, True, False]


def test_who_is_loud_is_heard_for_as_long_as_it_lasts() -> None:
    stream = Stream()
    stream.glance(frame(1_200), 600_000)
    assert stream.changes == [(BEGINS_MS, True)]


def test_speech_is_one_turn() -> None:
    stream, codes = Stream(), vowel(200, 3_000.0)
    for start in range(0, len(codes), 5 * 160):
        stream.glance(codes[start : start + 160])
    assert stream.changes == [(BEGINS_MS, True)]


@given(st.lists(st.booleans(), max_size=200))
def test_nobody_flickers(loud: list[bool]) -> None:
    """Whatever comes: once heard it is heard for 700 ms at the least."""
    stream = Stream()
    for one in loud:
        stream.glance(frame(2_000) if one else frame(0))
    for (began, _), (ceased, _) in zip(stream.changes[::2], stream.changes[1::2], strict=False):
        assert ceased - began >= ENDS_MS


def test_streams_of_both_laws_side_by_side() -> None:
    rows = activity.new(3)
    rows[0], rows[1], rows[2] = (activity.beginning(law) for law in ("mulaw", "alaw", "alaw"))
    codes = np.stack([np.frombuffer(one, np.uint8) for one in (frame(700), frame(700, "alaw"), b"\xd5" * 160)])
    assert activity.powers(rows, codes) == pytest.approx([700**2, 700**2, 64], rel=0.05)


@pytest.mark.parametrize("encoding", ["mulaw", "alaw"])
def test_one_frame_alone_says_the_same(encoding: str) -> None:
    rows = activity.new(1)
    rows[0] = activity.beginning(encoding)
    codes = frame(900, encoding)
    together = float(activity.powers(rows, np.frombuffer(codes, np.uint8)[np.newaxis])[0])
    assert activity.power(codes, encoding) == pytest.approx(together)


def test_linear_samples_and_nothing() -> None:
    samples = np.full(320, 500, "<i2")
    assert activity.power(samples.tobytes(), "pcm16") == pytest.approx(250_000)
    assert activity.power(b"", "pcm16") == 0
