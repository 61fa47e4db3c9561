"""The native protocol (`docs/bot-protocol.md`) as an adapter: the frames are our messages.

`connection.BotConnection` speaks it without going through here, frame by frame; both begin with its handshake.
"""

from typing import ClassVar

from controller.bot.adapters.adapter import Adapter, Handshake, Opening, Speech, Steps, authorized
from controller.bot.protocol import SUBPROTOCOL, AudioFormat, ToBot, parse_from_bot, serialize


def native_handshake(opening: Opening, subprotocol: str = SUBPROTOCOL) -> Handshake:
    """Of a socket for one call, or (with the other subprotocol) for many."""
    return Handshake(opening.url, subprotocol, authorized(opening))


class Native(Adapter):
    """`ari-controller.v1`."""

    FORMATS: ClassVar = (
        AudioFormat(),
        AudioFormat(encoding="alaw"),
        AudioFormat(encoding="pcm16"),
        AudioFormat(encoding="pcm16", sample_rate=16000),
        AudioFormat(encoding="pcm16", sample_rate=24000),
    )
    CANNOT: ClassVar = {}

    def handshake(self) -> Handshake:
        return native_handshake(self.opening)

    def to_bot(self, message: ToBot) -> Steps:
        return (serialize(message),)

    def audio_to_bot(self, audio: bytes | bytearray | memoryview) -> bytes:
        return bytes(audio)

    def text_from_bot(self, text: bytes) -> Steps:
        return (parse_from_bot(text),)

    def binary_from_bot(self, part: memoryview) -> Steps:
        return (Speech(part),)
