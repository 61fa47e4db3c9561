"""Who is told of what comes of calls: the targets that routes may name, and the words of their filters."""

import binascii
from base64 import b64decode
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

DEFAULT_TARGET: Final = "default"
"""Name of the one that WEBHOOK_URL makes."""

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - what a secret begins with
SECRET_BYTES_MIN: Final = 16
"""A shorter key can be guessed from one signed request."""


class EventType(StrEnum):
    """What an event is about. A webhook's filter and the live stream's have these words."""

    CALL_STARTED = "call.started"
    CALL_STEP = "call.step"
    TRANSCRIPT = "transcript"
    RESULT = "result"
    LOG = "log"
    DTMF = "dtmf"
    TRANSFER = "transfer"
    VOICEMAIL = "voicemail"
    CALLBACK = "callback"
    HANDOFF = "handoff"
    METADATA = "metadata"
    RECORDING = "recording"
    CALL_ENDED = "call.ended"


EVENTS_BY_DEFAULT: Final = frozenset(EventType) - {EventType.CALL_STEP, EventType.LOG}
"""What a target gets that names no types: what came of calls, and not how the controller or the bot went about it."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where events go. `name` is what the outbox remembers: a URL may change while messages wait for it."""

    name: str
    url: str
    secret: str = field(repr=False)
    events: frozenset[EventType] = EVENTS_BY_DEFAULT


def key_of(secret: str) -> bytes:
    """The key in a secret: base64 after `whsec_`, otherwise its letters. Raises ValueError."""
    if secret.startswith(SECRET_PREFIX):
        try:
            key = b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
        except binascii.Error as error:
            raise ValueError(f"what follows {SECRET_PREFIX} is not base64") from error
    else:
        key = secret.encode()
    if len(key) < SECRET_BYTES_MIN:
        raise ValueError(f"it has {len(key)} bytes, and {SECRET_BYTES_MIN} are the least")
    return key
