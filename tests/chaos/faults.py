"""The faults: each is done, and undone where somebody would undo it, and says since when the rest has to be well."""

import asyncio
import random
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from tests.chaos.judge import Bounds
from tests.chaos.outside import full_disk, silent_resolver
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
    by_name: bool = False
    """Asterisk, bot and webhook have names, and not addresses."""
    clock: bool = False
    """The controller has a clock that can be set."""


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


async def disk_full(scene: Scene, chance: random.Random) -> float:
    """The controller's: its database, its log, everything. A call that comes meanwhile is taken as any other."""
    with full_disk(scene.stack.controller.pid):
        call = await scene.call()
        await asyncio.sleep(chance.uniform(*AWAY_SECONDS))
        await scene.callers.end(call)
    return time.monotonic()


async def clock_jumps(scene: Scene, chance: random.Random) -> float:
    """Hours forward and hours back, and the controller is killed in between, so that its calls are gone on with."""
    scene.receiver.check = _unchecked  # type: ignore[method-assign]  # signed at another time than the receiver's
    hours = chance.choice([3, 7])
    scene.clock.jump(hours)
    await scene.call()
    await asyncio.sleep(chance.uniform(*AWAY_SECONDS))
    scene.clock.jump(-hours)
    scene.stack.controller.kill()
    since = time.monotonic()
    await scene.again()
    return since


def _unchecked(request: object, body: bytes) -> None:
    pass


async def dns_gone(scene: Scene, chance: random.Random) -> float:
    """Asterisk, the bot and the webhook are not found any more, and ARI has to be connected again meanwhile.

    A new call goes to the second bot, which has an address.
    """
    with silent_resolver():
        scene.names.gone()
        call = await scene.call()
        await scene.ari.cut()
        await scene.ari.listen()
        await asyncio.sleep(chance.uniform(*AWAY_SECONDS))
        await scene.callers.end(call)
        scene.names.back()
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
    "disk_full": Fault(disk_full, Bounds(recovered_ms=40_000)),
    "clock_jumps": Fault(clock_jumps, Bounds(recovered_ms=30_000), clock=True),
    "dns_gone": Fault(dns_gone, Bounds(recovered_ms=40_000), by_name=True),
}
