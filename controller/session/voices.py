"""From a sound as routes have it to one that Asterisk can play."""

from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

import numpy as np

from controller.errors import SoundError
from controller.media.files import FileFailed, fetch
from controller.routing.route import Sound
from controller.routing.routes import Routes
from controller.sounds import sound as sounds
from controller.sounds import wav
from controller.sounds.sounds import Sounds

SILENCE_RATE: Final = 8_000
"""Samples per second: Asterisk's own for telephones."""


class Voices:
    """Makes sounds ready; what routes name is ready beforehand (`Sounds.prepare` when they are loaded)."""

    def __init__(self, sounds: Sounds) -> None:
        self._sounds = sounds

    async def made(self, sound: Sound) -> Sound:
        """The same, ready to be played without a wait. Raises SoundError."""
        return replace(sound, media=await self.ready(sound))

    async def fetched(self, url: str) -> Sound:
        """The WAV file at the URL. Raises SoundError."""
        parts = urlsplit(url)
        name = f"{parts.hostname}{parts.path}"  # what else there is may be secret, and this goes into the record
        try:
            content = await fetch(url)
        except FileFailed as error:
            raise SoundError(f"{name}: {error}") from error
        return await self._received(content, name)

    async def silence(self, seconds: int) -> Sound:
        """Raises SoundError."""
        content = wav.write(np.zeros(seconds * SILENCE_RATE, np.float32), SILENCE_RATE)
        return await self._received(content, f"{seconds} s of silence")

    async def _received(self, content: bytes, name: str) -> Sound:
        return Sound(file=name, media=await self._sounds.prepare(sounds.Sound(wav=content)))

    async def prepare(self, routes: Routes) -> None:
        """Speak what these routes may say, so that no caller waits for it. Raises SoundError: they cannot be used."""
        for sound in routes.sounds():
            await self.ready(sound)

    async def ready(self, sound: Sound) -> str:
        """An ARI media URI. Raises SoundError."""
        if sound.media:
            return sound.media
        if sound.file.startswith(("http://", "https://")):
            return (await self.fetched(sound.file)).media
        try:
            made = to_sound(sound)
        except ValueError as error:
            raise SoundError(str(error)) from error
        return await self._sounds.prepare(made)


def to_sound(sound: Sound) -> sounds.Sound:
    """Raises ValueError for what no sound can be made of."""
    language = sound.language or sounds.LANGUAGE
    return sounds.Sound(text=sound.text, file=sound.file, builtin=sound.builtin, language=language)
