"""Delivers what is in the outbox: each call's messages to each target in order, many calls at a time.

One task a target, so that a slow or dead one costs the others nothing; a database that is away costs nothing but time.
A target that does not answer is asked by one stream at a time until it does, and all others wait without being tried.
"""

import asyncio
import random
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

import aiohttp
import structlog
from sqlalchemy.exc import SQLAlchemyError

from controller.records import outbox
from controller.records.events import StoredEvent
from controller.records.outbox import Message, Outcome, Stream
from controller.records.store import RecordStore
from controller.routing.webhook import Target, key_of
from controller.tracing.tracer import NO_TRACER, Tracer
from controller.webhooks import signature
from controller.webhooks.retry import PAUSES_MAX, Verdict, decide, judge

STREAMS_AT_ONCE_MAX: Final = 16
"""Requests under way to one target: enough for a thousand messages a second at 15 ms each, and no flood."""

REQUEST_SECONDS_MAX: Final = 10.0
"""For a target to answer: it should store and say so, and do its work afterwards."""

TURN_SECONDS_MAX: Final = 10.0
"""A stream begins no further message after this, and is given back."""

LEASE_SECONDS: Final = 25.0
"""More than a turn and a request: what a sender that died had taken is taken by another after this."""

POLL_SECONDS: Final = 1.0
"""How often the outbox and the targets are looked at without being told: for retries, and for what others do."""

RECALL_SECONDS: Final = 60.0
"""Between two looks for what waits too long because the clock was set back: a minute more hurts nobody then."""

AWAY_PAUSE_SECONDS: Final = 5.0
"""Between two streams that try a target which did not answer the last."""

ANSWER_BYTES_MAX: Final = 64 * 1024
"""Of an answer that are read so that its connection can be used again."""

USER_AGENT: Final = "ari-controller"

log = structlog.get_logger(__name__)


class Sender:
    """Sends to all targets of a store, which may change, until it is cancelled."""

    def __init__(self, store: RecordStore, tracer: Tracer = NO_TRACER) -> None:
        self._store = store
        self._tracer = tracer
        self._lines: dict[Target, _Line] = {}
        self._unsubscribe = store.subscribe(self._told)

    async def run(self) -> None:
        """For ever."""
        timeout = aiohttp.ClientTimeout(total=REQUEST_SECONDS_MAX)
        headers = {"user-agent": USER_AGENT}
        # No cookies: they would carry one message's state into the next.
        try:
            async with aiohttp.ClientSession(
                timeout=timeout, headers=headers, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
            ) as session:
                await self._follow(session)
        finally:
            self._unsubscribe()

    async def _follow(self, session: aiohttp.ClientSession) -> None:
        """A line for each target there is; that of one which is gone takes nothing more and ends."""
        async with asyncio.TaskGroup() as lines:
            while True:
                wanted = set(self._store.audience.targets)
                for target in self._lines.keys() - wanted:
                    self._lines.pop(target).stop()
                for target in wanted - self._lines.keys():
                    self._lines[target] = line = _Line(self._store, target, self._tracer)
                    lines.create_task(line.run(session), name=f"webhooks {target.name}")
                await asyncio.sleep(POLL_SECONDS)

    def _told(self, stored: Sequence[StoredEvent]) -> None:
        for line in self._lines.values():
            line.told(stored)


class _Line:
    """The way to one target."""

    def __init__(self, store: RecordStore, target: Target, tracer: Tracer) -> None:
        self._tracer = tracer
        self._database = store.database
        self._target = target
        self._key = key_of(target.secret)
        self._host = urlsplit(target.url).hostname or ""
        self._turns: set[asyncio.Task[Outcome]] = set()
        self._outcomes: list[Outcome] = []
        self._awake = asyncio.Event()
        self._stopping = False
        self._away = False
        self._database_away = False
        self._recall_at = time.monotonic()

    def stop(self) -> None:
        """Take nothing more; what is under way is finished and written down."""
        self._stopping = True
        self._awake.set()

    def told(self, stored: Sequence[StoredEvent]) -> None:
        if any(new.event.type in self._target.events for new in stored):
            self._awake.set()

    async def run(self, session: aiohttp.ClientSession) -> None:
        try:
            while self._turns or self._outcomes or not self._stopping:
                self._awake.clear()
                try:
                    await self._step(session)
                except (SQLAlchemyError, OSError) as error:
                    self._say_database(away=True, reason=str(getattr(error, "orig", error)))
                await self._sleep()
        finally:
            for turn in self._turns:
                turn.cancel()
            await asyncio.gather(*self._turns, return_exceptions=True)

    async def _step(self, session: aiohttp.ClientSession) -> None:
        """Settle what is done, and take what is due."""
        settled = len(self._outcomes)
        if settled:
            await outbox.settle(self._database, self._outcomes[:settled], datetime.now(UTC))
            del self._outcomes[:settled]
        self._say_database(away=False)
        await self._recall()
        if self._stopping or (self._away and settled):
            return  # for ever, or for a pause
        free = (1 if self._away else STREAMS_AT_ONCE_MAX) - len(self._turns)
        if free <= 0:
            return
        for stream in await outbox.take(self._database, self._target.name, datetime.now(UTC), LEASE_SECONDS, free):
            turn = asyncio.create_task(self._turn(session, stream))
            self._turns.add(turn)
            turn.add_done_callback(self._turn_done)

    async def _recall(self) -> None:
        if time.monotonic() < self._recall_at:
            return
        self._recall_at = time.monotonic() + RECALL_SECONDS
        pauses = (LEASE_SECONDS, *PAUSES_MAX)
        if streams := await outbox.recall(self._database, self._target.name, datetime.now(UTC), pauses):
            log.warning("the clock was set back, webhooks wait no longer", target=self._target.name, calls=streams)

    async def _sleep(self) -> None:
        if self._away and not self._turns:
            await asyncio.sleep(AWAY_PAUSE_SECONDS)
            return
        try:
            async with asyncio.timeout(POLL_SECONDS):
                await self._awake.wait()
        except TimeoutError:
            pass

    def _turn_done(self, turn: "asyncio.Task[Outcome]") -> None:
        self._turns.discard(turn)
        if not turn.cancelled():
            self._outcomes.append(turn.result())
            self._awake.set()

    # --- one stream -----------------------------------------------------------------------------------------

    async def _turn(self, session: aiohttp.ClientSession, stream: Stream) -> Outcome:
        """Deliver the stream's messages, one after the other, up to the first that is not taken."""
        until = time.monotonic() + TURN_SECONDS_MAX
        for delivered, message in enumerate(stream.messages):
            if time.monotonic() > until:
                return Outcome(stream, delivered)
            about = {"target": self._target.name, "type": message.type}
            with self._tracer.request("webhook", stream.call_id, **about) as request:
                verdict, error = await self._deliver(session, message, request.headers)
                request.error = error
            self._say(verdict, error)
            if verdict is not Verdict.DELIVERED:
                return self._failed(stream, delivered, verdict, error)
        return Outcome(stream, len(stream.messages))

    def _failed(self, stream: Stream, delivered: int, verdict: Verdict, error: str) -> Outcome:
        failures = 1 if delivered else stream.attempts + 1
        decision = decide(verdict, failures, random.random())  # noqa: S311 - spreads the load
        if decision.seconds is None:
            message = stream.messages[delivered]
            log.error("webhook given up", target=self._target.name, call=stream.call_id, id=message.id, reason=error,
                      mend="ari-controller webhooks resend")  # fmt: skip
            return Outcome(stream, delivered, error, with_all_after=decision.with_all_after)
        return Outcome(stream, delivered, error, datetime.now(UTC) + timedelta(seconds=decision.seconds))

    async def _deliver(
        self, session: aiohttp.ClientSession, message: Message, traced: Mapping[str, str]
    ) -> tuple[Verdict, str]:
        body = message.payload.encode()
        headers = {**signature.headers(self._key, message.id, int(time.time()), body), **traced}
        try:
            async with session.post(self._target.url, data=body, headers=headers, allow_redirects=False) as answer:
                await answer.content.read(ANSWER_BYTES_MAX)
                verdict = judge(answer.status)
                return verdict, "" if verdict is Verdict.DELIVERED else f"HTTP {answer.status}"
        except TimeoutError:
            return Verdict.AWAY, f"no answer in {REQUEST_SECONDS_MAX:g} s"
        except (aiohttp.ClientError, OSError) as error:
            # Not its text, which has the URL, and a URL may have a password or a token.
            reason = getattr(error, "strerror", None) or type(error).__name__
            return Verdict.AWAY, f"{self._host}: {reason}"

    # --- what people are told -------------------------------------------------------------------------------

    def _say(self, verdict: Verdict, error: str) -> None:
        """The change, not every request."""
        away = verdict in {Verdict.AWAY, Verdict.GONE}
        if away and not self._away:
            log.warning("webhook target away, trying again", target=self._target.name, reason=error)
        elif self._away and not away:
            log.info("webhook target is back", target=self._target.name)
        self._away = away

    def _say_database(self, *, away: bool, reason: str = "") -> None:
        if away and not self._database_away:
            log.error("webhooks wait for the database", reason=reason, setting="DATABASE_URL")
        self._database_away = away
