"""What is known of one call."""

from typing import Any, Final

from controller.call.commands import Note
from controller.call.legs import NO_WAY, Away, BotLeg, CallRecording, HumanParty, Line, Way
from controller.call.vocabulary import Ending, State, TransferOutcome
from controller.routing.route import Arrival, Decision
from controller.routing.trigger import Trigger


class CallState:
    """What the reactions read and change. Times are seconds on any steady clock."""

    way = NO_WAY
    """The latest to a human, asked for or a rung of the ladder."""
    reached: TransferOutcome | None = None
    """What came of the last human; None: of none, or of one of an earlier ladder."""

    def __init__(self, call_id: str, arrival: Arrival, decision: Decision, now: float) -> None:
        self.id: Final = call_id
        self.arrival: Final = arrival
        self.route = decision.route
        """Its ladder may be exchanged by an operator, once the bot has the caller."""
        self.reason: Final = decision.reason
        self.closed = decision.closed
        """Rungs that are outside their hours, and why."""
        self.state = State.OFFERING
        self.answered_at: float | None = None
        """When the caller's channel went up, in seconds since the call arrived."""
        self.answering = False
        """Asterisk has been asked to answer: whatever is asked of it now comes after that."""
        self.caller_here = True
        """The caller's channel is ours to end."""
        self.held = False
        """The caller's phone has put us on hold: no packets are no wonder."""
        self.music = ""
        """The class of music that the caller hears, if any."""
        self.sound: int | None = None
        """The number of the sound that the caller hears, if any."""
        self.last_words: Ending | None = None
        """How the call ends after the announcement; None: the next rung."""
        self.told = False
        """The caller has been told how things are: no further last words."""
        self.bot: BotLeg | None = None
        self.human: HumanParty | None = None
        self.away: Away | None = None
        self.line: Line | None = None
        self.recording = self.recorded = False
        """The caller leaves a message, and has left one."""
        self.tape = CallRecording()
        self.reconnect_until: float | None = None
        """Until when the bot's lost connection is tried again."""
        self.rung = -1
        """Index into the ladder of the rung taken last."""
        self.trigger: Trigger | None = None
        """What left the rung before it."""
        self.ending: Ending | None = None
        self.cause = 0
        """Why the caller's channel ended (Q.850), 0 if nobody said."""
        self.deadline: float | None = None
        """When `DeadlinePassed` is due, if at all."""
        self.attempts = self.transfers = self.workers_lost = self.sounds = 0
        self.steered = False
        """The ladder is an operator's: below it the call ends, as it was told to."""
        self.metadata: dict[str, Any] = dict(decision.route.metadata)
        """What is known about the call, from whomever."""
        self.started: Final = now
        self.now = now

    def note(self, kind: str, detail: str = "") -> Note:
        """A step for the record, now."""
        return Note(self.at, kind, detail, self.way.number, self.way.to)

    def set_out(self, to: str) -> None:
        """On the way to another human, or group of them."""
        self.way = Way(self.way.number + 1, to)

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
    def up(self) -> bool:
        """Answered, or about to be: the caller hears what is played."""
        return self.answered or self.answering

    @property
    def at(self) -> float:
        """Seconds since the call arrived."""
        return self.now - self.started
