"""One fault from beginning to end."""

import asyncio
import random
import time
from typing import Final

from tests.chaos.callers import dial_all
from tests.chaos.faults import Fault
from tests.chaos.judge import Outcome
from tests.chaos.scene import Scene

CALLS_PER_SECOND: Final = 10.0
BEFORE_SECONDS: Final = (1.0, 3.0)
"""How long all calls talk before it happens."""
AFTER_SECONDS: Final = 2.0
"""How long they talk when it is over."""
RECOVERED_SECONDS_MAX: Final = 60.0


async def run(scene: Scene, name: str, fault: Fault, seed: int, calls: int) -> Outcome:
    """Raises Refused, TimeoutError where the calls do not even come up."""
    chance = random.Random(f"{seed} {name}")  # noqa: S311
    settings = {**fault.settings, **(scene.clock.settings if fault.clock else {})}
    await scene.ready(reconnect=fault.reconnect, workers=fault.workers, by_name=fault.by_name, **settings)
    live = await dial_all(scene.callers, calls, CALLS_PER_SECOND)
    scene.answered.extend(live)
    await asyncio.sleep(chance.uniform(*BEFORE_SECONDS))
    since = await fault.strike(scene, chance)
    recovered = await scene.recovered([] if fault.bounds.lost_all else live, RECOVERED_SECONDS_MAX)
    recovered_ms = round((time.monotonic() - since) * 1000) if recovered else None
    await asyncio.sleep(AFTER_SECONDS)
    reports = await scene.bots.reports()
    await asyncio.gather(*(scene.callers.end(call) for call in scene.answered))
    return Outcome(
        fault=name,
        seed=seed,
        live=len(live),
        lost=sum(call.lost for call in live),
        losses=[call.heard.loss() for call in live],
        recovered_ms=recovered_ms,
        left_behind=await scene.left_behind(),
        records_lost=await scene.records_lost(reports),
    )
