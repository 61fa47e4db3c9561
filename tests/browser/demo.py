"""The demo bot of the examples, in this process, so that a test can say what it heard."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache
from typing import Any
from unittest.mock import patch

import numpy as np
from aiohttp import web

from controller.media.audio import g711
from examples.demo_bot import __main__ as server
from examples.demo_bot.conversation import PHRASES, Conversation, Frame
from examples.demo_bot.speech import Speech
from tests.integration.stack.bot import Samples

HEARD = bytearray()
"""All that the bot heard in its calls, as it came (G.711)."""


class Overheard(Conversation):
    def receive(self, message: Mapping[str, Any]) -> list[Frame]:
        if message["type"] == "start":
            assert message["audio"]["encoding"] == "mulaw"
        return super().receive(message)

    def hear(self, audio: bytes) -> list[Frame]:
        HEARD.extend(audio)
        return super().hear(audio)


def heard() -> Samples:
    return g711.decode_mulaw(np.frombuffer(bytes(HEARD), np.uint8))


@cache
def _speech() -> Speech:
    return Speech(PHRASES)


@asynccontextmanager
async def serving(port: int) -> AsyncIterator[None]:
    """At ws://127.0.0.1:PORT/."""
    HEARD.clear()
    with patch.object(server, "Conversation", Overheard):
        runner = web.AppRunner(server.DemoBot(_speech()).application(), shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        try:
            yield
        finally:
            await runner.cleanup()
