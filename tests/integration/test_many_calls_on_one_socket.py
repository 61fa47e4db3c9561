"""BOT_MULTIPLEX on real SIP and RTP: callers who share the bot's socket hear and are heard as if they were alone."""

import pytest

from controller.carrier import listening
from controller.carrier.carrier import Carrier
from controller.carrier.sounds import tone
from tests.integration.stack import bot_of_many
from tests.integration.stack.asterisks import PHONE_NUMBER
from tests.integration.stack.processes import free_port
from tests.integration.stack.stack import Stack

pytestmark = pytest.mark.integration

ADA, BOB = "+491713920012", "+491713920013"
TO_ADA, TO_BOB, FROM_ADA, FROM_BOB = 440.0, 1300.0, 620.0, 1700.0  # Hz


async def test_two_callers_on_one_socket_hear_their_own_bot(stack: Stack, carrier: Carrier) -> None:
    port = free_port()
    stack.restart_controller(BOT_URL=f"ws://127.0.0.1:{port}/", BOT_MULTIPLEX="true")
    async with bot_of_many.serving(port) as bot:
        ada, bob = [await carrier.dial(PHONE_NUMBER, caller=caller) for caller in (ADA, BOB)]
        for phone in (ada, bob):
            await phone.until_answered()
        await bot.until(lambda: len(bot.numbers) == 2, "both calls")
        await bot.speak({ADA: tone(TO_ADA, 1.0), BOB: tone(TO_BOB, 1.0)})
        ada.play(tone(FROM_ADA, 1.0))
        bob.play(tone(FROM_BOB, 1.0))
        await ada.until_tone(TO_ADA)
        await bob.until_tone(TO_BOB)
        for caller, hertz in ((ADA, FROM_ADA), (BOB, FROM_BOB)):
            await bot.until(lambda: bool(listening.tones(bot.heard(caller), hertz, 500)), f"{caller}'s tone")  # noqa: B023
        assert not listening.tones(ada.heard, TO_BOB)
        assert not listening.tones(bob.heard, TO_ADA)
        assert not listening.tones(bot.heard(ADA), FROM_BOB)
        assert not listening.tones(bot.heard(BOB), FROM_ADA)
        await ada.hang_up()
        await bot.until(lambda: len(bot.ended) == 1, "Ada's end")
        # Bob is still there, on the same socket.
        await bot.speak({BOB: tone(TO_ADA, 0.5)})
        await bob.until_tone(TO_ADA)
        await bob.hang_up()
        await bot.until(lambda: len(bot.ended) == 2, "Bob's end")
        assert set(bot.ended.values()) == {"caller_hung_up"}
        assert len(bot.sockets) == 1
        await stack.until_closed(2)


async def test_a_lost_socket_sends_its_callers_to_the_human(stack: Stack, carrier: Carrier) -> None:
    port = free_port()
    stack.restart_controller(BOT_URL=f"ws://127.0.0.1:{port}/", BOT_MULTIPLEX="true")
    async with bot_of_many.serving(port) as bot:
        phone = await carrier.dial(PHONE_NUMBER, caller=ADA)
        await phone.until_answered()
        await bot.sockets[0].close(code=4001)
        human = await carrier.incoming()
        await human.answer()
        human.play(tone(TO_ADA, 0.5))
        await phone.until_tone(TO_ADA)
        await phone.hang_up()
        await human.until_ended()
    steps = (await stack.record()).steps
    left = [step.detail for step in steps if step.kind == "rung_left"]
    assert left[0].startswith("dropped: the bot closed the connection with code 4001")
