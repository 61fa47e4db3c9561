"""Part `media`: what one call costs, and how late its audio is, in our design and in the obvious one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from controller.bot.adapters import NATIVE
from controller.bot.protocol import AudioFormat, Party, Start
from controller.media.control_messages import BotTarget, Open, Play, Report
from controller.media.link_client import MediaLink
from tests.bench.callers import Callers
from tests.bench.process import Process, running
from tests.bench.socket_callers import SocketCallers
from tests.bench.task_per_call import LOOPS

CALLS: Final = (100, 300)
MANY_CALLS: Final = (300, 600)
"""In fewer, longer messages."""
CALLS_ON_ONE_SOCKET: Final = (300, 600, 1_000)
WARM_UP_SECONDS: Final = 2.0
MEASURE_SECONDS: Final = 10.0
TICKS_PER_SECOND: Final = 50
LOST_SHARE_MAX: Final = 0.001
"""What lost more was not doing the work."""
OPENINGS_AT_ONCE: Final = 50


async def run() -> AsyncIterator[dict[str, Any]]:
    measured: list[dict[str, Any]] = []
    for calls in CALLS:
        measured.append(await measure_ours(calls))
        yield measured[-1]
        for loop in LOOPS:
            measured.append(await measure_obvious(calls, loop))
            yield measured[-1]
    yield side_by_side(measured)
    for calls in MANY_CALLS:
        yield await measure_ours(calls, uplink_ms=60)
    for calls in CALLS_ON_ONE_SOCKET:
        yield await measure_ours(calls, multiplexed=True)
    yield await measure_ours(CALLS[1], audio=AudioFormat(encoding="pcm16", sample_rate=16_000))
    # At 300 the Asterisk that is played is late itself, beside the bot on one core: there only the cost says something.
    yield await measure_sockets(CALLS[0], AudioFormat())
    yield await measure_sockets(CALLS[1], AudioFormat())
    yield await measure_sockets(CALLS[0], AudioFormat(encoding="pcm16", sample_rate=16_000))


def side_by_side(measured: list[dict[str, Any]]) -> dict[str, Any]:
    """How many calls a core would carry in each design, at the best that it did without losing any; and how many times
    as many those are in ours."""
    best: dict[str, int] = {}
    for figures in measured:
        design = f"{figures['design']}, {figures['loop']}" if "loop" in figures else figures["design"]
        carried = figures["calls_per_core"] if figures["lost_share"] <= LOST_SHARE_MAX else 0
        best[design] = max(best.get(design, 0), carried)
    ours = best.pop("tick")
    ratio = {design: round(ours / theirs, 2) if theirs else None for design, theirs in best.items()}
    return {"bench": "media", "calls_per_core": {"tick": ours, **best}, "ratio": ratio}


async def measure_ours(
    calls: int,
    uplink_ms: Literal[20, 40, 60, 100] = 20,
    audio: AudioFormat | None = None,
    *,
    multiplexed: bool = False,
    protocol: str = NATIVE,
) -> dict[str, Any]:
    audio = audio or AudioFormat()
    async with running("tests.bench.echo_bot") as bot, running("tests.bench.worker") as worker:
        bot_port = (await bot.hear())["port"]
        ports = await worker.hear()
        callers = Callers(calls, [ports["rtp"]] * calls)
        async with linked(ports["control"]) as (link, reports):
            start = Start(call_id="bench", caller=Party(), callee=Party(), route="bench", audio=audio)
            target = BotTarget(
                url=f"ws://127.0.0.1:{bot_port}/{protocol}",
                accept_seconds=30.0,
                multiplex=multiplexed,
                protocol=protocol,
            )
            opening = Open(session="", bot=target, start=start, uplink_ms=uplink_ms)
            await set_up(link, reports, callers, calls, opening)
            figures = await measure(callers, worker, bot, calls, stamped=audio.encoding != "pcm16")
    form = {"encoding": audio.encoding, "sample_rate": audio.sample_rate, "multiplexed": multiplexed}
    if audio.encoding == "pcm16":
        # The stamps do not survive the filters: what is left to say is what it costs.
        figures = {name: figures[name] for name in ("system_share", "us_per_call_tick", "calls_per_core", "rss_mb")}
    return {"bench": "media", "design": "tick", "calls": calls, "uplink_ms": uplink_ms, **form, **figures}


async def measure_sockets(calls: int, audio: AudioFormat) -> dict[str, Any]:
    """Ours over chan_websocket: Asterisk has the bot's own format, so the stamps of linear samples survive too."""
    sample_bytes = 2 if audio.encoding == "pcm16" else 1
    callers = SocketCallers(calls, audio.sample_rate // TICKS_PER_SECOND * sample_bytes)
    await callers.open()
    async with running("tests.bench.echo_bot") as bot, running("tests.bench.worker") as worker:
        bot_port = (await bot.hear())["port"]
        async with linked((await worker.hear())["control"]) as (link, reports):
            start = Start(call_id="bench", caller=Party(), callee=Party(), route="bench", audio=audio)
            target = BotTarget(url=f"ws://127.0.0.1:{bot_port}/", accept_seconds=30.0)
            opening = Open(session="", bot=target, start=start, encoding=audio.encoding)
            await set_up(link, reports, callers, calls, opening)
            figures = await measure(callers, worker, bot, calls)
    form = {"encoding": audio.encoding, "sample_rate": audio.sample_rate}
    return {"bench": "media", "design": "tick", "transport": "chan_websocket", "calls": calls, "uplink_ms": 20,
            **form, **figures}  # fmt: skip


async def measure_obvious(calls: int, loop: str) -> dict[str, Any]:
    async with running("tests.bench.echo_bot") as bot:
        bot_port = (await bot.hear())["port"]
        async with running("tests.bench.task_per_call", str(bot_port), str(calls), loop) as relay:
            callers = Callers(calls, (await relay.hear())["ports"])
            figures = await measure(callers, relay, bot, calls)
    return {"bench": "media", "design": "task_per_call", "loop": loop, "calls": calls, "uplink_ms": 20, **figures}


async def measure(
    callers: Callers | SocketCallers, measured: Process, bot: Process, calls: int, *, stamped: bool = True
) -> dict[str, Any]:
    """Let all callers speak, and weigh the measured process meanwhile."""
    await callers.speak(WARM_UP_SECONDS)
    before, exact = measured.cpu_seconds(), measured.exact_cpu_seconds()
    begin, end = await callers.speak(MEASURE_SECONDS)
    user_seconds, system_seconds = (now - then for now, then in zip(measured.cpu_seconds(), before, strict=True))
    used = measured.exact_cpu_seconds() - exact
    to_bot = await bot.ask(f"{begin} {end}")
    heard = callers.heard(begin, end)
    callers.close()
    # A design that cannot keep up is charged for what it carried, not for what it lost.
    carried = 1 - heard.lost / heard.sent if stamped else 1.0
    ticks = max(1.0, calls * (end - begin) / 1e9 * TICKS_PER_SECOND * carried)
    us_per_call_tick = used * 1e6 / ticks
    return {
        "system_share": round(system_seconds / max(0.01, user_seconds + system_seconds), 2),
        "us_per_call_tick": round(us_per_call_tick, 1),
        "calls_per_core": int(1e6 / TICKS_PER_SECOND / us_per_call_tick),
        "to_bot_ms_p50": to_bot["p50"],
        "to_bot_ms_p99": to_bot["p99"],
        "to_caller_ms_p50": percentile(heard.to_caller, 50),
        "to_caller_ms_p99": percentile(heard.to_caller, 99),
        "playout_error_ms_p99": percentile(heard.interval_errors, 99),
        "lost": heard.lost,
        "lost_share": round(heard.lost / heard.sent, 4) if heard.sent else 1.0,
        "silent_share": round(heard.silent_packets / max(1, heard.packets), 4),
        "rss_mb": round(measured.resident_mb(), 1),
    }


@asynccontextmanager
async def linked(port: int) -> AsyncIterator[tuple[MediaLink, "asyncio.Queue[Report]"]]:
    reports: asyncio.Queue[Report] = asyncio.Queue()
    up = asyncio.Event()
    link = MediaLink(f"ws://127.0.0.1:{port}", "", reports.put_nowait, lambda _: up.set())
    linking = asyncio.create_task(link.run())
    await up.wait()
    try:
        yield link, reports
    finally:
        linking.cancel()
        await asyncio.wait([linking])


async def set_up(
    link: MediaLink, reports: "asyncio.Queue[Report]", callers: Callers | SocketCallers, calls: int, opening: Open
) -> None:
    """Bring all calls to the point at which audio flows."""
    for first in range(0, calls, OPENINGS_AT_ONCE):
        opened = range(first, min(first + OPENINGS_AT_ONCE, calls))
        for call in opened:
            await link.send(opening.model_copy(update={"session": str(call)}))
            await link.send(callers.attach(call))
        for _ in opened:
            while (report := await reports.get()).type != "accepted":
                if report.type in {"failed", "refused"}:
                    raise RuntimeError(f"the bot was not reached: {report}")
    for call in range(calls):
        await link.send(Play(session=str(call)))


def percentile(values: npt.NDArray[np.float64], percent: float) -> float:
    return round(float(np.percentile(values, percent)), 2) if len(values) else -1.0
