"""Protocols that bots speak, by the name that the operator gives them. The rules for one are in `adapter.py`."""

from typing import Final

from controller.bot.adapters.adapter import Adapter, Opening
from controller.bot.adapters.audiocodes import AudioCodes
from controller.bot.adapters.genesys import Genesys
from controller.bot.adapters.native import Native
from controller.bot.adapters.openai import OpenAI
from controller.bot.adapters.twilio import Twilio
from controller.bot.protocol import AudioFormat
from controller.errors import ProtocolError

NATIVE: Final = "native"

PROTOCOLS: Final[dict[str, type[Adapter]]] = {
    NATIVE: Native,
    "twilio": Twilio,
    "openai": OpenAI,
    "audiocodes": AudioCodes,
    "genesys": Genesys,
}


def adapt(protocol: str, opening: Opening) -> Adapter:
    """One connection's adapter. Raises ProtocolError where there is none for this protocol and this audio."""
    adapter = adapter_of(protocol)
    audio = opening.start.audio
    if audio not in adapter.FORMATS:
        can = ", ".join(map(written, adapter.FORMATS))
        asked = f"the audio of this bot is set to {written(audio)}"
        raise ProtocolError(f"{asked}, and {protocol} carries {can}", "audio")
    return adapter(opening)


def audio_carried() -> dict[str, tuple[str, ...]]:
    """Every protocol, and the audio that it carries, as the operator writes it."""
    return {name: tuple(map(written, adapter.FORMATS)) for name, adapter in PROTOCOLS.items()}


def written(audio: AudioFormat) -> str:
    """As in `audio` of routes.toml."""
    return f"{audio.encoding}/{audio.sample_rate}" if audio.encoding == "pcm16" else audio.encoding


def adapter_of(protocol: str) -> type[Adapter]:
    """The adapter of this name. Raises ProtocolError."""
    try:
        return PROTOCOLS[protocol]
    except KeyError:
        known = ", ".join(PROTOCOLS)
        raise ProtocolError(f"there is no bot protocol {protocol!r}; there are {known}", "protocol") from None
