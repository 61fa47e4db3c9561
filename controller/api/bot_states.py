"""How the bots are: whether they took their latest call, how many they have, and how soon they answer.

Like `Metrics` it is made from what is written about calls: nobody asks a bot only to know.
"""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from controller.records import items
from controller.routing.trigger import Trigger

CALLS_MAX: Final = 20_000
"""In progress that are remembered, as in `Metrics`."""
BOTS_MAX: Final = 500
"""More are a catalogue: those that come later are not followed."""
RESPONSES_MAX: Final = 100
"""Calls of which the median is made: what is so now, not what was so last month."""
FAULTS: Final = frozenset(
    {Trigger.UNREACHABLE, Trigger.NO_ANSWER, Trigger.NO_AUDIO, Trigger.STALLED, Trigger.DROPPED, Trigger.BUSY}
)
"""Why a bot's rung is left that are the bot's own."""
RUNG: Final = "bot "
"""Begins the name of a bot's rung in steps."""


class BotState(StrEnum):
    UNKNOWN = "unknown"
    """It has had no call since the controller was started."""
    UP = "up"
    BUSY = "busy"
    """It refused the latest call as that, or has as many as it may."""
    DOWN = "down"
    """It did not take its latest call, or lost it."""


@dataclass(slots=True)
class _Known:
    state: BotState = BotState.UNKNOWN
    since: datetime | None = None
    detail: str = ""
    responses: deque[float] = field(default_factory=lambda: deque(maxlen=RESPONSES_MAX))


@dataclass(slots=True)
class _Call:
    started_at: datetime
    bot: str = ""


class BotStates:
    """Of all bots that had a call."""

    def __init__(self) -> None:
        self._bots: dict[str, _Known] = {}
        self._calls: dict[str, _Call] = {}

    def of(self, bot: str) -> _Known:
        return self._bots.get(bot) or _Known()

    def observe(self, item: items.Item) -> None:
        """One thing that is written about a call."""
        match item:
            case items.CallOpened():
                if len(self._calls) < CALLS_MAX:
                    self._calls[item.call_id] = _Call(item.started_at)
            case items.StepTaken() if call := self._calls.get(item.call_id):
                self._step(item, call)
            case items.CallClosed():
                call = self._calls.pop(item.call_id, None)
                if call and (known := self._known(call.bot)) and "bot_response_ms" in item.statistics:
                    known.responses.append(float(item.statistics["bot_response_ms"]))

    def _step(self, step: items.StepTaken, call: _Call) -> None:
        if step.kind == "rung":
            call.bot = step.detail.removeprefix(RUNG) if step.detail.startswith(RUNG) else call.bot
            return
        known = self._known(call.bot)
        if known is None:
            return
        trigger, _, detail = step.detail.partition(": ")
        at = call.started_at + timedelta(milliseconds=step.at_ms)
        if step.kind == "bot_accepted":
            known.state, known.since, known.detail = BotState.UP, at, ""
        elif step.kind == "rung_left" and trigger in FAULTS:
            state = BotState.BUSY if trigger == Trigger.BUSY else BotState.DOWN
            known.state, known.since, known.detail = state, at, f"{trigger}: {detail}" if detail else trigger

    def _known(self, bot: str) -> _Known | None:
        if not bot or (bot not in self._bots and len(self._bots) >= BOTS_MAX):
            return None
        return self._bots.setdefault(bot, _Known())
