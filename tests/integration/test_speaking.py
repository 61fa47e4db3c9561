"""Who speaks, from what is really heard: events over the API, and the list of live calls."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import aiohttp
import pytest

from controller.carrier.carrier import Carrier
from controller.carrier.sounds import tone
from tests.integration.stack.bot import Bot
from tests.integration.stack.parties import HIGH, LOW, talking
from tests.integration.stack.stack import API_TOKEN, Stack

pytestmark = pytest.mark.integration

SOON_SECONDS: Final = 30.0
LONG_SECONDS: Final = 30.0
"""Of a tone: it goes on until the test has seen that it is shown."""


class Watcher:
    """A subscriber who asks for nothing else."""

    def __init__(self, session: aiohttp.ClientSession, answer: aiohttp.ClientResponse, url: str) -> None:
        self._session = session
        self._answer = answer
        self._url = url
        self.seen: list[str | None] = []

    async def until(self, who: str | None) -> None:
        """Until it is told that they speak."""
        async with asyncio.timeout(SOON_SECONDS):
            async for line in self._answer.content:
                assert not line.startswith(b"id:"), "nobody can come back to this"
                if line.startswith(b"data: "):
                    event = json.loads(line.removeprefix(b"data: "))
                    assert event["type"] == "speaking"
                    self.seen.append(event["data"]["speaking"])
                    if self.seen[-1] == who:
                        return
        raise AssertionError(f"never {who}: {self.seen}")

    async def listed(self) -> dict[str, Any]:
        """The one call, as it is now."""
        async with self._session.get(f"{self._url}/v1/calls?live=true") as answer:
            (call,) = (await answer.json())["calls"]
            live: dict[str, Any] = call["live"]
            return live


@asynccontextmanager
async def watching(stack: Stack) -> AsyncIterator[Watcher]:
    headers, url = {"Authorization": f"Bearer {API_TOKEN}"}, f"http://127.0.0.1:{stack.api_port}"
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.get(f"{url}/v1/events?type=speaking") as answer,
    ):
        yield Watcher(session, answer, url)


async def test_who_speaks(stack: Stack, bot: Bot, carrier: Carrier) -> None:
    async with watching(stack) as watcher:
        caller, call = await talking(carrier, bot)
        await watcher.until("nobody")
        caller.play(tone(LOW, LONG_SECONDS))
        await watcher.until("caller")
        assert (await watcher.listed())["speaking"] == "caller"
        await call.speak(tone(HIGH, LONG_SECONDS))
        await watcher.until("both")
        caller.line.hush()
        await watcher.until("bot")
        await call.send("clear")
        await watcher.until("nobody")

        # Between humans nobody listens, and nobody says that there is silence.
        await call.send("transfer")
        human = await carrier.incoming()
        await human.answer()
        await watcher.until(None)
        caller.play(tone(LOW, 2.0))
        await human.until_tone(LOW)
        listed = await watcher.listed()
        assert (listed["state"], listed["speaking"]) == ("with_human", None)
        await caller.hang_up()
        await human.until_ended()
    await stack.record()
