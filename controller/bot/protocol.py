"""The native bot protocol, version 1, as models. The page for bot authors is `docs/bot-protocol.md`.

One WebSocket per call. Binary frames are audio in the format that `start` names, in chunks of any size;
text frames are one JSON object each, told apart by `type`. `docs/bot-protocol.schema.json` is generated
from this file (`python -m controller.bot.schema`), so the models are the single source.
"""

import math
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from controller.errors import ProtocolError

SUBPROTOCOL: Final = "ari-controller.v1"
"""Asked for in the handshake (RFC 6455, section 1.9); a bot that does not echo it is refused."""

TEXT_MESSAGE_BYTES_MAX: Final = 65_536
"""Longest JSON message from a bot: room for a long transcript, not for a flood."""

_TYPE_SHOWN_CHARACTERS_MAX: Final = 50
"""How much of an unknown `type` is repeated in the error about it."""


def _finite(data: dict[str, Any]) -> dict[str, Any]:
    """Refuse NaN and infinities: JSON has neither, and Python's reader lets them (and 1e999) through."""
    waiting: list[Any] = [data]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, float) and not math.isfinite(value):
            raise ValueError("numbers must be finite")
    return data


Id = Annotated[str, Field(min_length=1, max_length=128)]
Data = Annotated[dict[str, Any], AfterValidator(_finite)]
Encoding = Literal["mulaw", "alaw"]


class _ToBot(BaseModel):
    """Sent by us: built by our own code, so an unknown field is our bug."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, use_attribute_docstrings=True)


class _FromBot(BaseModel):
    """Sent by the bot. Fields that we do not know are ignored, so that bots may be newer than we are.

    The known ones are strict: a bot that writes `"final": "no"` is told so, and we do not guess.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True, use_attribute_docstrings=True)


# --- to the bot ---------------------------------------------------------------------------------------------


class AudioFormat(_ToBot):
    """The audio of both directions: G.711 (ITU-T) as it is on the telephone, or linear PCM."""

    encoding: Literal["mulaw", "alaw", "pcm16"] = "mulaw"
    """G.711 µ-law or A-law (one byte is one sample), or signed 16-bit little-endian samples."""
    sample_rate: Literal[8000, 16000, 24000] = 8000
    """Samples per second; 8000 for G.711."""
    channels: Literal[1] = 1

    @model_validator(mode="after")
    def _g711_is_8_khz(self) -> Self:
        if self.encoding != "pcm16" and self.sample_rate != 8000:
            raise ValueError(f"{self.encoding} has 8000 samples per second")
        return self


class Party(_ToBot):
    """One end of the call."""

    number: str | None = None
    """As the carrier sent it; left out when it is withheld."""
    name: str | None = None
    """The display name, if the carrier sent one. Anyone can write anything there."""


class Start(_ToBot):
    """The first message: a call is ringing. Answer with `accept` or `reject`; the caller hears ringing until then."""

    type: Literal["start"] = "start"
    protocol: Literal["ari-controller.v1"] = SUBPROTOCOL
    call_id: Id
    """Unique for all time, and the one in the call records."""
    direction: Literal["inbound"] = "inbound"
    caller: Party = Field(alias="from", description="Who calls.")
    callee: Party = Field(alias="to", description="What was dialled.")
    route: str
    """The name of the route that chose this bot."""
    audio: AudioFormat = AudioFormat()
    resumed: bool = False
    """True: you had this call and lost the connection through us, in mid-sentence. Go on where you were."""
    metadata: dict[str, Any] = {}
    """What the operator's set-up knows about the call beyond this."""


class Answered(_ToBot):
    """The call is up. Audio sent since `accept` is played from here on."""

    type: Literal["answered"] = "answered"


class Dtmf(_ToBot):
    """The caller pressed a key."""

    type: Literal["dtmf"] = "dtmf"
    digit: Annotated[str, Field(pattern=r"^[0-9A-D*#]$")]
    duration_ms: Annotated[int, Field(ge=0)] = 0
    """How long the key was held, as Asterisk measured it."""


class SpeechStarted(_ToBot):
    """The caller began to speak. Sent where the operator has switched voice activity on for this bot."""

    type: Literal["speech_started"] = "speech_started"
    at_ms: Annotated[int, Field(ge=0)]
    """Where in the caller's audio, in milliseconds since `answered`."""
    paused: bool = False
    """True: your audio was paused at once. `clear` it or `resume` it; otherwise it goes on when the caller stops."""


class SpeechStopped(_ToBot):
    """The caller stopped speaking: silence for half a second."""

    type: Literal["speech_stopped"] = "speech_stopped"
    at_ms: Annotated[int, Field(ge=0)]
    """Where in the caller's audio the silence began, in milliseconds since `answered`."""


class MarkReached(_ToBot):
    """The audio that the bot sent before this `mark` has been sent to the caller."""

    type: Literal["mark_reached"] = "mark_reached"
    name: Id


class Cleared(_ToBot):
    """`clear` was carried out."""

    type: Literal["cleared"] = "cleared"
    discarded_ms: Annotated[int, Field(ge=0)]
    """How much audio was thrown away, in milliseconds of playing time."""
    played_ms: Annotated[int, Field(ge=0)] = 0
    """How much of your audio the caller has heard in this call so far, in milliseconds: where you were stopped."""
    marks: list[Id] = []
    """Marks dropped with the audio, in the order they were set: they will not be reached."""


class Ack(_ToBot):
    """The final transcript, result or log with this `id` is stored."""

    type: Literal["ack"] = "ack"
    id: Id


TransferState = Literal["dialling", "ringing", "connected", "busy", "no_answer", "declined", "unreachable", "failed"]


class TransferProgress(_ToBot):
    """How the transfer goes. After `connected` comes `end`; after any failure the bot has the caller back."""

    type: Literal["transfer_progress"] = "transfer_progress"
    state: TransferState
    detail: str = ""
    """For the log: what the telephone network said."""


ErrorCode = Literal["malformed", "too_large", "not_now", "overrun"]


class Error(_ToBot):
    """A message or audio of the bot's was not carried out. The call goes on."""

    type: Literal["error"] = "error"
    code: ErrorCode
    message: str
    """One sentence for the bot's author."""
    field: str | None = None
    """Dotted path of what is wrong in the bot's message, where one field is to blame."""


EndReason = Literal[
    "caller_hung_up",
    "bot_hung_up",
    "transferred",
    "human_hung_up",
    "failed",
    "shutdown",
    "not_answered",
]


class End(_ToBot):
    """The last message: the bot's part of the call is over, and the WebSocket closes after it."""

    type: Literal["end"] = "end"
    reason: EndReason


ToBot = Annotated[
    Start
    | Answered
    | Dtmf
    | SpeechStarted
    | SpeechStopped
    | MarkReached
    | Cleared
    | Ack
    | TransferProgress
    | Error
    | End,
    Field(discriminator="type"),
]


# --- from the bot -------------------------------------------------------------------------------------------


class Accept(_FromBot):
    """Take the call: it is answered now."""

    type: Literal["accept"]


class Reject(_FromBot):
    """Refuse the call before it is answered; the next rung of the route's ladder takes it."""

    type: Literal["reject"]
    reason: Literal["busy", "unavailable"] = "unavailable"
    message: Annotated[str, Field(max_length=500)] = ""
    """For the operator's log."""


class Clear(_FromBot):
    """Forget all audio that is not yet played: the caller hears silence within one frame (20 ms)."""

    type: Literal["clear"]


class Pause(_FromBot):
    """Stop playing, but forget nothing: an interruption that may turn out to be a cough."""

    type: Literal["pause"]


class Resume(_FromBot):
    """Go on where `pause` stopped."""

    type: Literal["resume"]


class Mark(_FromBot):
    """Tell me when everything that I have sent so far has been played."""

    type: Literal["mark"]
    name: Id


class Transcript(_FromBot):
    """What was said."""

    type: Literal["transcript"]
    id: Id | None = None
    """Unique in the call among transcripts. With it, the stored transcript is acknowledged, and kept once."""
    role: Literal["caller", "bot", "human"]
    text: Annotated[str, Field(max_length=20_000)]
    final: bool = True
    """False: still being recognised, shown live and not stored."""


class Result(_FromBot):
    """What came of the call, such as `{"name": "Appointment confirmed", "data": {…}}`."""

    type: Literal["result"]
    id: Id | None = None
    """Unique in the call among results. With it, the stored result is acknowledged, and kept once."""
    name: Annotated[str, Field(min_length=1, max_length=200)]
    data: Data = {}


class Log(_FromBot):
    """A line for the operator, kept with the call."""

    type: Literal["log"]
    id: Id | None = None
    """Unique in the call among logs. With it, the stored line is acknowledged, and kept once."""
    level: Literal["debug", "info", "warning", "error"] = "info"
    message: Annotated[str, Field(max_length=20_000)]
    data: Data = {}


class Transfer(_FromBot):
    """Give the caller to the human of this route. The bot stays on until the human has answered."""

    type: Literal["transfer"]
    to: Literal["human"] = "human"
    summary: Annotated[str, Field(max_length=20_000)] = ""
    """What the human should know; kept with the call."""


class Hangup(_FromBot):
    """End the call, once all audio sent before has been played."""

    type: Literal["hangup"]
    reason: Annotated[str, Field(max_length=200)] = ""
    """For the call record."""


FromBot = Annotated[
    Accept | Reject | Clear | Pause | Resume | Mark | Transcript | Result | Log | Transfer | Hangup,
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
