"""The native bot protocol, version 1, as models. The page for bot authors is `docs/bot-protocol.md`.

One WebSocket per call. Binary frames are audio in the format that `start` names, in chunks of any size;
text frames are one JSON object each, told apart by `type`. `docs/bot-protocol.schema.json` is generated
from this file (`python -m controller.bot.schema`), so the models are the single source.
"""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from controller.errors import ProtocolError

SUBPROTOCOL: Final = "ari-controller.v1"
"""Asked for in the handshake (RFC 6455, section 1.9); a bot that does not echo it is refused."""

TEXT_MESSAGE_BYTES_MAX: Final = 65_536
"""Longest JSON message from a bot: room for a long transcript, not for a flood."""

Id = Annotated[str, Field(min_length=1, max_length=128)]
Encoding = Literal["mulaw", "alaw"]


class _ToBot(BaseModel):
    """Sent by us: built by our own code, so an unknown field is our bug."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class _FromBot(BaseModel):
    """Sent by the bot: fields that we do not know are ignored, so that bots may be newer than we are."""

    model_config = ConfigDict(extra="ignore", frozen=True)


# --- to the bot ---------------------------------------------------------------------------------------------


class AudioFormat(_ToBot):
    """The audio of both directions. G.711 (ITU-T): one byte is one sample, 8 bytes are 1 ms."""

    encoding: Encoding = "mulaw"
    sample_rate: Literal[8000] = 8000
    channels: Literal[1] = 1


class Party(_ToBot):
    """One end of the call. `number` is as the carrier sent it; None when it is withheld."""

    number: str | None = None
    name: str | None = None


class Start(_ToBot):
    """The first message: a call is ringing. Answer with `accept` or `reject`; the caller hears ringing until then."""

    type: Literal["start"] = "start"
    protocol: Literal["ari-controller.v1"] = SUBPROTOCOL
    call_id: Id
    direction: Literal["inbound"] = "inbound"
    caller: Party = Field(alias="from")
    callee: Party = Field(alias="to")
    route: str
    audio: AudioFormat = AudioFormat()
    metadata: dict[str, Any] = {}


class Answered(_ToBot):
    """The call is up. Audio sent since `accept` is played from here on."""

    type: Literal["answered"] = "answered"


class Dtmf(_ToBot):
    """The caller pressed a key. `duration_ms` is how long, as Asterisk measured it."""

    type: Literal["dtmf"] = "dtmf"
    digit: Annotated[str, Field(pattern=r"^[0-9A-D*#]$")]
    duration_ms: Annotated[int, Field(ge=0)] = 0


class MarkReached(_ToBot):
    """The audio that the bot sent before `mark` has been sent to the caller."""

    type: Literal["mark_reached"] = "mark_reached"
    name: Id


class Cleared(_ToBot):
    """`clear` was carried out. `marks` were dropped with the audio and will not be reached."""

    type: Literal["cleared"] = "cleared"
    discarded_ms: Annotated[int, Field(ge=0)]
    marks: list[Id] = []


class Ack(_ToBot):
    """The transcript, result or log with this `id` is stored."""

    type: Literal["ack"] = "ack"
    id: Id


TransferState = Literal["dialling", "ringing", "connected", "busy", "no_answer", "declined", "unreachable", "failed"]


class TransferProgress(_ToBot):
    """How the transfer goes. After `connected` comes `end`; after any failure the bot has the caller back."""

    type: Literal["transfer_progress"] = "transfer_progress"
    state: TransferState
    detail: str = ""


ErrorCode = Literal["malformed", "too_large", "not_now", "overrun"]


class Error(_ToBot):
    """The bot's message was not carried out. `field` is the dotted path of what is wrong in it."""

    type: Literal["error"] = "error"
    code: ErrorCode
    message: str
    field: str | None = None


class End(_ToBot):
    """The last message: the bot's part of the call is over. `reason` is how the bot's part ended."""

    type: Literal["end"] = "end"
    reason: str


ToBot = Annotated[
    Start | Answered | Dtmf | MarkReached | Cleared | Ack | TransferProgress | Error | End,
    Field(discriminator="type"),
]


# --- from the bot -------------------------------------------------------------------------------------------


class Accept(_FromBot):
    """Takes the call: it is answered now."""

    type: Literal["accept"]


class Reject(_FromBot):
    """Refuses the call before it is answered; the next rung of the route's ladder takes it."""

    type: Literal["reject"]
    reason: Literal["busy", "unavailable"] = "unavailable"
    message: Annotated[str, Field(max_length=500)] = ""


class Clear(_FromBot):
    """Forget all audio that is not yet played: the caller hears silence within one frame."""

    type: Literal["clear"]


class Mark(_FromBot):
    """Tell me when everything that I sent so far has been played."""

    type: Literal["mark"]
    name: Id


class Transcript(_FromBot):
    """What was said. A partial one (`final` false) is shown live; only final ones are stored."""

    type: Literal["transcript"]
    id: Id | None = None
    role: Literal["caller", "bot", "human"]
    text: Annotated[str, Field(max_length=20_000)]
    final: bool = True


class Result(_FromBot):
    """What came of the call, such as `{"name": "Appointment confirmed", "data": {…}}`. The same id is stored once."""

    type: Literal["result"]
    id: Id | None = None
    name: Annotated[str, Field(min_length=1, max_length=200)]
    data: dict[str, Any] = {}


class Log(_FromBot):
    """A line for the operator, kept with the call."""

    type: Literal["log"]
    id: Id | None = None
    level: Literal["debug", "info", "warning", "error"] = "info"
    message: Annotated[str, Field(max_length=20_000)]
    data: dict[str, Any] = {}


class Transfer(_FromBot):
    """Give the caller to the human of this route. The bot stays on until the human has answered."""

    type: Literal["transfer"]
    to: Literal["human"] = "human"
    summary: Annotated[str, Field(max_length=20_000)] = ""


class Hangup(_FromBot):
    """End the call, once all audio sent before has been played."""

    type: Literal["hangup"]
    reason: Annotated[str, Field(max_length=200)] = ""


FromBot = Annotated[
    Accept | Reject | Clear | Mark | Transcript | Result | Log | Transfer | Hangup,
    Field(discriminator="type"),
]

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
    first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] == "union_tag_invalid":
        return UnknownType(f"unknown type {first['ctx']['tag']!r}", "type")
    if first["type"] == "union_tag_not_found":
        return ProtocolError("the message has no type", "type")
    # The first element of the path is the union's tag, which is no field of the message.
    path = ".".join(str(part) for part in first["loc"][1:])
    return ProtocolError(first["msg"], path or None)
