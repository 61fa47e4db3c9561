"""The media worker's half of a call: one session in a worker for every bot that the call has asked."""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

import structlog

from controller.bot.protocol import EndReason, Start, ToBot
from controller.call import events as e
from controller.call.commands import OpenBot
from controller.errors import LimitReached, MediaLinkError, MediaOverload
from controller.media import control_messages as media
from controller.media.statistics import merged
from controller.routing.trigger import Trigger
from controller.session import translation
from controller.session.limits import Limits

CLOSED_SECONDS: Final = 1.0
"""Longest wait for a session's statistics when the call ends; the worker answers within a tick."""

log = structlog.get_logger()


class MediaWorker(Protocol):
    """One media worker as a call sees it (`media.link_client.MediaLink`)."""

    @property
    def hello(self) -> media.Hello | None: ...

    async def send(self, message: media.ToWorker) -> None: ...


def session_id(call_id: str, attempt: int) -> str:
    return f"{call_id}/{attempt}"


def parse_session_id(text: str) -> tuple[str, int]:
    """(call id, attempt). Raises ValueError."""
    call_id, _, attempt = text.rpartition("/")
    return call_id, int(attempt)


class BotLegs:
    """`pick` names one of `workers` media workers, or raises MediaLinkError or MediaOverload.

    Results are posted as events of the call.
    """

    def __init__(
        self,
        call_id: str,
        pick: Callable[[], MediaWorker],
        workers: Callable[[], int],
        limits: Limits,
        post: Callable[[e.Event], None],
    ) -> None:
        self._call_id = call_id
        self._pick = pick
        self._there = workers
        self._limits = limits
        self._post = post
        self._taken: dict[int, dict[str, int]] = {}
        """Places of the limits: attempt to what `Limits.take` was asked for."""
        self._keys: dict[int, str] = {}
        """Of the bots that were asked."""
        self._workers: dict[int, MediaWorker] = {}
        self._closing: dict[int, asyncio.Future[None]] = {}
        self.statistics: dict[str, int | float] = {}
        """Of all sessions that are over."""

    async def open(self, command: OpenBot, wanted: dict[str, int], start: Start) -> None:
        """Ask a worker to ask the bot. `wanted`: the limits that count this call (`Limits.take`)."""
        attempt, rung = command.attempt, command.rung
        try:
            worker = self._pick()
            self._limits.take(wanted)
        except (MediaOverload, LimitReached) as error:
            self._post(e.BotLost(attempt, Trigger.BUSY, str(error)))
            return
        except MediaLinkError as error:
            self._post(e.BotLost(attempt, Trigger.UNREACHABLE, str(error)))
            return
        self._taken[attempt] = wanted
        self._keys[attempt] = rung.key
        self._workers[attempt] = worker
        if not await self._send(attempt, translation.to_opening(self._id(attempt), rung, start)):
            self._forget(attempt)
            self._post(e.WorkerLost(attempt, "the media worker went away"))

    def adopt(self, attempt: int, worker: MediaWorker) -> None:
        """A worker carries this bot for us already."""
        self._workers[attempt] = worker

    def count(self, attempt: int, wanted: dict[str, int]) -> None:
        """An adopted bot takes its places of the limits, whether there are any or not."""
        self._limits.take(dict.fromkeys(wanted, 0))
        self._taken[attempt] = wanted

    @property
    def open_attempts(self) -> set[int]:
        """Those that a worker carries, as far as we know."""
        return set(self._workers)

    def rtp_address(self, attempt: int) -> str | None:
        """Where Asterisk is to send this bot's audio (host:port); None once the bot is closed."""
        hello = self._workers[attempt].hello if attempt in self._workers else None
        return f"{hello.rtp_host}:{hello.rtp_port}" if hello else None

    async def attach(self, attempt: int, host: str, port: int) -> None:
        await self._send(attempt, media.Attach(session=self._id(attempt), host=host, port=port))

    async def attach_socket(self, attempt: int, url: str) -> None:
        """Raises MediaLinkError where nobody will connect, which the channel would wait for."""
        if not await self._send(attempt, media.AttachSocket(session=self._id(attempt), url=url)):
            raise MediaLinkError("the media worker could not be told of the channel")

    async def play(self, attempt: int) -> None:
        await self._send(attempt, media.Play(session=self._id(attempt)))

    async def tell(self, attempt: int, message: ToBot) -> None:
        raw = message.model_dump(mode="json", by_alias=True, exclude_none=True)
        await self._send(attempt, media.Send(session=self._id(attempt), message=raw))

    async def close(self, attempt: int, reason: EndReason) -> None:
        """End the bot's part; harmless when it has ended."""
        self._limits.give_back(self._taken.pop(attempt, {}))
        if attempt in self._workers:
            self._closing.setdefault(attempt, asyncio.get_running_loop().create_future())
            await self._send(attempt, media.Close(session=self._id(attempt), reason=reason))

    def report(self, report: media.Report, attempt: int) -> None:
        """The worker says something about one of our sessions."""
        if isinstance(report, media.Closed):
            self.statistics = merged(self.statistics, report.statistics)
            if self.carries(attempt):
                self._post(e.WorkerLost(attempt, "the media worker has ended it"))
        if isinstance(report, media.Refused) and report.retry_after_seconds and attempt in self._keys:
            self._limits.rest(self._keys[attempt], report.retry_after_seconds)
        if isinstance(report, media.Closed | media.Refused | media.Failed):
            self._forget(attempt)
        for event in translation.from_report(report, attempt):
            self._post(event)

    def worker_lost(self, worker: MediaWorker, detail: str) -> None:
        """This worker is gone for good, and every session that it carried."""
        for attempt in [attempt for attempt, carrier in self._workers.items() if carrier is worker]:
            self._forget(attempt)
            self._post(e.WorkerLost(attempt, detail, alone=not self._there()))

    def carries(self, attempt: int) -> bool:
        """Whether this bot is open and not being closed."""
        return attempt in self._workers and attempt not in self._closing

    async def finish(self) -> None:
        """Close whatever is open and wait for the statistics, not for ever."""
        for attempt in list(self._workers):
            if attempt not in self._closing:
                await self.close(attempt, "failed")
        waiting = [future for attempt, future in self._closing.items() if attempt in self._workers]
        if waiting:
            await asyncio.wait(waiting, timeout=CLOSED_SECONDS)

    def _forget(self, attempt: int) -> None:
        self._limits.give_back(self._taken.pop(attempt, {}))
        self._workers.pop(attempt, None)
        closing = self._closing.get(attempt)
        if closing and not closing.done():
            closing.set_result(None)

    async def _send(self, attempt: int, message: media.ToWorker) -> bool:
        worker = self._workers.get(attempt)
        if worker is None:
            return False
        try:
            await worker.send(message)
        except MediaLinkError as error:
            # The audio goes on without us; whether the worker comes back is the dispatcher's to judge.
            log.warning("message to the media worker lost", type=message.type, reason=str(error))
            return False
        return True

    def _id(self, attempt: int) -> str:
        return session_id(self._call_id, attempt)
