"""`python -m tests.chaos.soak`: calls that come and go, each word checked; then whether anything is left of them."""

import argparse
import asyncio
import json
import random
import re
import sys
import time
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import structlog
import uvloop

from tests.chaos.callers import Call, Refused
from tests.chaos.ending import end_with_signals
from tests.chaos.leaks import RESIDENT_MB_PER_HOUR_MAX, Holding, holding, leaks, per_hour
from tests.chaos.scene import Scene, scene
from tests.integration.stack.stack import API_TOKEN

TALK_SECONDS: Final = (10.0, 60.0)
PAUSE_SECONDS: Final = (0.1, 3.0)
REPORT_SECONDS: Final = 5.0
WARM_UP_SECONDS: Final = 5.0
QUIET_SECONDS: Final = 12.0
"""After the last call: keep-alive connections and timers of calls are gone by then."""
PROGRESS_SECONDS: Final = 60.0
TREND_SECONDS_MIN: Final = 1_800.0


@dataclass
class Tally:
    """What came of the calls so far."""

    calls: int = 0
    refused: int = 0
    lost: int = 0
    with_gaps: int = 0
    audio_lost_ms: int = 0
    foreign: int = 0
    resident: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    """Of each process: seconds and MB."""

    def add(self, call: Call) -> None:
        loss = call.heard.loss()
        self.calls += 1
        self.lost += call.lost
        self.with_gaps += loss.lost_ms > 0
        self.audio_lost_ms = max(self.audio_lost_ms, loss.lost_ms)
        self.foreign += loss.foreign


async def main(minutes: float, calls: int, seed: int) -> int:
    end_with_signals()
    async with scene(REPORT_SECONDS) as stage:
        await stage.ready()
        before = await _warmed_up(stage, calls)
        tally = await _soak(stage, minutes * 60, calls, seed)
        reports = await stage.bots.reports()
        await asyncio.sleep(QUIET_SECONDS)
        left = await stage.left_behind()
        records_lost = await stage.records_lost(reports)
        after = await asyncio.to_thread(_holdings, stage)
        gauges = await asyncio.to_thread(_gauges, stage)
    line, faults = _judged(tally, before, after, {"left_behind": len(left), "records_lost": records_lost, **gauges})
    _tell("\n".join(faults) or "nothing is lost, nothing is left")
    sys.stdout.write(json.dumps({"soak": "calls", "minutes": minutes, "at_a_time": calls, "seed": seed, **line}) + "\n")
    return 1 if faults else 0


async def _warmed_up(stage: Scene, calls: int) -> dict[str, Holding]:
    """What all hold when every pool has been used once and nobody calls."""
    async with asyncio.TaskGroup() as group:
        for number in range(calls):
            group.create_task(_caller(stage, Tally(), random.Random(number), time.monotonic() + WARM_UP_SECONDS))  # noqa: S311
    await asyncio.sleep(QUIET_SECONDS)
    return await asyncio.to_thread(_holdings, stage)


async def _soak(stage: Scene, seconds: float, calls: int, seed: int) -> Tally:
    tally, end = Tally(), time.monotonic() + seconds
    async with asyncio.TaskGroup() as group:
        for number in range(calls):
            group.create_task(_caller(stage, tally, random.Random(f"{seed} {number}"), end))  # noqa: S311
        group.create_task(_progress(stage, tally, end))
    return tally


async def _caller(stage: Scene, tally: Tally, chance: random.Random, end: float) -> None:
    """One after another, until the end."""
    while (left := end - time.monotonic()) > 0:
        await asyncio.sleep(min(left, chance.uniform(*PAUSE_SECONDS)))
        try:
            call = await stage.call()
        except (Refused, TimeoutError):
            tally.refused += 1
            continue
        with suppress(TimeoutError):
            seconds = min(chance.uniform(*TALK_SECONDS), max(1.0, end - time.monotonic()))
            await asyncio.wait_for(call.dialog.ended.wait(), seconds)
        await stage.callers.end(call)
        tally.add(call)


async def _progress(stage: Scene, tally: Tally, end: float) -> None:
    start = time.monotonic()
    while (left := end - time.monotonic()) > 0:
        held = await asyncio.to_thread(_holdings, stage)
        since = time.monotonic() - start
        for name, one in held.items():
            tally.resident.setdefault(name, []).append((since, one.resident_mb))
        parts = [
            f"{name} {one.resident_mb:.0f} MB {one.descriptors} fd {one.tasks} tasks" for name, one in held.items()
        ]
        _tell(f"{since / 60:5.1f} min  {stage.callers.live:3} live  {tally.calls:6} ended  {tally.refused} refused  "
              f"{tally.lost} lost  {tally.with_gaps} with gaps  |  {'  '.join(parts)}")  # fmt: skip
        await asyncio.sleep(min(left, PROGRESS_SECONDS))


def _judged(
    tally: Tally, before: Mapping[str, Holding], after: Mapping[str, Holding], rest: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    faults = [fault for name in before for fault in leaks(name, before[name], after[name])]
    growth = {name: round(per_hour(samples), 1) for name, samples in tally.resident.items()}
    # A slope of a few minutes is weather.
    if max((samples[-1][0] for samples in tally.resident.values()), default=0) >= TREND_SECONDS_MIN:
        faults += [f"{name}: {mb} MB more every hour" for name, mb in growth.items() if mb > RESIDENT_MB_PER_HOUR_MAX]
    counted = {name: value for name, value in asdict(tally).items() if name != "resident"}
    faults += [f"{value} {name}" for name, value in counted.items() if name != "calls" and value]
    faults += [f"{value} {name}" for name, value in rest.items() if value]
    if not tally.calls:
        faults.append("no call was up: nothing has been tried")
    line = {
        **counted,
        **rest,
        "before": {name: asdict(one) for name, one in before.items()},
        "after": {name: asdict(one) for name, one in after.items()},
        "resident_mb_per_hour": growth,
    }
    return line, faults


# --- what is looked at --------------------------------------------------------------------------------------


def _holdings(stage: Scene) -> dict[str, Holding]:
    stack = stage.stack
    with urllib.request.urlopen(f"http://127.0.0.1:{stack.media_port}/healthz", timeout=10) as answer:
        media_tasks = int(json.load(answer)["tasks"])
    return {
        "controller": holding(stack.controller.pid, int(_metrics(stage)["ari_controller_tasks"])),
        "media": holding(stack.media.pid, media_tasks),
        "asterisk": holding(stack.asterisks.bundled.pid),
    }


def _gauges(stage: Scene) -> dict[str, int]:
    """Those that are 0 when nothing is going on."""
    now = _metrics(stage)
    names = ("calls_live", "records_waiting", "records_lost_total", "outbox_waiting", "outbox_dead")
    return {name: round(sum(v for k, v in now.items() if k.startswith(f"ari_controller_{name}"))) for name in names}


def _metrics(stage: Scene) -> dict[str, float]:
    url = f"http://127.0.0.1:{stage.stack.api_port}/metrics"
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {API_TOKEN}"})
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        text = answer.read().decode()
    return {name: float(value) for name, value in re.findall(r"^([a-z]\S*) (\S+)$", text, re.MULTILINE)}


def _tell(line: str) -> None:
    sys.stderr.write(line + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.soak")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--calls", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    structlog.configure(
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger("warning"),
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        sys.exit(runner.run(main(asked.minutes, asked.calls, asked.seed)))
