from typing import get_args

import pytest

from controller.bot.protocol import Party, Start
from controller.config import BotAudio, MediaTransport
from controller.media.control_messages import BotTarget, Open
from controller.session.asterisk_audio import asterisk_audio
from controller.session.translation import to_audio_format

TABLE: list[tuple[BotAudio, MediaTransport, str, str]] = [
    ("mulaw", "rtp", "ulaw", "mulaw"),
    ("alaw", "rtp", "alaw", "alaw"),
    ("pcm16/8000", "rtp", "ulaw", "mulaw"),
    ("pcm16/16000", "rtp", "ulaw", "mulaw"),
    ("pcm16/24000", "rtp", "ulaw", "mulaw"),
    ("mulaw", "websocket", "ulaw", "mulaw"),
    ("alaw", "websocket", "alaw", "alaw"),
    ("pcm16/8000", "websocket", "slin", "pcm16"),
    ("pcm16/16000", "websocket", "slin16", "pcm16"),
    ("pcm16/24000", "websocket", "slin24", "pcm16"),
]


@pytest.mark.parametrize(("audio", "transport", "name", "encoding"), TABLE)
def test_what_asterisk_is_asked_for(audio: BotAudio, transport: MediaTransport, name: str, encoding: str) -> None:
    asked = asterisk_audio(audio, transport)
    assert (asked.format, asked.encoding) == (name, encoding)
    start = Start(call_id="c", caller=Party(), callee=Party(), route="r", audio=to_audio_format(audio))
    Open(session="s", bot=BotTarget(url="ws://bot/"), start=start, encoding=asked.encoding)


def test_the_table_is_whole() -> None:
    every = {(audio, transport) for audio in get_args(BotAudio) for transport in get_args(MediaTransport)}
    assert {row[:2] for row in TABLE} == every
