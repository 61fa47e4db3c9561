"""Two of Asterisk's files become one, side by side."""

import hashlib
import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.carrier.sounds import write_wav
from controller.sounds import stereo

Samples = npt.NDArray[np.int16]


def write(folder: Path, name: str, samples: Samples | None) -> Path | None:
    if samples is None:
        return None
    path = folder / name
    path.write_bytes(write_wav(samples))
    return path


def joined(folder: Path, left: Samples | None, right: Samples | None) -> tuple[stereo.StereoFile, Samples]:
    target = folder / "both.wav"
    made = stereo.join(write(folder, "left.wav", left), write(folder, "right.wav", right), target)
    with wave.open(str(target)) as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (2, 8000, 2)
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    return made, samples


def ramp(length: int) -> Samples:
    return (np.arange(length) % 30_000).astype(np.int16)


@pytest.mark.parametrize("lengths", [(0, 0), (1, 1), (8000, 8000), (8001, 7999), (100, 20_000), (20_000, 0)])
def test_each_side_is_where_it_belongs_and_the_shorter_one_ends_in_silence(
    tmp_path: Path, lengths: tuple[int, int]
) -> None:
    left, right = ramp(lengths[0]), -ramp(lengths[1])
    made, samples = joined(tmp_path, left, right)
    assert len(samples) == max(lengths)
    assert np.array_equal(samples[: lengths[0], 0], left)
    assert np.array_equal(samples[: lengths[1], 1], right)
    assert not samples[lengths[0] :, 0].any()
    assert not samples[lengths[1] :, 1].any()
    assert made.duration_ms == max(lengths) // 8


@given(st.integers(0, 30_000), st.integers(0, 30_000))
@settings(max_examples=20, deadline=None)
def test_the_length_is_that_of_the_longer(tmp_path_factory: pytest.TempPathFactory, left: int, right: int) -> None:
    _, samples = joined(tmp_path_factory.mktemp("stereo"), ramp(left), ramp(right))
    assert len(samples) == max(left, right)


@pytest.mark.parametrize("missing", ["left", "right"])
def test_a_side_that_is_missing_is_silent(tmp_path: Path, missing: str) -> None:
    sound = ramp(9000)
    _, samples = joined(tmp_path, None if missing == "left" else sound, None if missing == "right" else sound)
    silent = ["left", "right"].index(missing)
    assert not samples[:, silent].any()
    assert np.array_equal(samples[:, 1 - silent], sound)


def test_size_and_checksum_are_those_of_the_file(tmp_path: Path) -> None:
    made, _ = joined(tmp_path, ramp(5000), ramp(6000))
    content = (tmp_path / "both.wav").read_bytes()
    assert made == stereo.StereoFile(750, len(content), hashlib.sha256(content).hexdigest())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["both.wav", "left.wav", "right.wav"]


def test_a_file_whose_length_asterisk_could_not_write_any_more(tmp_path: Path) -> None:
    path = write(tmp_path, "left.wav", ramp(8000))
    assert path
    content = bytearray(path.read_bytes())
    content[40:44] = bytes(4)
    path.write_bytes(content + b"\x01")
    made = stereo.join(path, None, tmp_path / "both.wav")
    assert made.duration_ms == 1000


def test_a_human_stands_in_where_nothing_was_heard(tmp_path: Path) -> None:
    left = write(tmp_path, "left.wav", ramp(16_000))
    heard = np.zeros(16_000, np.int16)
    heard[:4000] = 1000
    right = write(tmp_path, "right.wav", heard)
    other = write(tmp_path, "other.wav", np.full(12_000, 500, np.int16))
    assert other
    target = tmp_path / "both.wav"
    stereo.join(left, right, target, [stereo.Other(other, after_ms=250)])
    with wave.open(str(target)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    assert np.array_equal(samples[:, 0], ramp(16_000))
    assert (samples[:4000, 1] == 1000).all(), "what the caller heard goes first"
    assert (samples[4000:14_000, 1] == 500).all()
    assert not samples[14_000:, 1].any()


def test_the_noise_of_a_codec_is_not_sound(tmp_path: Path) -> None:
    right = write(tmp_path, "right.wav", np.full(8000, 8, np.int16))
    other = write(tmp_path, "other.wav", np.full(8000, 500, np.int16))
    assert other
    target = tmp_path / "both.wav"
    stereo.join(None, right, target, [stereo.Other(other, after_ms=0)])
    with wave.open(str(target)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    assert (samples[:, 1] == 500).all()


def test_wideband_stays_wideband(tmp_path: Path) -> None:
    path = write(tmp_path, "left.wav", ramp(16_000))
    assert path
    content = bytearray(path.read_bytes())
    content[24:28] = (16_000).to_bytes(4, "little")
    path.write_bytes(content)
    target = tmp_path / "both.wav"
    made = stereo.join(path, None, target)
    with wave.open(str(target)) as file:
        assert file.getframerate() == 16_000
    assert made.duration_ms == 1000
