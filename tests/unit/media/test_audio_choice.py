"""A bot that chooses its audio when it accepts."""

from typing import Any

import pytest

from controller.bot.protocol import AudioFormat
from controller.media import formats
from controller.media.worker import Listening
from tests.unit.bot.scripted_bot import Line, serving, until
from tests.unit.media.peers import Controller, answered, opening


async def test_what_the_bot_chooses_is_what_it_hears_and_says(worker: Listening, controller: Controller) -> None:
    heard: list[Any] = []

    async def chooses(line: Line) -> None:
        heard.append(await line.hear())
        await line.say(type="accept", audio={"encoding": "opus"})
        heard.append(await line.hear())
        await line.say(type="accept", audio={"encoding": "alaw"})
        heard.append(await line.hear())
        await line.say(type="accept", audio={"encoding": "pcm16", "sample_rate": 16_000})
        await line.socket.send_bytes(bytes(640) * 5)
        while (frame := await line.hear()) is not None:
            heard.append(frame)

    async with serving(chooses) as bot:
        asterisk = await answered(controller, worker, bot.url)
        asterisk.say(b"\xff" * 160)
        await until(lambda: any(isinstance(frame, bytes) for frame in heard))
        said = await asterisk.listen_for(3)
    start, not_known, not_offered, *_ = heard
    assert start["audio"] == {"encoding": "mulaw", "sample_rate": 8_000, "channels": 1}
    assert [(choice["encoding"], choice["sample_rate"]) for choice in start["audio_choices"]] == [
        ("pcm16", 8_000),
        ("pcm16", 16_000),
        ("pcm16", 24_000),
    ]
    assert (not_known["type"], not_known["field"]) == ("error", "audio.encoding")
    assert (not_offered["type"], not_offered["field"]) == ("error", "audio")
    assert [len(frame) for frame in heard if isinstance(frame, bytes)] == [640]
    assert {len(packet.payload) for packet in said} == {160}


@pytest.mark.parametrize(
    ("encoding", "audio", "count"),
    [
        ("mulaw", AudioFormat(), 3),
        ("alaw", AudioFormat(encoding="pcm16", sample_rate=24_000), 3),
        ("pcm16", AudioFormat(encoding="pcm16", sample_rate=16_000), 0),
    ],
)
def test_what_is_offered_can_be_had(encoding: Any, audio: AudioFormat, count: int) -> None:
    order = opening("ws://bot/", audio=audio, encoding=encoding)
    choices = formats.choices(order)
    assert len(choices) == count
    assert audio not in choices
    for choice in choices:
        opening("ws://bot/", audio=choice, encoding=encoding)
