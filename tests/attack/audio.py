"""Whether calls that go on are still heard, both ways, while something else happens."""

import asyncio
import time
from dataclasses import dataclass

from controller.carrier import listening
from controller.carrier.carrier import Carrier
from controller.carrier.phone import Phone
from controller.carrier.sounds import tone
from tests.integration.stack.asterisks import PHONE_NUMBER
from tests.integration.stack.bot import Bot, BotCall, Samples
from tests.integration.stack.parties import LOW, OTHER

SAID_SECONDS_MAX = 30.0
ON_ITS_WAY_SECONDS = 0.5


@dataclass
class Conversation:
    """A call in which both say a tone all the time; `since` it is listened to."""

    phone: Phone
    call: BotCall
    since: float = 0.0
    heard_before: int = 0

    async def speak(self, seconds: float) -> None:
        self.since = time.monotonic()
        self.heard_before = len(self.call.heard)
        self.phone.play(tone(LOW, seconds))
        await self.call.speak(tone(OTHER, seconds))

    def heard_ms(self) -> tuple[float, float]:
        """So much of the other's tone did the bot hear, and the caller."""
        bot = self.call.heard[self.heard_before :]
        return _total_ms(bot, LOW), _total_ms(self.phone.heard_since(self.since), OTHER)


async def all_said(talks: list[Conversation]) -> None:
    """Until every caller has said it all: on a busy machine their common clock runs late, and nothing of it is lost."""
    deadline = time.monotonic() + SAID_SECONDS_MAX
    for talk in talks:
        while talk.phone.line.speaking and time.monotonic() < deadline:  # noqa: ASYNC110 - a line tells nobody
            await asyncio.sleep(0.1)
    await asyncio.sleep(ON_ITS_WAY_SECONDS)


def _total_ms(samples: Samples, hertz: float) -> float:
    return sum(span.milliseconds for span in listening.tones(samples, hertz, 20.0))


async def conversations(carrier: Carrier, bot: Bot, count: int) -> list[Conversation]:
    """So many calls, each answered."""
    found = []
    for number in range(1, count + 1):
        phone = await carrier.dial(PHONE_NUMBER)
        call = await bot.call(number)
        await phone.until_answered()
        await call.until_message("answered")
        found.append(Conversation(phone, call))
    return found
