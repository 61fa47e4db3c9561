"""One call: `receive` turns an event into commands."""

from typing import Final

from controller.call import ladder
from controller.call.commands import Command
from controller.call.events import (
    BotAccepted,
    BotHungUp,
    BotLost,
    Event,
    FirstAudio,
    HumanAnswered,
    HumanGone,
    HumanJoined,
    HumanRinging,
    MediaGone,
    MediaJoined,
    MediaSilent,
    TransferRequested,
    WorkerLost,
)
from controller.call.state import CallState
from controller.call.transitions import TABLE

OF_THE_BOT: Final = (
    BotAccepted,
    BotHungUp,
    BotLost,
    FirstAudio,
    MediaGone,
    MediaJoined,
    MediaSilent,
    TransferRequested,
    WorkerLost,
)
OF_THE_HUMAN: Final = (HumanAnswered, HumanGone, HumanJoined, HumanRinging)


class Call(CallState):
    """Times are seconds on any steady clock; whoever calls `receive` reads it."""

    def begin(self) -> list[Command]:
        """Take the first rung. Once, before any event."""
        return list(ladder.begin(self))

    def receive(self, event: Event, now: float) -> list[Command]:
        """What is to be done about `event`, in order. Never raises."""
        self.now = now
        if self._is_stale(event):
            return []
        return list(TABLE[type(event)][self.state](self, event))

    def _is_stale(self, event: Event) -> bool:
        """Late news of a leg that was given up."""
        if isinstance(event, OF_THE_BOT):
            return self.bot is None or self.bot.attempt != event.attempt
        if isinstance(event, OF_THE_HUMAN):
            return self.human is None or self.human.attempt != event.attempt
        return False
