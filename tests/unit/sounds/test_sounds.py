import os
import time
from pathlib import Path

import numpy as np
import pytest

from controller.errors import SettingError, SoundError
from controller.sounds import sounds as module
from controller.sounds import speech, wav
from controller.sounds.sound import Sound
from controller.sounds.sounds import Sounds

WAV = wav.write(np.full(4_000, 0.25, np.float32), 8_000)


@pytest.fixture
async def kept(tmp_path: Path) -> Sounds:
    sounds = Sounds(tmp_path / "sounds")
    await sounds.open()
    return sounds


def files(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "sounds").iterdir())


async def test_a_text_is_spoken_once(kept: Sounds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    media = await kept.prepare(Sound(text="Please hold.", language="en-gb"))
    assert [f"sound:{tmp_path}/sounds/{Path(name).stem}" for name in files(tmp_path)] == [media, media]
    assert [Path(name).suffix for name in files(tmp_path)] == [".wav", ".wav16"]
    monkeypatch.setattr(speech, "PROGRAM", "no-such-program")
    assert await kept.prepare(Sound(text="Please hold.", language="en-gb")) == media


async def test_a_file_that_changed_is_another_sound(kept: Sounds, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(WAV)
    first = await kept.prepare(Sound(file=str(tmp_path / "a.wav")))
    (tmp_path / "a.wav").write_bytes(wav.write(np.full(8_000, 0.5, np.float32), 16_000))
    assert await kept.prepare(Sound(file=str(tmp_path / "a.wav"))) != first


async def test_asterisk_may_read_what_is_made(kept: Sounds, tmp_path: Path) -> None:
    await kept.prepare(Sound(wav=WAV))
    assert {(tmp_path / "sounds" / name).stat().st_mode & 0o777 for name in files(tmp_path)} == {0o644}


async def test_a_built_in_sound_is_asterisks_own(kept: Sounds, tmp_path: Path) -> None:
    assert await kept.prepare(Sound(builtin="beep")) == "sound:beep"
    assert files(tmp_path) == []


async def test_a_sound_for_one_call_goes_with_it_and_others_stay(kept: Sounds, tmp_path: Path) -> None:
    stays = await kept.prepare(Sound(wav=WAV))
    goes = await kept.prepare(Sound(wav=WAV), once=True)
    assert goes != stays
    for media in (goes, goes, stays, "sound:beep", "sound:../../etc/once-passwd"):
        await kept.discard(media)
    assert {Path(name).stem for name in files(tmp_path)} == {Path(stays).name}


@pytest.mark.parametrize(
    ("sound", "complaint"),
    [
        (Sound(file="/nowhere/a.wav"), "cannot read /nowhere/a.wav"),
        (Sound(wav=b"RIFF"), "the WAV file received: it is no WAV file"),
        (Sound(text="Hello", language="xx"), "does not speak"),
    ],
)
async def test_what_cannot_be_made_is_said_and_leaves_nothing(
    kept: Sounds, tmp_path: Path, sound: Sound, complaint: str
) -> None:
    with pytest.raises(SoundError, match=complaint):
        await kept.prepare(sound)
    assert files(tmp_path) == []


async def test_a_file_that_is_too_big(kept: Sounds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FILE_BYTES_MAX", 100)
    (tmp_path / "a.wav").write_bytes(WAV)
    with pytest.raises(SoundError, match="16-bit mono"):
        await kept.prepare(Sound(file=str(tmp_path / "a.wav")))


async def test_what_is_old_goes_at_the_start(kept: Sounds, tmp_path: Path) -> None:
    folder = tmp_path / "sounds"
    ages = {"a.wav": module.KEPT_SECONDS + 60, "b.wav16": 3600, "once-c.wav": module.ONCE_SECONDS + 60,
            ".d.wav": module.ONCE_SECONDS + 60, "once-e.wav": 60, "operators-own.txt": 9e8}  # fmt: skip
    for name, age in ages.items():
        (folder / name).write_bytes(b"x")
        os.utime(folder / name, (time.time() - age,) * 2)
    await kept.open()
    assert files(tmp_path) == ["b.wav16", "once-e.wav", "operators-own.txt"]


async def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(SettingError, match="SOUNDS_DIR"):
        await Sounds(tmp_path / "file" / "sounds").open()
