"""kill -9 of controller and media worker under calls: what was stored arrives, in order, unaltered."""

from collections.abc import AsyncIterator

import pytest

from controller.carrier.carrier import Carrier
from tests.integration.stack.bot import Bot
from tests.integration.stack.kill import kill_under_calls
from tests.integration.stack.processes import free_port
from tests.integration.stack.stack import Stack
from tests.unit.webhooks.receiver import SECRET, Receiver, receiving

pytestmark = pytest.mark.integration

CALLS, KILLS = 10, 3


@pytest.fixture(scope="module")
def receiver_port() -> int:
    return free_port()


@pytest.fixture
async def receiver(receiver_port: int) -> AsyncIterator[Receiver]:
    async with receiving(receiver_port) as receiver:
        yield receiver


@pytest.fixture
def settings(receiver_port: int) -> dict[str, str]:
    return {"WEBHOOK_URL": f"http://127.0.0.1:{receiver_port}/calls", "WEBHOOK_SECRET": SECRET}


@pytest.mark.timeout(240)
async def test_nothing_that_was_stored_is_lost(receiver: Receiver, stack: Stack, bot: Bot, carrier: Carrier) -> None:
    kept = await kill_under_calls(stack, bot, carrier, receiver, calls=CALLS, kills=KILLS)
    assert kept.faults == []
    assert kept.calls >= CALLS
    assert kept.acknowledged > 100, "the bots have reported, and were told that it is stored"
