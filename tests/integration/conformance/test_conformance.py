"""Every protocol behaves alike on a real call, as far as it has words for it: heard by ear, and read in the record."""

import time
from collections.abc import Awaitable, Callable

import pytest

from controller.bot.adapters import adapter_of
from controller.bot.adapters.adapter import Behaviour
from controller.carrier import listening
from controller.carrier.carrier import Carrier
from controller.carrier.phone import Phone
from controller.carrier.sounds import tone
from controller.records.store import CallDetail
from tests.bots.bot import Bot, BotCall
from tests.bots.sound import Samples, heard_samples, spoken_tone
from tests.integration.conformance.conftest import NUMBERS
from tests.integration.ladder.records import ladder
from tests.integration.stack.parties import human_takes_it
from tests.integration.stack.stack import Stack

pytestmark = pytest.mark.integration

LOW, HIGH = 440.0, 1300.0  # Hz; neither is a harmonic of the other
KEYS = "15#"


class Scene:
    """The caller, the bot, and the human behind it."""

    def __init__(self, stack: Stack, bot: Bot, carrier: Carrier) -> None:
        self.stack = stack
        self.bot = bot
        self.carrier = carrier

    async def dial(self) -> Phone:
        return await self.carrier.dial(NUMBERS[self.bot.PROTOCOL])

    async def talking(self) -> tuple[Phone, BotCall]:
        caller = await self.dial()
        call = await self.bot.next_call()
        await caller.until_answered()
        return caller, call

    def spoken(self, hertz: float, seconds: float) -> bytes:
        return spoken_tone(self.bot.AUDIO, hertz, seconds)

    def at_bot(self, call: BotCall) -> Samples:
        return heard_samples(self.bot.AUDIO, bytes(call.heard))

    async def ends(self, ending: str, *rungs: str) -> CallDetail:
        """The call has one record, with this ending, these rungs and triggers."""
        record = await self.stack.record()
        assert record.summary.ending == ending
        assert ladder(record) == list(rungs)
        return record

    async def human_has(self, caller: Phone) -> None:
        human = await human_takes_it(caller, self.carrier)
        await human.hang_up()
        await caller.until_ended()


async def hear(scene: Scene) -> None:
    caller, call = await scene.talking()
    caller.play(tone(LOW, 0.6))
    await call.until(lambda _: listening.tones(scene.at_bot(call), LOW, 500))
    await caller.hang_up()
    await scene.ends("caller_hung_up", "bot")


async def speak(scene: Scene) -> None:
    caller, call = await scene.talking()
    await call.speak(scene.spoken(HIGH, 0.6))
    await caller.until_heard(lambda samples: bool(listening.tones(samples, HIGH, 500)))
    await caller.hang_up()
    await scene.ends("caller_hung_up", "bot")


async def dtmf(scene: Scene) -> None:
    caller, call = await scene.talking()
    await caller.press(KEYS)
    await call.until(lambda _: "".join(call.digits) == KEYS)
    await caller.hang_up()
    await scene.ends("caller_hung_up", "bot")


async def barge_in(scene: Scene) -> None:
    """Silent at once, and open for what the bot says next."""
    caller, call = await scene.talking()
    await call.speak(scene.spoken(LOW, 10.0))
    await caller.until_tone(LOW)
    await call.clear()
    # What was on its way when it was carried out is one frame, and the test's own clocks some more.
    await caller.until_quiet(300, since=time.monotonic() + 0.1)
    assert sum(span.milliseconds for span in listening.tones(caller.heard, LOW)) < 3000
    await call.speak(scene.spoken(HIGH, 0.4))
    await caller.until_tone(HIGH)
    await caller.hang_up()
    await scene.ends("caller_hung_up", "bot")


async def mark(scene: Scene) -> None:
    """Told when it was heard, and not before."""
    caller, call = await scene.talking()
    await call.speak(scene.spoken(LOW, 0.5))
    await call.mark("said")
    await call.until(lambda _: call.played)
    assert listening.tones(caller.heard, LOW, 300)
    await caller.hang_up()
    await scene.ends("caller_hung_up", "bot")


async def transfer(scene: Scene) -> None:
    caller, call = await scene.talking()
    await call.transfer()
    await scene.human_has(caller)
    await scene.ends("human_hung_up", "bot")


async def hangup(scene: Scene) -> None:
    """After the last word."""
    caller, call = await scene.talking()
    await call.speak(scene.spoken(HIGH, 0.4))
    await call.hangup()
    await caller.until_ended()
    assert listening.tones(caller.heard, HIGH, 300)
    await scene.ends("bot_hung_up", "bot")


async def reject(scene: Scene) -> None:
    """It costs the caller nothing: the human's phone rings at once."""
    scene.bot.refuses = True
    caller = await scene.dial()
    await scene.human_has(caller)
    says_busy = scene.bot.PROTOCOL in {"native", "openai"}
    record = await scene.ends("human_hung_up", "bot", "busy" if says_busy else "unreachable", "human")
    assert any("too many" in step.detail for step in record.steps), "the bot's own words"


async def drop(scene: Scene) -> None:
    """For good: where a protocol could go on with the call on a new connection, there is nobody to do so."""
    caller, call = await scene.talking()
    scene.bot.away = True
    await call.drop()
    await scene.human_has(caller)
    await scene.ends("human_hung_up", "bot", "dropped", "human")


SUITE: dict[Behaviour, Callable[[Scene], Awaitable[None]]] = {
    Behaviour.HEAR: hear,
    Behaviour.SPEAK: speak,
    Behaviour.DTMF: dtmf,
    Behaviour.BARGE_IN: barge_in,
    Behaviour.MARK: mark,
    Behaviour.TRANSFER: transfer,
    Behaviour.HANGUP: hangup,
    Behaviour.REJECT: reject,
    Behaviour.DROP: drop,
}


@pytest.mark.parametrize("behaviour", SUITE)
async def test_conformance(stack: Stack, bot: Bot, carrier: Carrier, behaviour: Behaviour) -> None:
    if cannot := adapter_of(bot.PROTOCOL).CANNOT.get(behaviour):
        pytest.skip(cannot)
    await SUITE[behaviour](Scene(stack, bot, carrier))
