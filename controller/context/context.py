"""Everything that is known of a caller, gathered at once and in time."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import structlog

from controller.config import Settings
from controller.context.webhook import ContextWebhook
from controller.records.database import Database
from controller.records.previous import OpenCallback, Previous, PreviousCall, previous
from controller.routing.route import Arrival
from controller.tracing.tracer import NO_TRACER, Tracer

RESULT_CHARACTERS_MAX: Final = 4_000
"""Of the data of an earlier result: a bot has to read it before it says hello."""

log = structlog.get_logger(__name__)

_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True)
class CallContext:
    """What was found out in time. `missing`: what was not, and why, for the call's record."""

    previous: Previous = field(default_factory=Previous)
    answer: dict[str, Any] = field(default_factory=dict)
    """Of the company's own system."""
    missing: tuple[str, ...] = ()
    traced: Mapping[str, str] = field(default_factory=dict)
    """Of the call's trace, where there is one."""

    def metadata(self) -> dict[str, Any]:
        """As the bot reads it in `start.metadata`; what is not known is left out."""
        told: dict[str, Any] = dict(self.answer)
        if earlier := self.earlier():
            told["previous_calls"] = earlier
        if self.previous.callbacks:
            told["open_callbacks"] = [_callback(callback) for callback in self.previous.callbacks]
        return {**told, **self.traced}

    def earlier(self) -> list[dict[str, Any]]:
        """Calls of this caller, the latest first."""
        return [_call(call) for call in self.previous.calls]


class Context:
    """Asks for it. Used as a context manager, since it keeps connections open."""

    def __init__(self, database: Database, settings: Settings, tracer: Tracer = NO_TRACER) -> None:
        self._database = database
        self._calls_max = settings.context_previous_calls
        self._seconds = settings.context_deadline_ms / 1000
        self._tracer = tracer
        self._webhook = ContextWebhook.of(settings, tracer)

    async def __aenter__(self) -> Self:
        if self._webhook:
            await self._webhook.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._webhook:
            await self._webhook.close()

    async def gather(self, call_id: str, arrival: Arrival, route: str) -> CallContext:
        """What is known of this caller, by the deadline. Never raises."""
        missing: list[str] = []
        webhook = self._webhook
        found, answer = await asyncio.gather(
            self._in_time("previous calls", self._previous(arrival.other_number), Previous(), missing),
            self._in_time("context webhook", webhook.ask(call_id, arrival, route), {}, missing)
            if webhook
            else _nothing(),
        )
        if missing:
            log.warning("context incomplete", call=call_id, missing=missing)
        return CallContext(found, answer, tuple(missing), self._tracer.metadata(call_id))

    async def _previous(self, number: str) -> Previous:
        return await previous(self._database, number, self._calls_max) if self._calls_max else Previous()

    async def _in_time(self, what: str, work: Awaitable[_Found], otherwise: _Found, missing: list[str]) -> _Found:
        try:
            async with asyncio.timeout(self._seconds):
                return await work
        except TimeoutError:
            missing.append(f"{what}: not in {self._seconds * 1000:.0f} ms")
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller waits
            # Of a database's error its own words: the query has the caller's number.
            missing.append(f"{what}: {getattr(error, 'orig', None) or str(error) or type(error).__name__}")
        return otherwise


async def _nothing() -> dict[str, Any]:
    return {}


def _call(call: PreviousCall) -> dict[str, Any]:
    results: Sequence[dict[str, Any]] = [
        {"name": name, "data": dict(data)} if len(str(data)) <= RESULT_CHARACTERS_MAX else {"name": name}
        for name, data in call.results
    ]
    told = {"call_id": call.id, "started_at": _time(call.started_at), "route": call.route, "ending": call.ending}
    return {**told, "summary": call.summary, "results": results}


def _callback(callback: OpenCallback) -> dict[str, Any]:
    told = {"call_id": callback.call_id, "asked_at": _time(callback.asked_at), "note": callback.note}
    return {**told, "wanted_at": _time(callback.wanted_at)} if callback.wanted_at else told


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
