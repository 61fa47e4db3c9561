"""What is said to people, in the route's language: by us, and by the route's own texts."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from controller.routing.route import Sound

PLACE_IN_LINE: Final = {
    "de": "Sie sind Nummer {position} in der Warteschlange.",
    "en": "You are number {position} in line.",
}
PRESS_TO_ACCEPT: Final = {
    "de": "Ein Anruf für Sie. Zum Annehmen drücken Sie die {digit}.",
    "en": "A call for you. To take it, press {digit}.",
}


def said(phrase: Mapping[str, str], language: str, **values: Any) -> Sound:
    """In English where we have no words of that language (`de`, `de-CH`, …), and spoken as its own speakers do."""
    text = phrase.get(language.partition("-")[0], phrase["en"])
    return Sound(text=text.format(**values), language=language)


def spoken(sound: Sound, language: str) -> Sound:
    """As it was made ready when the routes were loaded: in this language, unless the text has one of its own."""
    return replace(sound, language=language) if sound.text and not sound.language else sound
