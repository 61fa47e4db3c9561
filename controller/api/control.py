"""What the API can do to calls: one protocol, which the session's dispatcher fulfils.

Every method that changes something says who asked (`by`, the name of the token) and belongs into the call's record with
that name. It returns once the call has been told, not once it has happened: what comes of it is in the events.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from controller.errors import ControllerError
from controller.media.control_messages import Speaking


class CallNotFound(ControllerError):
    """No call in progress has this id."""


class NotNow(ControllerError):
    """The call is not where this could be done: it rings, ends, or is with a human. Its text says which."""


class NotAllowed(ControllerError):
    """The fence is in the way: a destination, a number of transfers, a limit."""


class NotSupported(ControllerError):
    """This controller cannot do it."""


class Way(StrEnum):
    """How a caller gets to a human."""

    BRIDGE = "bridge"
    """The human is dialled, the caller hears ringing or music."""
    ATTENDED = "attended"
    """The bot may talk to the human first."""
    REFER = "refer"
    """The caller's side is asked to call the human itself (SIP REFER)."""
    QUEUE = "queue"
    """Asterisk's queue, or a context of its dialplan."""


class Recording(StrEnum):
    """What is to become of the recording of a call."""

    START = "start"
    PAUSE = "pause"
    """For card data and the like."""
    RESUME = "resume"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class LiveCall:
    """One call in progress, as it is now. Numbers are None where withheld, times aware."""

    id: str
    started_at: datetime
    from_number: str | None
    from_name: str | None
    to_number: str | None
    route: str
    state: str
    """`call.vocabulary.State`."""
    answered_at: datetime | None = None
    bot: str = ""
    """Name of the bot that has the call or is asked to take it."""
    human: str = ""
    """Name or dial string of the human who has the call or whose phone rings."""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    direction: str = "inbound"
    """inbound or outbound."""
    rung: str = ""
    """Of the ladder, as records have it; empty: none yet."""
    trigger: str = ""
    """Why the one before it was left; empty: it was the first."""
    speaking: Speaking | None = None
    """Who is to be heard just now; None where nobody can say: before the answer, or with a human."""


@dataclass(frozen=True, slots=True)
class Playable:
    """What is played: exactly one of text (spoken), url (a WAV file) and sound (of Asterisk's, by name)."""

    text: str = ""
    url: str = ""
    sound: str = ""
    language: str = ""
    """Of the text (BCP 47); empty: the route's."""


@dataclass(frozen=True, slots=True)
class Placement:
    """A call to be placed: `to` is dialled, and whoever answers is connected to the route's bot."""

    to: str
    route: str = ""
    """Empty: where a call from that number would go."""
    from_number: str = ""
    """What the callee sees; empty: PHONE_NUMBER."""
    ring_seconds: float = 30.0
    metadata: Mapping[str, Any] = field(default_factory=dict)
    idempotency_key: str = ""
    """Chosen by who asks: the same one within a day is the same call."""


class Calls(Protocol):
    """All calls of this controller. `call_id` is a whole id. Raises CallNotFound, NotNow, NotAllowed, NotSupported."""

    def live(self) -> Sequence[LiveCall]:
        """Those in progress, oldest first."""

    def check(self, call_id: str) -> None:
        """Whether it is still going on."""

    async def hang_up(self, call_id: str, by: str) -> None:
        """End the call for everyone."""

    async def transfer(self, call_id: str, to: str, way: Way, summary: str, by: str) -> None:
        """Give the caller to a human. `to`: a name of the route's, a number, a dial string; empty: its human."""

    async def take_over(self, call_id: str, to: str, by: str) -> None:
        """Like a transfer, but the bot leaves at once, and the caller does not go back to it."""

    async def play(self, call_id: str, what: Playable, by: str) -> None:
        """Let the caller hear something; the bot is not heard meanwhile. Raises SoundError as well."""

    async def press(self, call_id: str, digits: str, by: str) -> None:
        """Send digits (0-9 A-D * #) to the caller's side, one after the other."""

    async def add_metadata(self, call_id: str, metadata: Mapping[str, Any], by: str) -> None:
        """Add to what is known about the call, key by key; the bot is told."""

    async def record(self, call_id: str, what: Recording, by: str) -> None:
        """Record the call, or cease to; NotNow where the recording is there already, or is not."""

    async def place(self, placement: Placement, by: str) -> str:
        """Place a call; returns its id."""
