"""A carrier that speaks A-law and nothing else, as European ones do: everybody hears everybody, call after call."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.carrier.carrier import Carrier
from tests.integration.ladder.routes import BOT_THEN_DESK, routes
from tests.integration.stack import asterisks
from tests.integration.stack.bot import Bot
from tests.integration.stack.parties import bot_has, hear_each_other, talking
from tests.integration.stack.stack import Stack

pytestmark = pytest.mark.integration

CALLS = 6  # where every second one was deaf, 63 of 64 runs would say so
SALES = '[humans.sales]\nqueue = "human"'


@pytest.fixture(scope="module")
def running_stack(sounds_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folders = {str(sounds_folder): sounds_folder}
    with asterisks.running(folders=folders, carrier={"CARRIER_CODECS": "alaw"}) as pair:
        stack = Stack(pair, tmp_path_factory.mktemp("stack"), sounds_folder)
        yield stack
        stack.stop()


@pytest.fixture
def settings(running_stack: Stack) -> dict[str, str]:
    running_stack.routes_file.write_text(routes(running_stack, BOT_THEN_DESK, more=SALES))
    return {"ROUTES_FILE": str(running_stack.routes_file)}


async def test_a_caller_the_bot_and_whom_the_queue_finds(stack: Stack, bot: Bot, carrier: Carrier) -> None:
    """The ringing tone is made by Asterisk, and then the human's packets come in its place."""
    for number in range(1, CALLS + 1):
        caller, call = await talking(carrier, bot, number)
        await bot_has(caller, call)
        await call.send("transfer", to="sales", way="queue")
        human = await carrier.incoming()
        await human.answer()
        await hear_each_other(caller, human)
        await caller.hang_up()
        await human.until_ended()
    await stack.until_closed(CALLS)
