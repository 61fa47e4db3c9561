"""Our Stasis application without a controller: a test asks Asterisk itself, and sees every event."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

from controller.ari.client import AriClient
from controller.ari.event_stream import EventStream
from controller.ari.events import AriEvent, StasisStart, subject
from tests.integration.stack.asterisks import Asterisk

WAIT_SECONDS = 20.0
Wanted = TypeVar("Wanted", bound=AriEvent)


class Application:
    """`events` is everything seen; `until` waits for the next one of a kind and takes it and all before it."""

    def __init__(self, ari: AriClient) -> None:
        self.ari = ari
        self.events: list[AriEvent] = []
        self.connected = asyncio.Event()
        self._news: asyncio.Queue[AriEvent] = asyncio.Queue()

    async def until(self, kind: type[Wanted], channel_id: str | None = None, seconds: float = WAIT_SECONDS) -> Wanted:
        try:
            async with asyncio.timeout(seconds):
                while True:
                    event = await self._news.get()
                    if isinstance(event, kind) and channel_id in (None, subject(event)):
                        return event
        except TimeoutError:
            seen = [type(event).__name__ for event in self.events[-20:]]
            raise TimeoutError(f"no {kind.__name__} of {channel_id} within {seconds:g} s, only {seen}") from None

    async def call(self) -> StasisStart:
        """The next call that comes in."""
        while True:
            started = await self.until(StasisStart)
            if started.args in (("trunk",), ("phone",)):
                return started

    async def back(self, channel_id: str, seconds: float = WAIT_SECONDS) -> tuple[str, ...]:
        """The arguments with which the dialplan gives this channel back."""
        return (await self.until(StasisStart, channel_id, seconds)).args

    # --- what the event stream says -------------------------------------------------------------------------

    def asterisk_connected(self) -> None:
        self.connected.set()

    def asterisk_event(self, event: AriEvent) -> None:
        self.events.append(event)
        self._news.put_nowait(event)

    def asterisk_away(self) -> None:
        self.connected.clear()

    def application_replaced(self) -> None:
        raise AssertionError("another controller took the application over")


@asynccontextmanager
async def application(asterisk: Asterisk) -> AsyncIterator[Application]:
    """At its end all channels and bridges are gone."""
    async with AriClient(asterisk.url, asterisk.username, asterisk.password, "ari-controller") as ari:
        listener = Application(ari)
        stream = asyncio.create_task(EventStream(ari, listener).run())
        try:
            await asyncio.wait_for(listener.connected.wait(), WAIT_SECONDS)
            yield listener
        finally:
            for channel in await ari.channels():
                await ari.hangup(channel.id)
            for bridge in await ari.bridges():
                await ari.destroy_bridge(bridge.id)
            stream.cancel()
            await asyncio.gather(stream, return_exceptions=True)
