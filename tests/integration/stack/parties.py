"""Who is in a call, and whether they hear each other: each says a tone of its own, and the others listen for it."""

import time

from controller.carrier import listening
from controller.carrier.carrier import Carrier
from controller.carrier.phone import Phone
from controller.carrier.sounds import tone
from tests.integration.stack.asterisks import PHONE_NUMBER
from tests.integration.stack.bot import Bot, BotCall

LOW, HIGH, OTHER = 440.0, 1300.0, 620.0  # Hz: of the caller, the human, the bot
SAID_AT_MOST, HEARD_SECONDS = 5, 3.0


async def talking(carrier: Carrier, bot: Bot, number: int = 1) -> tuple[Phone, BotCall]:
    """A caller who talks to the bot; it is the bot's first call, or its `number`th."""
    phone = await carrier.dial(PHONE_NUMBER)
    call = await bot.call(number)
    await phone.until_answered()
    await call.until_message("answered")
    return phone, call


async def human_takes_it(caller: Phone, carrier: Carrier, seconds: float = 20.0) -> Phone:
    """The human's phone rings within so many seconds; on its answer both hear each other."""
    human = await carrier.incoming(seconds)
    await human.answer()
    await caller.until_answered()
    await hear_each_other(caller, human)
    return human


async def hear_each_other(caller: Phone, human: Phone) -> None:
    """Who is not understood says it again, as people do: a machine that stands still for a moment swallows words."""
    for tries_left in reversed(range(SAID_AT_MOST)):
        since = time.monotonic()
        caller.play(tone(LOW, 0.5))
        human.play(tone(HIGH, 0.5))
        try:
            await human.until_tone(LOW, since=since, seconds=HEARD_SECONDS)
            await caller.until_tone(HIGH, since=since, seconds=HEARD_SECONDS)
        except TimeoutError:
            if not tries_left:
                raise
        else:
            return


async def bot_has(caller: Phone, call: BotCall) -> None:
    """Bot and caller hear each other."""
    for tries_left in reversed(range(SAID_AT_MOST)):
        since = time.monotonic()
        await call.speak(tone(OTHER, 0.5))
        try:
            await caller.until_tone(OTHER, since=since, seconds=HEARD_SECONDS)
            break
        except TimeoutError:
            if not tries_left:
                raise
    heard = len(call.heard)
    caller.play(tone(LOW, 0.5))
    await call.until(lambda: bool(listening.tones(call.heard[heard:], LOW, 200)), "the caller's tone")
