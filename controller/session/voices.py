"""From a sound as routes have it to one that Asterisk can play."""

from controller.errors import SoundError
from controller.routing.route import Sound
from controller.sounds import sound as sounds
from controller.sounds.sounds import Sounds


class Voices:
    """Makes sounds ready; what routes name is ready beforehand (`Sounds.prepare` when they are loaded)."""

    def __init__(self, sounds: Sounds) -> None:
        self._sounds = sounds

    async def ready(self, sound: Sound) -> str:
        """An ARI media URI. Raises SoundError."""
        try:
            made = to_sound(sound)
        except ValueError as error:
            raise SoundError(str(error)) from error
        return await self._sounds.prepare(made)


def to_sound(sound: Sound) -> sounds.Sound:
    """Raises ValueError for what no sound can be made of."""
    language = sound.language or sounds.LANGUAGE
    return sounds.Sound(text=sound.text, file=sound.file, builtin=sound.builtin, language=language)
