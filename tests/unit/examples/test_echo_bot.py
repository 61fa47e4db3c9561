from pathlib import Path

from controller.bot import protocol
from examples.echo_bot import bot
from tests.unit.examples.controllers_side import Bot

LINES_MAX = 20
"""The README promises a bot in 20 lines: imports, blank lines and docstring are not counted."""


async def test_it_accepts_and_the_caller_hears_himself() -> None:
    async with Bot(bot) as line:
        await line.start()
        assert await line.receive() == protocol.Accept(type="accept")
        await line.send(protocol.Answered())
        for size in (160, 1, 800):
            said = bytes(range(256)) * 4
            await line.socket.send_bytes(said[:size])
            assert await line.receive() == said[:size]
        await line.send(protocol.Dtmf(digit="1"))
        await line.send(protocol.End(reason="caller_hung_up"))
        await line.socket.close()


def test_it_is_as_short_as_promised() -> None:
    lines = Path("examples/echo_bot.py").read_text(encoding="utf-8").splitlines()
    assert len([line for line in lines if line and not line.startswith(('"""', "from"))]) <= LINES_MAX
