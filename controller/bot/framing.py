"""The frames of `ari-controller.v1.mux`: many calls on one WebSocket. The page is `docs/bot-protocol.md`.

A binary message is any number of records, each a header and the audio of one call behind it; a text message is
one of the protocol's with the field `call`.
"""

import struct
from collections.abc import Iterator
from typing import Annotated, Final

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from controller.errors import ProtocolError

SUBPROTOCOL_MUX: Final = "ari-controller.v1.mux"
"""Asked for in the handshake instead of `ari-controller.v1`."""

RECORD_HEADER: Final = struct.Struct(">IH")
"""Number of the call, length of the audio behind it; big-endian (RFC 1700's network byte order)."""

CALL_MAX: Final = (1 << 32) - 1
"""Calls are numbered from 1 for as long as the socket lives, and the header has 32 bits for it."""

RECORD_AUDIO_BYTES_MAX: Final = (1 << 16) - 1
"""What the header has bits for: 8 s of G.711. Longer audio is several records."""

RECORDS_MAX: Final = 8_192
"""In one message: four for each call that a worker can have. What is beyond would keep other bots' calls waiting."""

CallNumber = Annotated[int, Field(strict=True, ge=1, le=CALL_MAX)]


class TornRecord(ProtocolError):
    """A message that is not made of whole records. `call` is the one at fault, 0 where that is not known."""

    def __init__(self, message: str, call: int = 0) -> None:
        self.call = call
        super().__init__(message)


class OfCall(BaseModel):
    """What every text message has on a socket that carries many calls."""

    model_config = ConfigDict(extra="ignore", frozen=True, use_attribute_docstrings=True)

    call: CallNumber
    """Which call: the number that `start` came with, never used again on the same socket."""


def append(message: bytearray, call: int, audio: bytes | bytearray | memoryview) -> None:
    """Add the audio of one call to a binary message."""
    size = len(audio)
    if size <= RECORD_AUDIO_BYTES_MAX:
        message += RECORD_HEADER.pack(call, size)
        message += audio
        return
    for start in range(0, size, RECORD_AUDIO_BYTES_MAX):
        append(message, call, memoryview(audio)[start : start + RECORD_AUDIO_BYTES_MAX])


def as_records(calls: npt.NDArray[np.uint32], frames: npt.NDArray[np.uint8]) -> bytes:
    """One record for each of these calls, with its row of `frames`: what `append` makes, for all of them at once."""
    size = frames.shape[1]
    made = np.empty(len(calls), np.dtype([("call", ">u4"), ("size", ">u2"), ("audio", "u1", (size,))]))
    made["call"] = calls
    made["size"] = size
    made["audio"] = frames
    return made.tobytes()


def records(message: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Number and audio of each record. Raises TornRecord where one is not whole; those before it are good."""
    start, end, left = 0, len(message), RECORDS_MAX
    header_bytes, header = RECORD_HEADER.size, RECORD_HEADER.unpack_from
    while start < end:
        audio = start + header_bytes
        if audio > end:
            raise TornRecord(f"{end - start} bytes are left over, and a record's header has {RECORD_HEADER.size}")
        call, size = header(message, start)
        start = audio + size
        if start > end:
            raise TornRecord(f"the record says {size} bytes of audio, and {end - audio} are there", call)
        if not left:
            raise TornRecord(f"a message may have {RECORDS_MAX} records", call)
        left -= 1
        yield call, message[audio:start]


def tag(call: int, text: str) -> str:
    """The text of a message, as `serialize` writes it, with the field `call`."""
    return f'{{"call":{call},{text[1:]}'


def call_of(text: bytes) -> int:
    """The field `call` of a text message. Raises ProtocolError."""
    try:
        return OfCall.model_validate_json(text).call
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ProtocolError(first["msg"], ".".join(map(str, first["loc"])) or None) from error
