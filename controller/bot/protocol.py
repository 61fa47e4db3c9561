"""The native bot protocol, version 1, as models. The page for bot authors is `docs/bot-protocol.md`.

One WebSocket per call. Binary frames are audio in the format that `start` names, in chunks of any size;
text frames are one JSON object each, told apart by `type`. `docs/bot-protocol.schema.json` is generated
from the models (`python -m controller.bot.schema`), so they are the single source.
"""

from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from controller.bot.messages.base import Data, Encoding, Id
from controller.bot.messages.from_bot import (
    Accept,
    ChosenAudio,
    Clear,
    FinalResult,
    FromBot,
    GetStatistics,
    Hangup,
    Hold,
    Log,
    Mark,
    MetadataUpdate,
    Pause,
    Ping,
    Play,
    Recording,
    Reject,
    Result,
    Resume,
    SendDtmf,
    Transcript,
    Transfer,
    TransferCancel,
    TransferComplete,
    Unhold,
)
from controller.bot.messages.to_bot import (
    SUBPROTOCOL,
    Ack,
    Answered,
    AudioFormat,
    Cleared,
    Dtmf,
    End,
    EndReason,
    Error,
    ErrorCode,
    MarkReached,
    MetadataUpdated,
    Party,
    PlayFinished,
    Pong,
    PreviousCall,
    RecordingState,
    ResumePoint,
    SpeechStarted,
    SpeechStopped,
    Start,
    Statistics,
    StirShaken,
    ToBot,
    TransferProgress,
    TransferState,
)
from controller.errors import ProtocolError

__all__ = [
    "SUBPROTOCOL",
    "TEXT_MESSAGE_BYTES_MAX",
    "Accept",
    "Ack",
    "Answered",
    "AudioFormat",
    "ChosenAudio",
    "Clear",
    "Cleared",
    "Data",
    "Dtmf",
    "Encoding",
    "End",
    "EndReason",
    "Error",
    "ErrorCode",
    "FinalResult",
    "FromBot",
    "GetStatistics",
    "Hangup",
    "Hold",
    "Id",
    "Log",
    "Mark",
    "MarkReached",
    "MetadataUpdate",
    "MetadataUpdated",
    "Party",
    "Pause",
    "Ping",
    "Play",
    "PlayFinished",
    "Pong",
    "PreviousCall",
    "Recording",
    "RecordingState",
    "Reject",
    "Result",
    "Resume",
    "ResumePoint",
    "SendDtmf",
    "SpeechStarted",
    "SpeechStopped",
    "Start",
    "Statistics",
    "StirShaken",
    "ToBot",
    "Transcript",
    "Transfer",
    "TransferCancel",
    "TransferComplete",
    "TransferProgress",
    "TransferState",
    "Unhold",
    "UnknownType",
    "from_bot",
    "parse_from_bot",
    "parse_to_bot",
    "serialize",
]

TEXT_MESSAGE_BYTES_MAX: Final = 65_536
"""Longest JSON message from a bot: room for a long transcript, not for a flood."""

_TYPE_SHOWN_CHARACTERS_MAX: Final = 50
"""How much of an unknown `type` is repeated in the error about it."""

_FROM_BOT: Final[TypeAdapter[FromBot]] = TypeAdapter(FromBot)
_TO_BOT: Final[TypeAdapter[ToBot]] = TypeAdapter(ToBot)


class UnknownType(ProtocolError):
    """A message of a type that we do not know: ignored and counted, so that bots may be newer than we are."""


def parse_from_bot(text: str | bytes) -> FromBot:
    """Read one text frame from a bot. Raises UnknownType, or ProtocolError naming the field at fault."""
    try:
        return _FROM_BOT.validate_json(text)
    except ValidationError as error:
        raise _explain(error) from error


def from_bot(message: dict[str, Any]) -> FromBot:
    """Read a message that has been decoded already. Raises as `parse_from_bot` does."""
    try:
        return _FROM_BOT.validate_python(message)
    except ValidationError as error:
        raise _explain(error) from error


def parse_to_bot(text: str | bytes) -> ToBot:
    """Read one text frame as a bot would. Raises ProtocolError."""
    try:
        return _TO_BOT.validate_json(text)
    except ValidationError as error:
        raise _explain(error) from error


def serialize(message: ToBot | FromBot) -> str:
    """Write a message as one text frame; fields that are None are left out."""
    return message.model_dump_json(by_alias=True, exclude_none=True)


def _explain(error: ValidationError) -> ProtocolError:
    first = error.errors(include_url=False)[0]
    if first["type"] == "union_tag_not_found":
        return ProtocolError("the message has no type", "type")
    if first["type"] == "union_tag_invalid":
        if not isinstance(first["input"]["type"], str):
            return ProtocolError("the type must be a string", "type")
        return UnknownType(f"unknown type {first['ctx']['tag'][:_TYPE_SHOWN_CHARACTERS_MAX]!r}", "type")
    # The first element of the path is the union's tag, which is no field of the message.
    path = ".".join(str(part) for part in first["loc"][1:])
    return ProtocolError(first["msg"].removeprefix("Value error, "), path or None)
