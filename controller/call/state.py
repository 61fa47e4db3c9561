"""What is known of one call."""

from controller.call.commands import Note
from controller.call.legs import BotLeg, HumanLeg
from controller.call.vocabulary import Ending, State
from controller.routing.route import Arrival, Decision
from controller.routing.trigger import Trigger


class CallState:
    """What the reactions read and change. Times are seconds on any steady clock."""

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
        self.workers_lost = 0
        self.started = now
        self.now = now

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
