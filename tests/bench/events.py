"""Part `events`: from a bot's message to a subscriber of the API, through all that is between them, disk included.

Real calls through real Asterisk; the bots say when they say it, on the clock that the subscriber reads.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import aiohttp
import numpy as np

from controller.carrier.carrier import Carrier
from tests.bench.media import percentile
from tests.bench.process import unpin
from tests.integration.stack import asterisks
from tests.integration.stack.asterisks import PHONE_NUMBER
from tests.integration.stack.bot import BotCall, serving
from tests.integration.stack.stack import API_TOKEN, Stack

CALLS: Final = 10
MESSAGES_PER_SECOND: Final = 5.0
"""Of each call: more than anybody says."""
MESSAGES: Final = 50
"""Of each call."""
LAST_SECONDS: Final = 10.0
"""For the last of them to arrive."""


async def run() -> AsyncIterator[dict[str, Any]]:
    unpin()
    async with AsyncExitStack() as stack:
        directory, sounds = (stack.enter_context(TemporaryDirectory()) for _ in range(2))
        ours = Stack(stack.enter_context(asterisks.running()), Path(directory), Path(sounds))
        bot = await stack.enter_async_context(serving(ours.bot_port))
        carrier = ours.asterisks.carrier
        callers = await stack.enter_async_context(Carrier(carrier.url, carrier.password))
        stack.callback(ours.stop)
        ours.start_media(LOG_LEVEL="warning")
        ours.start_controller(LOG_LEVEL="warning")
        phones = [await callers.dial(PHONE_NUMBER) for _ in range(CALLS)]
        calls = [await bot.call(number + 1) for number in range(CALLS)]
        for phone in phones:
            await phone.until_answered()
        delays = await _measure(ours, calls)
        for phone in phones:
            await phone.hang_up()
        await ours.until_closed(CALLS)
    yield {
        "bench": "events",
        "calls": CALLS,
        "messages": CALLS * MESSAGES,
        "lost": CALLS * MESSAGES - len(delays),
        "p50_ms": percentile(np.array(delays), 50),
        "p95_ms": percentile(np.array(delays), 95),
        "p99_ms": percentile(np.array(delays), 99),
    }


async def _measure(ours: Stack, calls: list[BotCall]) -> list[float]:
    """How many ms each message took."""
    headers = {"Authorization": f"Bearer {API_TOKEN}"}
    url = f"http://127.0.0.1:{ours.api_port}/v1/events?type=transcript"
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as stream:
        reading = asyncio.create_task(_read(stream, CALLS * MESSAGES))
        await asyncio.gather(*(_talk(call, number) for number, call in enumerate(calls)))
        done, _ = await asyncio.wait([reading], timeout=LAST_SECONDS)
        if not done:
            reading.cancel()
            raise RuntimeError("not every message arrived")
        return reading.result()


async def _talk(call: BotCall, number: int) -> None:
    await asyncio.sleep(number / CALLS / MESSAGES_PER_SECOND)
    for _ in range(MESSAGES):
        await call.send("transcript", role="bot", text=f"said {time.monotonic():.6f}", final=True)
        await asyncio.sleep(1 / MESSAGES_PER_SECOND)


async def _read(stream: aiohttp.ClientResponse, count: int) -> list[float]:
    delays: list[float] = []
    async for line in stream.content:
        if line.startswith(b"data: "):
            said = json.loads(line.removeprefix(b"data: "))["data"]["text"]
            # Not in nanoseconds: at some hours their digits are those of a card, and are taken out.
            delays.append((time.monotonic() - float(said.split()[1])) * 1000)
        if len(delays) == count:
            break
    return delays
