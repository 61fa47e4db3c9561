"""What is to be heard, before it is a file."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

BUILTIN: Final[Mapping[str, str]] = {
    "beep": "sound:beep",
    "nobody-available": "sound:ari-controller/nobody-available",
}
"""In Asterisk's image already: our name -> ARI media URI."""

TEXT_CHARACTERS_MAX: Final = 2000
"""Of text to be spoken: some two and a half minutes, longer than any caller listens."""

LANGUAGE: Final = "en-us"

_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*(\+[a-zA-Z0-9]{1,16})?", re.IGNORECASE)
_RECIPE: Final = b"1"
"""Part of every name: another number, when the same input is to become another file."""


@dataclass(frozen=True, slots=True)
class Sound:
    """Exactly one of: `text` to be spoken, a WAV `file` by its path, a WAV file's content, a `builtin` by its name.

    `language` is espeak-ng's name of a voice, for text: de, en-us, en-gb+f3, … Raises ValueError for what no sound
    can be made of.
    """

    text: str = ""
    file: str = ""
    wav: bytes = b""
    builtin: str = ""
    language: str = LANGUAGE

    def __post_init__(self) -> None:
        if sum(map(bool, (self.text.strip(), self.file, self.wav, self.builtin))) != 1:
            raise ValueError("a sound is one of: a text, a WAV file, a WAV file's content, a built-in sound")
        if len(self.text) > TEXT_CHARACTERS_MAX:
            raise ValueError(f"{len(self.text)} characters are too many to speak: {TEXT_CHARACTERS_MAX} at most")
        if not _LANGUAGE.fullmatch(self.language):
            raise ValueError(f"{self.language!r} is no language, such as de or en-us")
        if self.builtin and self.builtin not in BUILTIN:
            raise ValueError(f"{self.builtin!r} is no built-in sound: there are {', '.join(BUILTIN)}")

    def __str__(self) -> str:
        """In messages."""
        if self.text:
            return f"text {self.text[:40]!r}"
        if self.builtin:
            return f"built-in sound {self.builtin}"
        return f"WAV file {self.file}" if self.file else "the WAV file received"


def file_name(sound: Sound, content: bytes = b"") -> str:
    """Under which a sound is kept: the same for the same input. `content` is that of its file."""
    parts = (_RECIPE, sound.language.encode() if sound.text else b"", sound.text.encode(), content or sound.wav)
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8) + part)
    return digest.hexdigest()[:32]
