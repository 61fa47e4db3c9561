"""One call: what is known of it, and `receive`, which turns an event into commands."""

from typing import Final

from controller.call import ladder
from controller.call.commands import Command, Note
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
)
from controller.call.legs import BotLeg, HumanLeg
from controller.call.transitions import TABLE
from controller.call.vocabulary import Ending, State, Trigger
from controller.routing.route import Arrival, Decision

OF_THE_BOT: Final = (
    BotAccepted,
    BotHungUp,
    BotLost,
    FirstAudio,
    MediaGone,
    MediaJoined,
    MediaSilent,
    TransferRequested,
)
OF_THE_HUMAN: Final = (HumanAnswered, HumanGone, HumanJoined, HumanRinging)


class Call:
    """Times are seconds on any steady clock; whoever calls `receive` reads it."""

    def __init__(self, call_id: str, arrival: Arrival, decision: Decision, now: float) -> None:
        self.id = call_id
        self.arrival = arrival
        self.route = decision.route
        self.reason = decision.reason
        self.state = State.OFFERING
        self.answered_at: float | None = None
        """When the caller's channel went up, in seconds since the call arrived."""
        self.caller_here = True
        """The caller's channel is ours to end."""
        self.held = False
        """The caller's phone has put us on hold: no packets are no wonder."""
        self.bot: BotLeg | None = None
        self.human: HumanLeg | None = None
        self.rung = -1
        """Index into the ladder of the rung taken last."""
        self.trigger = Trigger.UNREACHABLE
        """What left the rung before it."""
        self.ending: Ending | None = None
        self.cause = 0
        """Why the caller's channel ended (Q.850), 0 if nobody said."""
        self.deadline: float | None = None
        """When `DeadlinePassed` is due, if at all."""
        self.attempts = 0
        self.started = now
        self.now = now

    def begin(self) -> list[Command]:
        """Take the first rung. Once, before any event."""
        return list(ladder.begin(self))

    def receive(self, event: Event, now: float) -> list[Command]:
        """What is to be done about `event`, in order. Never raises."""
        self.now = now
        if self._is_stale(event):
            return []
        return list(TABLE[type(event)][self.state](self, event))

    def note(self, kind: str, detail: str = "") -> Note:
        """A step for the record, now."""
        return Note(self.at, kind, detail)

    def enter(self, state: State, seconds: float | None = None) -> None:
        """Change state; the deadline of the old one is gone, the new one's comes in `seconds`, if at all."""
        self.state = state
        self.deadline = None if seconds is None else self.now + seconds

    def next_attempt(self) -> int:
        self.attempts += 1
        return self.attempts

    @property
    def answered(self) -> bool:
        return self.answered_at is not None

    @property
    def at(self) -> float:
        """Seconds since the call arrived."""
        return self.now - self.started

    def _is_stale(self, event: Event) -> bool:
        """Late news of a leg that was given up."""
        if isinstance(event, OF_THE_BOT):
            return self.bot is None or self.bot.attempt != event.attempt
        if isinstance(event, OF_THE_HUMAN):
            return self.human is None or self.human.attempt != event.attempt
        return False
