"""One call: `receive` turns an event into commands."""

from typing import Final

from controller.call import events as e
from controller.call import ladder
from controller.call.commands import Command
from controller.call.state import CallState
from controller.call.transitions import TABLE

OF_THE_BOT: Final = (
    e.BotAccepted,
    e.BotChosen,
    e.BotHungUp,
    e.BotLost,
    e.DigitsRequested,
    e.FirstAudio,
    e.HoldRequested,
    e.MediaGone,
    e.MediaJoined,
    e.MediaSilent,
    e.RecordingRequested,
    e.TransferCancelled,
    e.TransferCompleted,
    e.TransferRequested,
    e.WorkerLost,
)
OF_THE_HUMAN: Final = (
    e.ConsultBegun,
    e.HumanAnswered,
    e.HumanGone,
    e.HumanJoined,
    e.HumanPressed,
    e.HumanRinging,
    e.WhisperEnded,
)


class Call(CallState):
    """Times are seconds on any steady clock; whoever calls `receive` reads it."""

    def begin(self) -> list[Command]:
        """Take the first rung. Once, before any event."""
        return list(ladder.begin(self))

    def receive(self, event: e.Event, now: float) -> list[Command]:
        """What is to be done about `event`, in order. Never raises."""
        self.now = now
        if self._is_stale(event):
            return []
        return list(TABLE[type(event)][self.state](self, event))

    def _is_stale(self, event: e.Event) -> bool:
        """Late news of what was given up."""
        if isinstance(event, OF_THE_BOT):
            return self.bot is None or self.bot.attempt != event.attempt
        if isinstance(event, OF_THE_HUMAN):
            return self.human is None or event.attempt not in self.human.legs
        return isinstance(event, e.SoundEnded) and event.number != self.sound
