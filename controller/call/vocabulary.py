"""The closed vocabularies of a call: what records, metrics and tests may say, and nothing else."""

from enum import StrEnum


class State(StrEnum):
    """Where a call is. The caller hears ringing in the first two unless it was answered before."""

    OFFERING = "offering"
    """A bot has been asked, media is being prepared."""
    ANSWERING = "answering"
    """The bot has accepted; the answer is on its way to the caller."""
    TALKING = "talking"
    """Caller and bot."""
    DIALLING = "dialling"
    """A human's phone is dialled, as a rung or because the bot asked; then the bot is still there."""
    WITH_HUMAN = "with_human"
    """Caller and human."""
    ANNOUNCING = "announcing"
    """Nobody could take the answered caller, who is told so."""
    ENDING = "ending"
    """What the call holds in Asterisk and in the media worker is being given back."""
    ENDED = "ended"


class Ending(StrEnum):
    """How a call ended."""

    CALLER_CANCELLED = "caller_cancelled"
    """The caller hung up before the answer."""
    CALLER_HUNG_UP = "caller_hung_up"
    BOT_HUNG_UP = "bot_hung_up"
    HUMAN_HUNG_UP = "human_hung_up"
    REFUSED = "refused"
    """No rung could take it; it was never answered."""
    NOBODY_LEFT = "nobody_left"
    """Answered, and then no rung was left; the caller was told."""
    MEDIA_LOST = "media_lost"
    """No packet from the caller for too long."""
    FAILED = "failed"
    """Asterisk would not do what the call needs; the dialplan got the caller."""
    ASTERISK_LOST = "asterisk_lost"
    CONTROLLER_LOST = "controller_lost"
    """The controller died in mid-call; the next one closed the record."""
    SHUTDOWN = "shutdown"
    """The controller was stopped; the dialplan got the caller."""


class TransferOutcome(StrEnum):
    """How an attempt to reach a human went."""

    CONNECTED = "connected"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    DECLINED = "declined"
    UNREACHABLE = "unreachable"
    FAILED = "failed"
    CANCELLED = "cancelled"
    """The caller hung up first."""
