from pathlib import Path

from controller.bot import protocol
from examples.sdk_bot import bot
from tests.unit.examples.controllers_side import Bot

LINES_MAX = 15
"""The README promises a bot in 15 lines: blank lines and docstring are not counted."""


async def test_it_repeats_what_it_hears_notes_a_key_and_hangs_up() -> None:
    async with Bot(bot.application()) as line:
        await line.start()
        assert isinstance(await line.receive(), protocol.Accept)
        assert isinstance(await line.receive(), protocol.Log)
        await line.send(protocol.Answered())
        await line.socket.send_bytes(b"said")
        assert await line.receive() == b"said"
        await line.send(protocol.Dtmf(digit="5"))
        result = await line.receive()
        assert isinstance(result, protocol.Result)
        assert result.data == {"key": "5"}
        await line.send(protocol.Ack(id=result.id or ""))
        assert isinstance(await line.receive(), protocol.Hangup)
        await line.send(protocol.End(reason="bot_hung_up"))


def test_it_is_as_short_as_promised() -> None:
    source = Path("examples/sdk_bot.py").read_text(encoding="utf-8").partition("if __name__")[0]
    assert len([line for line in source.splitlines() if line and not line.startswith('"""')]) <= LINES_MAX
