"""Long tones in both directions while something of ours dies: what is heard goes on, and so do the calls."""

import asyncio
from itertools import pairwise

from controller.carrier import listening
from controller.carrier.phone import Phone
from controller.carrier.sounds import tone
from controller.records.store import CallDetail
from tests.integration.stack.bot import BotCall
from tests.integration.stack.parties import LOW, OTHER
from tests.integration.stack.stack import Stack

TALK_SECONDS = 8.0
GAP_MS_MAX = 500.0
"""At once, in the seconds without a controller: what a machine costs that others share. A quiet one has no gap."""
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
    """Both were in the middle of a tone when the controller died, and were heard to its end."""
    await phone.until_quiet(since=dead_since)
    await call.until(lambda: listening.silent_for_ms(call.heard) > 500, "the end of the caller's tone")
    for heard, hertz in ((phone.heard_since(dead_since), OTHER), (call.heard[bot_had:], LOW)):
        spans = listening.tones(heard, hertz)
        lasted = spans[-1].end / 8
        assert lasted > 1000, "the tone went on without a controller"
        gaps = [(after.start - before.end) / 8 for before, after in pairwise(spans)]
        assert max([spans[0].start / 8, *gaps]) <= GAP_MS_MAX, f"{hertz:g} Hz in one piece: {spans}"


async def adopted(stack: Stack, calls: int) -> None:
    async with asyncio.timeout(ADOPTED_SECONDS):
        while stack.controller.log().count("going on with a call") < calls:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)


def in_order(record: CallDetail) -> bool:
    kinds = [step.kind for step in record.steps]
    times = [step.at_ms for step in record.steps]
    return times == sorted(times) and kinds[0] == "arrived" and kinds[-1] == "ended" and kinds.count("adopted") == 1
