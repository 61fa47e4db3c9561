"""The folder of sounds that Asterisk plays for us."""

import asyncio
import os
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import structlog

from controller.errors import SettingError, SoundError
from controller.sounds import speech, wav
from controller.sounds.sound import BUILTIN, Sound, file_name

AT_ONCE_MAX: Final = 2
"""Sounds being made at a time: a core each while it lasts, and calls are set up meanwhile."""

FILE_BYTES_MAX: Final = 32 * 1024 * 1024
"""Of a WAV file: five minutes of 48 kHz stereo have 58 MB, but a spoken one is mono."""

KEPT_SECONDS: Final = 30 * 24 * 3600.0
"""A sound that was not asked for in so long belongs to a configuration that is no more."""

ONCE_SECONDS: Final = 3600.0
"""A sound that was made for one call is left over when that call is: a crash came between."""

_ONCE: Final = "once-"

log = structlog.get_logger()


class Sounds:
    """Makes sounds ready to be played. `directory` is the same folder, by the same path, for Asterisk."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory.absolute()
        self._at_once = asyncio.Semaphore(AT_ONCE_MAX)

    async def open(self) -> None:
        """Makes the folder and removes what is old. Raises SettingError."""
        try:
            await asyncio.to_thread(self._sweep, time.time())
        except OSError as error:
            raise SettingError(
                "SOUNDS_DIR",
                f"{self._directory} cannot be used ({error.strerror})",
                "Name a folder that the controller may write and Asterisk may read, under the same path",
            ) from error

    async def prepare(self, sound: Sound, *, once: bool = False) -> str:
        """An ARI media URI to play it by. The same sound is made only once, unless it is for one call (`once`).

        `discard` what was made for one call. Raises SoundError.
        """
        if sound.builtin:
            return BUILTIN[sound.builtin]
        async with self._at_once:
            content = await asyncio.to_thread(_read, sound.file) if sound.file else sound.wav
            name = _ONCE + secrets.token_hex(8) if once else file_name(sound, content)
            if once or not await asyncio.to_thread(self._touch, name):
                await self._make(sound, content, name)
        return f"sound:{self._directory / name}"

    async def discard(self, media: str) -> None:
        """Removes a sound that was made for one call; any other stays."""
        name = Path(media.removeprefix("sound:")).name
        if name.startswith(_ONCE):
            await asyncio.to_thread(self._remove, name)

    async def _make(self, sound: Sound, content: bytes, name: str) -> None:
        if sound.text:
            content = await speech.speak(sound.text, sound.language)
        started = time.monotonic()
        try:
            files = await asyncio.to_thread(wav.convert, content)
        except ValueError as error:
            raise SoundError(f"{sound}: {error}") from error
        try:
            await asyncio.to_thread(self._write, name, files)
        except OSError as error:
            raise SoundError(f"cannot keep a sound in {self._directory} ({error.strerror})") from error
        log.debug("sound made", sound=str(sound), file=name, ms=round(1000 * (time.monotonic() - started), 1))

    # --- files, in a thread ---------------------------------------------------------------------------------

    def _paths(self, name: str) -> list[Path]:
        return [self._directory / f"{name}.{suffix}" for suffix in wav.RATES]

    def _touch(self, name: str) -> bool:
        """Whether it is there; it counts as used now."""
        try:
            for path in self._paths(name):
                os.utime(path)
        except OSError:
            return False
        return True

    def _write(self, name: str, files: Mapping[str, bytes]) -> None:
        for suffix, content in files.items():
            part = self._directory / f".{name}.{suffix}"
            part.write_bytes(content)
            part.chmod(0o644)  # Asterisk may be another user
            part.replace(self._directory / f"{name}.{suffix}")

    def _remove(self, name: str) -> None:
        for path in self._paths(name):
            path.unlink(missing_ok=True)

    def _sweep(self, now: float) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        probe = self._directory / f".probe-{secrets.token_hex(4)}"
        probe.touch()
        probe.unlink()
        for path in self._directory.iterdir():
            if path.suffix.lstrip(".") not in wav.RATES:
                continue
            temporary = path.name.lstrip(".").startswith(_ONCE) or path.name.startswith(".")
            if now - path.stat().st_mtime > (ONCE_SECONDS if temporary else KEPT_SECONDS):
                path.unlink(missing_ok=True)


def _read(file: str) -> bytes:
    try:
        with Path(file).open("rb") as opened:
            content = opened.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise SoundError(
            f"cannot read {file} ({error.strerror}): name a WAV file that the controller may read"
        ) from error
    if len(content) > FILE_BYTES_MAX:
        raise SoundError(f"{file} has more than {FILE_BYTES_MAX // 2**20} MB: save it as 16-bit mono")
    return content
