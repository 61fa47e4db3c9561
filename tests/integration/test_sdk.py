"""The fifteen lines of the README on a real call."""

from collections.abc import AsyncIterator

import pytest

from controller.bot import sdk
from controller.carrier.carrier import Carrier
from controller.carrier.sounds import tone
from examples.sdk_bot import bot as example
from tests.integration.stack.asterisks import PHONE_NUMBER
from tests.integration.stack.stack import Stack

pytestmark = pytest.mark.integration

PITCH = 1300.0


@pytest.fixture
async def bot(running_stack: Stack) -> AsyncIterator[sdk.Bot]:
    async with example.serving(port=running_stack.bot_port, host="0.0.0.0"):
        yield example


async def test_it_is_heard_and_hears(stack: Stack, bot: sdk.Bot, carrier: Carrier) -> None:
    phone = await carrier.dial(PHONE_NUMBER, caller="+491713920012")
    await phone.until_answered()
    phone.play(tone(PITCH, 1.0))
    await phone.until_tone(PITCH)
    await phone.press("7")
    await phone.until_ended()
    record = await stack.record()
    assert record.summary.ending == "bot_hung_up"
    assert [(result.name, result.data) for result in record.results] == [("Key pressed", {"key": "7"})]
    assert not bot.calls
