"""The faults: each is done, and undone where somebody would undo it, and says since when the rest has to be well."""

import asyncio
import random
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from tests.chaos.judge import Bounds
from tests.chaos.scene import Scene
from tests.unit.webhooks.receiver import Receiver

AWAY_SECONDS: Final = (2.0, 6.0)
"""How long what can come back is away."""

Strike = Callable[[Scene, random.Random], Awaitable[float]]
"""Returns the moment from which recovery counts, by the monotonic clock."""


@dataclass(frozen=True)
class Fault:
    strike: Strike
    bounds: Bounds
    settings: Mapping[str, str] = field(default_factory=dict)
    """Of the controller, beside the usual ones."""
    reconnect: int = 5
    """How long a lost bot is tried again, in seconds."""
    workers: int = 1


async def controller_killed(scene: Scene, _chance: random.Random) -> float:
    """As Docker does it, it is started again at once."""
    scene.stack.controller.kill()
    since = time.monotonic()
    await scene.again()
    return since


async def ari_cut(scene: Scene, chance: random.Random) -> float:
    await scene.ari.cut()
    await asyncio.sleep(chance.uniform(*AWAY_SECONDS))
    await scene.ari.listen()
    return time.monotonic()


async def asterisk_killed(scene: Scene, chance: random.Random) -> float:
    """And every call with it."""
    bundled = scene.stack.asterisks.bundled
    await asyncio.to_thread(bundled.kill)
    await asyncio.sleep(chance.uniform(*AWAY_SECONDS))
    since = time.monotonic()
    await asyncio.to_thread(bundled.start)
    return since


async def media_killed(scene: Scene, _chance: random.Random) -> float:
    """That one of two which has most to do; the other takes its calls over."""
    first, second = (await asyncio.to_thread(scene.stack.health))["media_loads"]
    (scene.stack.media if first >= second else scene.stack.second_media).kill()
    return time.monotonic()


async def bot_killed(scene: Scene, _chance: random.Random) -> float:
    """And started again at once: its calls come back to it."""
    scene.bots.signal(0, signal.SIGKILL)
    since = time.monotonic()
    await scene.bots.start(0)
    return since


async def bot_dead(scene: Scene, _chance: random.Random) -> float:
    """For good, as far as its callers know: the ladder's next bot has them."""
    scene.bots.signal(0, signal.SIGKILL)
    return time.monotonic()


async def bot_frozen(scene: Scene, _chance: random.Random) -> float:
    """It reads nothing any more and its connections stand: it is given up as stalled."""
    scene.bots.signal(0, signal.SIGSTOP)
    return time.monotonic()


async def webhook_dead(scene: Scene, chance: random.Random) -> float:
    """It hangs and then refuses: what happens meanwhile is delivered afterwards."""
    receiver: Receiver = scene.receiver
    receiver.answer, receiver.delay_seconds = (lambda _: 503), chance.uniform(*AWAY_SECONDS)
    call = await scene.call()
    await scene.callers.end(call)
    receiver.answer, receiver.delay_seconds = (lambda _: 204), 0.0
    return time.monotonic()


FAULTS: Final[Mapping[str, Fault]] = {
    "controller_killed": Fault(controller_killed, Bounds()),
    "ari_cut": Fault(ari_cut, Bounds()),
    "media_killed": Fault(media_killed, Bounds(audio_lost_ms=2_000), workers=2),
    "asterisk_killed": Fault(asterisk_killed, Bounds(lost_all=True, recovered_ms=30_000)),
    "bot_killed": Fault(bot_killed, Bounds(audio_lost_ms=6_000)),
    "bot_dead": Fault(bot_dead, Bounds(audio_lost_ms=1_000), reconnect=0),
    "bot_frozen": Fault(bot_frozen, Bounds(audio_lost_ms=14_000, recovered_ms=25_000), reconnect=0),
    "webhook_dead": Fault(webhook_dead, Bounds()),
}
