"""What a session's audio looks like on its two sides: Asterisk's and the bot's. Pure."""

from typing import Final, Literal

from controller.bot.protocol import AudioFormat
from controller.media.audio.g711 import SILENCE_ALAW, SILENCE_MULAW
from controller.media.audio.linear import SAMPLE_BYTES, Line
from controller.media.audio.resample import TELEPHONE_RATE
from controller.media.audio.voice import Voice
from controller.media.control_messages import Open
from controller.media.rtp import packet as rtp

PCM_RATES: Final[tuple[Literal[8000, 16000, 24000], ...]] = (8_000, 16_000, 24_000)

FORMATS: Final = {
    "mulaw": (rtp.PAYLOAD_TYPE_PCMU, SILENCE_MULAW),
    "alaw": (rtp.PAYLOAD_TYPE_PCMA, SILENCE_ALAW),
    "pcm16": (-1, 0),
}
"""Encoding to RTP payload type (RFC 3551, table 4; -1: not over RTP) and the byte of silence."""


def choices(opening: Open) -> list[AudioFormat]:
    """What the bot may have instead of `start.audio`: with G.711 from Asterisk, that or linear PCM of any rate."""
    if opening.encoding == "pcm16":
        return []
    offered = [AudioFormat(encoding=opening.encoding)]
    offered += [AudioFormat(encoding="pcm16", sample_rate=rate) for rate in PCM_RATES]
    return [audio for audio in offered if audio != opening.start.audio]


def unit_bytes(opening: Open) -> int:
    """Of the bot's audio, as many bytes as make one telephone sample."""
    audio = opening.start.audio
    return audio.sample_rate // TELEPHONE_RATE * SAMPLE_BYTES if audio.encoding == "pcm16" else 1


def line(opening: Open) -> Line | None:
    """For a bot of linear PCM while Asterisk has G.711; None for one that has what Asterisk has, bit for bit."""
    audio = opening.start.audio
    if opening.encoding == "pcm16" or audio.encoding != "pcm16":
        return None
    return Line(opening.encoding, audio.sample_rate // TELEPHONE_RATE)


def voice(opening: Open) -> Voice | None:
    """What listens to the caller, in the format that Asterisk has; None where nobody asked."""
    if opening.voice == "off":
        return None
    return Voice(opening.encoding, opening.start.audio.sample_rate if opening.encoding == "pcm16" else TELEPHONE_RATE)
