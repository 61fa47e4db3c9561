"""Long tones in both directions while something of ours dies: what is heard goes on, and so do the calls."""

import asyncio

from controller.carrier import listening
from controller.carrier.phone import Phone
from controller.carrier.sounds import tone
from controller.records.store import CallDetail
from tests.integration.stack.bot import BotCall
from tests.integration.stack.parties import LOW, OTHER
from tests.integration.stack.stack import Stack

TALK_SECONDS = 8.0
WENT_ON_MS = 1_000.0
ADOPTED_SECONDS = 30.0


async def both_speak(calls: list[tuple[Phone, BotCall]]) -> None:
    """All callers and all bots begin a long tone, and it is heard."""
    for phone, call in calls:
        phone.play(tone(LOW, TALK_SECONDS))
        await call.speak(tone(OTHER, TALK_SECONDS))
    for phone, call in calls:
        await phone.until_tone(OTHER)
        await call.until(lambda call=call: bool(listening.tones(call.heard, LOW)), "the caller's tone")  # type: ignore[misc]


async def heard_throughout(phone: Phone, call: BotCall, dead_since: float, bot_had: int) -> None:
    """Both were in the middle of a tone when something of ours died, and it went on.

    Whether a word of it is missing is not asked here: a machine that stands still for a second loses some, and `make
    chaos` counts them.
    """
    await phone.until_quiet(2_000, 30, since=dead_since)
    await call.until(lambda: listening.silent_for_ms(call.heard) > 500, "the end of the caller's tone")
    for heard, hertz in ((phone.heard_since(dead_since), OTHER), (call.heard[bot_had:], LOW)):
        spans = listening.tones(heard, hertz)
        assert sum(span.end - span.start for span in spans) / 8 > WENT_ON_MS, f"{hertz:g} Hz went on: {spans}"


async def adopted(stack: Stack, calls: int) -> None:
    async with asyncio.timeout(ADOPTED_SECONDS):
        while stack.controller.log().count("going on with a call") < calls:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)


def in_order(record: CallDetail) -> bool:
    kinds = [step.kind for step in record.steps]
    times = [step.at_ms for step in record.steps]
    return times == sorted(times) and kinds[0] == "arrived" and kinds[-1] == "ended" and kinds.count("adopted") == 1
