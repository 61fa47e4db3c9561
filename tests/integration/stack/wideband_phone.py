"""A phone on the carrier with 16 kHz both ways. Its audio is a WebSocket of the carrier's own Asterisk."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import numpy as np
import numpy.typing as npt

from controller.ari.client import AriClient
from tests.integration.stack.asterisks import Asterisk

Samples = npt.NDArray[np.int16]
SAMPLE_RATE = 16_000
WAIT_SECONDS = 20.0
APP = "wideband"


class WidebandPhone:
    """One call. `heard` is everything since it was dialled."""

    def __init__(self, audio: "aiohttp.ClientWebSocketResponse[bool]") -> None:
        self.answered = asyncio.Event()
        self._audio = audio
        self._heard = bytearray()

    @property
    def heard(self) -> Samples:
        return np.frombuffer(bytes(self._heard), "<i2")

    async def say(self, samples: Samples) -> None:
        """All at once: Asterisk has a queue of 20 s, and paces it."""
        await self._audio.send_bytes(samples.astype("<i2").tobytes())

    async def listen(self) -> None:
        async for frame in self._audio:
            if frame.type is aiohttp.WSMsgType.BINARY:
                self._heard += frame.data


@asynccontextmanager
async def calling(carrier: Asterisk, number: str, endpoint: str) -> AsyncIterator[WidebandPhone]:
    """A phone that has been answered; it hangs up at the end of the block."""
    channel, media = (f"{APP}-{role}-{secrets.token_hex(4)}" for role in ("phone", "media"))
    in_stasis: dict[str, asyncio.Event] = {channel: asyncio.Event(), media: asyncio.Event()}
    async with (
        AriClient(carrier.url, carrier.username, carrier.password, APP) as ari,
        ari.event_socket() as events,
        aiohttp.ClientSession() as session,
        session.ws_connect(await ari.media_socket(media, "slin16"), protocols=["media"]) as audio,
    ):
        phone = WidebandPhone(audio)

        async def follow() -> None:
            async for frame in events:
                event = json.loads(frame.data)
                if event["type"] == "StasisStart":
                    in_stasis[event["channel"]["id"]].set()
                if event["type"] == "ChannelStateChange" and event["channel"]["state"] == "Up":
                    phone.answered.set()

        tasks = [asyncio.create_task(work) for work in (follow(), phone.listen())]
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await ari.create_channel(f"PJSIP/{number}@{endpoint}", channel)
                await ari.create_bridge(f"{channel}-bridge")
                for member in (media, channel):
                    await in_stasis[member].wait()
                    await ari.add_channel(f"{channel}-bridge", member)
                await ari.dial(channel, 10)
                await phone.answered.wait()
            yield phone
        finally:
            await ari.hangup(channel)
            await ari.hangup(media)
            await ari.destroy_bridge(f"{channel}-bridge")
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
