"""Why a rung of the ladder is left for the next: a closed vocabulary, for routes, records and metrics."""

from enum import StrEnum


class Trigger(StrEnum):
    """What a rung may name in its `on`."""

    CLOSED = "closed"
    """Outside the hours of the rung before."""
    BUSY = "busy"
    """Our limit, or the bot's own word."""
    UNREACHABLE = "unreachable"
    NO_ANSWER = "no_answer"
    """The bot did not accept in time."""
    NO_AUDIO = "no_audio"
    """The bot accepted and said nothing."""
    STALLED = "stalled"
    """The bot's connection stands, and takes no audio any more."""
    DROPPED = "dropped"
    """The bot's connection was lost in mid-call, and did not come back in time."""
    ESCAPE = "escape"
    """The caller pressed the digit that leads to a human."""
    REQUESTED = "requested"
    """The bot asked for a human."""
    FAILED = "failed"
    """Nobody took it: a human who did not answer, a recording that could not be made."""
