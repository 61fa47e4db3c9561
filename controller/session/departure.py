"""How a controller ends: what becomes of the calls in progress, and how long they are waited for."""

import asyncio
from dataclasses import dataclass
from typing import Protocol

import structlog

from controller.config import OnStop

log = structlog.get_logger()


class Calls(Protocol):
    """All calls in progress (`session.dispatcher.Dispatcher`)."""

    draining: bool

    @property
    def calls(self) -> int: ...

    async def until_over(self) -> None: ...

    async def hand_over(self) -> None: ...

    async def shut_down(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Departure:
    """`outlived`: there are media workers that go on without us, so that another controller can go on with calls."""

    calls: Calls
    on_stop: OnStop
    drain_seconds: float
    outlived: bool

    async def leave(self, hurried: asyncio.Event) -> None:
        """`hurried`: calls are waited for no longer."""
        self.calls.draining = True
        if self.on_stop == "finish" or (self.on_stop == "hand_over" and not self.outlived):
            await self._finish(hurried)
        if self.outlived and self.on_stop != "human":
            await self.calls.hand_over()
        else:
            await self.calls.shut_down()

    async def _finish(self, hurried: asyncio.Event) -> None:
        if not self.calls.calls or hurried.is_set():
            return
        then = "they are left to the next controller" if self.outlived else "they go to the human"
        log.info("waiting for calls to end", calls=self.calls.calls, seconds=self.drain_seconds, then=then)
        either = [asyncio.create_task(self.calls.until_over()), asyncio.ensure_future(hurried.wait())]
        try:
            await asyncio.wait(either, timeout=self.drain_seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in either:
                task.cancel()
            await asyncio.gather(*either, return_exceptions=True)
        if self.calls.calls:
            log.warning("calls have not ended in time", calls=self.calls.calls, setting="DRAIN_SECONDS")
