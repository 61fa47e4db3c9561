"""Part `calls`: real calls through real Asterisk, all processes on this machine, and what is heard checked on each.

SIPp dials; `phones` are the callers' ears and mouths, `speaking_bot` the bot's. A call is right when both ends heard
every frame that the other said, once and in order.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import structlog

from tests.bench import sipp
from tests.bench.media import percentile
from tests.bench.phones import Phones
from tests.bench.process import Process, cpu_seconds, running, unpin
from tests.bench.speech import FIRST_NUMBER, FRAMES_PER_SECOND
from tests.integration.stack import asterisks
from tests.integration.stack.stack import Stack

RTP_PORTS: Final = 2_000
"""Of Asterisk, four to a call: far more than two cores carry."""

RATES: Final = (20, 40, 60, 80, 100)
"""Calls a second that are tried, until one is too many."""
RATE_SECONDS: Final = 3.0
KEPT_UP: Final = 0.9
"""Share of the rate asked for below which more would not be had by asking for more."""
SHORT_CALL_SECONDS: Final = 2.0

CONCURRENT: Final = (50, 100, 150, 200)
"""Calls at a time that are tried, until one is too many."""
PLATEAU_RATE: Final = 20.0
PLATEAU_SECONDS: Final = 6.0
UP_SECONDS: Final = 1.0
"""From the last dialling to the last answer, with room to spare."""

GAPS_CALLS: Final = 1_000
GAPS_RATE: Final = 20.0
GAPS_CALL_SECONDS: Final = 3.5

QUIET_AT_END_SECONDS: Final = 1.0
"""Both ends have said everything this long before the caller hangs up, so that nothing is cut off."""

SETTLE_SECONDS: Final = 1.0
"""For Asterisk and controller to put the calls away before the next are placed."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Bench:
    """What the calls go through."""

    stack: Stack
    bot: Process


@dataclass(frozen=True, slots=True)
class Round:
    """A number of calls and what came of them."""

    calls: int
    right: int
    faults: dict[str, int]
    """What was wrong in what the callers and the bot heard, in frames."""
    signalling: sipp.Outcome
    set_up_per_s: float
    interval_error_ms_p99: float
    cpu_percent_per_call: dict[str, float]
    """Of a core, while all calls were up."""
    cpu_ms_per_call: dict[str, float]
    """From the first INVITE to the last BYE."""

    @property
    def clean(self) -> bool:
        return self.right == self.calls and not self.signalling.failed


async def run() -> AsyncIterator[dict[str, Any]]:
    sipp.require()
    unpin()
    async with _bench() as bench:
        set_up_per_s = await _set_up_per_s(bench)
        yield await _carried(bench, set_up_per_s)
        yield await _gaps(bench)


@asynccontextmanager
async def _bench() -> AsyncIterator[Bench]:
    with TemporaryDirectory() as directory, TemporaryDirectory() as sounds, asterisks.running(RTP_PORTS) as pair:
        stack = Stack(pair, Path(directory), Path(sounds))
        async with running("tests.bench.speaking_bot", str(stack.bot_port)) as bot:
            await bot.hear()
            try:
                stack.start_media(LOG_LEVEL="warning")
                # No load is shed: what is asked here is how much can be carried.
                url = f"ws://127.0.0.1:{stack.media_port}"
                stack.start_controller(LOG_LEVEL="warning", MEDIA_URL=url, MEDIA_LOAD_MAX="1", BOT_ACCEPT_SECONDS="5")
                yield Bench(stack, bot)
            finally:
                stack.stop()


async def _set_up_per_s(bench: Bench) -> float:
    """The highest rate at which every call is set up, and right."""
    best = 0.0
    for rate in RATES:
        round_ = await _round(bench, int(rate * RATE_SECONDS), rate, SHORT_CALL_SECONDS)
        if round_.clean:
            best = max(best, round_.set_up_per_s)
        if not round_.clean or round_.set_up_per_s < KEPT_UP * rate:
            break
    return best


async def _carried(bench: Bench, set_up_per_s: float) -> dict[str, Any]:
    """The most calls at a time that are all right, or the fewest tried where none are."""
    rounds: list[Round] = []
    for calls in CONCURRENT:
        rounds.append(await _plateau(bench, calls))
        if not rounds[-1].clean:
            break
    best = next((round_ for round_ in reversed(rounds) if round_.clean), rounds[0])
    return {
        "bench": "calls",
        "set_up_per_s": round(set_up_per_s, 1),
        "calls": best.calls,
        "heard_ok": round(best.right / best.calls, 4),
        "invite_to_answer_ms_p50": percentile(best.signalling.answer_ms, 50),
        "invite_to_answer_ms_p95": percentile(best.signalling.answer_ms, 95),
        **{f"{name}_cpu_percent_per_call": percent for name, percent in best.cpu_percent_per_call.items()},
        "interval_error_ms_p99": best.interval_error_ms_p99,
        "calls_tried": rounds[-1].calls,
        "heard_ok_tried": round(rounds[-1].right / rounds[-1].calls, 4),
    }


async def _plateau(bench: Bench, calls: int) -> Round:
    """All calls up at the same time for PLATEAU_SECONDS."""
    hold_seconds = calls / PLATEAU_RATE + UP_SECONDS + PLATEAU_SECONDS
    return await _round(bench, calls, PLATEAU_RATE, hold_seconds)


async def _gaps(bench: Bench) -> dict[str, Any]:
    """Many calls, coming and going, each checked sample by sample."""
    round_ = await _round(bench, GAPS_CALLS, GAPS_RATE, GAPS_CALL_SECONDS)
    return {
        "bench": "gaps",
        "calls": round_.calls,
        "with_gaps": round_.calls - round_.right,
        "faults": round_.faults,
        "seconds_each": GAPS_CALL_SECONDS,
        "at_a_time": round(GAPS_RATE * GAPS_CALL_SECONDS),
        "interval_error_ms_p99": round_.interval_error_ms_p99,
        **{f"{name}_cpu_ms_per_call": ms for name, ms in round_.cpu_ms_per_call.items()},
    }


async def _round(bench: Bench, calls: int, per_second: float, hold_seconds: float) -> Round:
    frames = int((hold_seconds - QUIET_AT_END_SECONDS) * FRAMES_PER_SECOND)
    await bench.bot.ask(str(frames))
    async with Phones(calls, frames).switched_on() as phones:
        before = _cpu(bench)
        sip_port = bench.stack.asterisks.bundled.sip_port
        calling = asyncio.create_task(sipp.call(sip_port, phones, calls, per_second, hold_seconds))
        cpu = await _weigh(bench, calls, calls / per_second + UP_SECONDS, hold_seconds)
        signalling = await calling
        await asyncio.sleep(SETTLE_SECONDS)
    heard = phones.heard()
    at_bot = await bench.bot.ask("0")
    faults = Counter[str]()
    right = 0
    for phone in range(calls):
        wrong = heard.faults(phone)
        wrong.update(at_bot.get(str(FIRST_NUMBER + phone), {"unheard": 1}))
        faults += wrong
        right += not wrong
    round_ = Round(
        calls=calls,
        right=right,
        faults=dict(faults),
        signalling=signalling,
        set_up_per_s=heard.set_up_per_s(),
        interval_error_ms_p99=percentile(heard.interval_errors_ms(), 99),
        cpu_percent_per_call=cpu,
        cpu_ms_per_call={name: round((after - before[name]) / calls * 1_000, 2) for name, after in _cpu(bench).items()},
    )
    _log.info("round", calls=calls, per_second=per_second, right=right, faults=round_.faults,
              failed=signalling.failed, set_up_per_s=round_.set_up_per_s, cpu=cpu)  # fmt: skip
    return round_


async def _weigh(bench: Bench, calls: int, up_seconds: float, hold_seconds: float) -> dict[str, float]:
    """CPU time of each process while all calls are up, in percent of a core for one call."""
    await asyncio.sleep(up_seconds)
    measured_seconds = hold_seconds - up_seconds
    if measured_seconds <= 0:
        return {}
    before = _cpu(bench)
    await asyncio.sleep(measured_seconds)
    return {
        name: round((after - before[name]) / measured_seconds / calls * 100, 3) for name, after in _cpu(bench).items()
    }


def _cpu(bench: Bench) -> dict[str, float]:
    """CPU time so far of what carries the calls, in seconds."""
    stack = bench.stack
    pids = {"asterisk": stack.asterisks.bundled.pid, "controller": stack.controller.pid, "media": stack.media.pid}
    return {name: sum(cpu_seconds(pid)) for name, pid in pids.items()}
