"""The ids that we choose: a call's id, and from it the ids of what we create in Asterisk for that call.

Choosing them ourselves lets us know an event's call before the request that caused it has been answered, and
tells ours from others' when a restarted controller finds channels and bridges that it does not remember.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal, cast

AttemptRole = Literal["media", "agent", "consult", "said", "heard", "other", "listen"]
Role = Literal["media", "agent", "bridge", "callee", "consult", "said", "heard", "other", "listen"]

ENTROPY_BYTES: Final = 4
"""6 characters of 5 bits need 30 bits: a billion values for the calls of one second."""

_CODE_LENGTH: Final = 6
_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
"""Base 32 after Douglas Crockford: no i, l, o, u, so that an id can be read out over the phone."""

_PART: Final = re.compile(r"(?P<channel>.+)_(?P<number>\d{1,4})_(?P<at_ms>\d{1,9})")

ATTEMPTS_MAX: Final = 9999

_CALL: Final = re.compile(rf"\d{{8}}-\d{{6}}-[{_ALPHABET}]{{{_CODE_LENGTH}}}")
_OURS: Final = re.compile(
    rf"(?P<call_id>{_CALL.pattern})"
    r"-(?:(?P<one>bridge|callee)|(?P<role>media|agent|consult|said|heard|other|listen)(?:-(?P<attempt>[2-9]|[1-9]\d{1,3}))?)"
)


@dataclass(frozen=True, slots=True)
class OurId:
    """What an id of ours says: the call, what it is to the call, and which attempt, from 1."""

    call_id: str
    role: Role
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class PartName:
    """What the name of a part of a recording says: which channel's, and of which recording of the call.

    `at_ms`: where in the call it begins.
    """

    ours: OurId
    number: int
    at_ms: int


def call_id(now_utc: datetime, entropy: bytes) -> str:
    """A readable id that sorts by time, such as `20261122-163012-k3v9qx`.

    `now_utc` must be in UTC; `entropy` is ENTROPY_BYTES random bytes. Raises ValueError for anything else.
    """
    if now_utc.tzinfo is not UTC or len(entropy) != ENTROPY_BYTES:
        raise ValueError(f"a call id needs a time in UTC and {ENTROPY_BYTES} bytes, not {now_utc!r} and {entropy!r}")
    number = int.from_bytes(entropy, "big")
    code = "".join(_ALPHABET[number >> 5 * place & 31] for place in range(_CODE_LENGTH))
    return f"{now_utc:%Y%m%d-%H%M%S}-{code}"


def media_id(call_id: str, attempt: int = 1) -> str:
    """The channel that carries the call's audio to a media worker."""
    return _attempt_id(call_id, "media", attempt)


def agent_id(call_id: str, attempt: int = 1) -> str:
    """The channel of a human to whom the caller is given."""
    return _attempt_id(call_id, "agent", attempt)


def bridge_id(call_id: str) -> str:
    """The bridge in which the legs of the call meet. It is never made twice: Asterisk loses a reused bridge id."""
    return f"{call_id}-bridge"


def callee_id(call_id: str) -> str:
    """The channel of whom we call ourselves; it stands where a caller's stands in other calls."""
    return f"{call_id}-callee"


def consult_id(call_id: str, attempt: int) -> str:
    """The bridge in which the bot talks to this human before the caller does."""
    return _attempt_id(call_id, "consult", attempt)


def said_id(call_id: str, number: int) -> str:
    """The snoop channel that hears what the caller says, for this recording of the call."""
    return _attempt_id(call_id, "said", number)


def heard_id(call_id: str, number: int) -> str:
    """The snoop channel that hears what the caller hears, for this recording of the call."""
    return _attempt_id(call_id, "heard", number)


def other_id(call_id: str, nth: int) -> str:
    """The snoop channel that hears what a human says who has the caller: the `nth` such channel of this call."""
    return _attempt_id(call_id, "other", nth)


def listen_id(call_id: str, number: int) -> str:
    """The snoop channel of an operator who listens in, and the bridge in which the two meet."""
    return _attempt_id(call_id, "listen", number)


def is_call_id(text: str) -> bool:
    return _CALL.fullmatch(text) is not None


def part_name(channel_id: str, number: int, at_ms: int) -> str:
    """What Asterisk calls the recording of a snoop channel: all that a later controller has to know of it."""
    return f"{channel_id}_{number}_{at_ms}"


def parse_part(name: str) -> PartName | None:
    """Read it back. None: it is the recording of something else."""
    match = _PART.fullmatch(name)
    ours = parse(match["channel"]) if match else None
    if match is None or ours is None or ours.role not in ("said", "heard", "other"):
        return None
    return PartName(ours, int(match["number"]), int(match["at_ms"]))


def parse(asterisk_id: str) -> OurId | None:
    """Read an id back. None: nobody chose it here, a caller's channel for instance."""
    match = _OURS.fullmatch(asterisk_id)
    if match is None:
        return None
    role = cast("Role", match["one"] or match["role"])
    return OurId(match["call_id"], role, int(match["attempt"] or 1))


def _attempt_id(call_id: str, role: AttemptRole, attempt: int) -> str:
    if not 1 <= attempt <= ATTEMPTS_MAX:
        raise ValueError(f"attempts count from 1 to {ATTEMPTS_MAX}, not {attempt}")
    return f"{call_id}-{role}" if attempt == 1 else f"{call_id}-{role}-{attempt}"
