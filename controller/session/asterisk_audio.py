"""Which audio Asterisk is asked for, so that a bot gets its own. Pure."""

from dataclasses import dataclass
from typing import Final, Literal

from controller.config import BotAudio, MediaTransport


@dataclass(frozen=True, slots=True)
class AsteriskAudio:
    """`format` is Asterisk's name for what `encoding` is on the control link."""

    format: str
    encoding: Literal["mulaw", "alaw", "pcm16"]


ULAW: Final = AsteriskAudio("ulaw", "mulaw")
ALAW: Final = AsteriskAudio("alaw", "alaw")

_OF_RTP: Final[dict[BotAudio, AsteriskAudio]] = {
    "mulaw": ULAW,
    "alaw": ALAW,
    "pcm16/8000": ULAW,
    "pcm16/16000": ULAW,
    "pcm16/24000": ULAW,
}
"""Asterisk drops what we send with a dynamic payload type: only G.711 goes both ways, and the worker converts."""

_OF_WEBSOCKET: Final[dict[BotAudio, AsteriskAudio]] = {
    "mulaw": ULAW,
    "alaw": ALAW,
    "pcm16/8000": AsteriskAudio("slin", "pcm16"),
    "pcm16/16000": AsteriskAudio("slin16", "pcm16"),
    "pcm16/24000": AsteriskAudio("slin24", "pcm16"),
}
"""Any format goes, so Asterisk has the bot's own, and a wideband caller keeps all that the bot can hear."""


def asterisk_audio(audio: BotAudio, transport: MediaTransport) -> AsteriskAudio:
    """Asterisk's side of the audio of a bot."""
    return (_OF_WEBSOCKET if transport == "websocket" else _OF_RTP)[audio]
