"""What a bot is told."""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, model_validator

from controller.bot.messages.base import Data, Id, Milliseconds, ToBotMessage, Token

SUBPROTOCOL: Final = "ari-controller.v1"
"""Asked for in the handshake (RFC 6455, section 1.9); a bot that does not echo it is refused."""


class AudioFormat(ToBotMessage):
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


class Party(ToBotMessage):
    """One end of the call."""

    number: str | None = None
    """As the carrier sent it; left out when it is withheld."""
    name: str | None = None
    """The display name, if the carrier sent one. Anyone can write anything there."""


class PreviousCall(ToBotMessage):
    """What is kept of an earlier call of the same caller."""

    call_id: Id
    started_at: str
    """RFC 3339, in UTC."""
    ending: str
    """How it ended, in the words of the call records."""
    summary: str | None = None
    """What a bot left for the human, or for the next bot."""
    results: list[Data] | None = None
    """Name and data of its results."""


class StirShaken(ToBotMessage):
    """What the carrier says of the caller's number. What it does not say is left out."""

    verdict: Literal["passed", "failed", "none"] | None = None
    """Of the signature; none: there was nothing to verify."""
    attestation: Literal["A", "B", "C"] | None = None
    """A: the caller may use this number. B: the carrier knows the caller. C: neither."""


class ResumePoint(ToBotMessage):
    """You had this call, and the connection broke. Go on where you were: nothing is to be lost or said twice.

    What is not known, because something of ours broke too, is left out.
    """

    token: Token
    """The `resume_token` of your `accept`."""
    played_ms: Milliseconds | None = None
    """How much of your audio the caller has heard in this call so far, in milliseconds."""
    audio_bytes_received: Annotated[int, Field(ge=0)] | None = None
    """How much audio we have got from you in this call. It is kept and played: send only what comes behind it."""
    messages_received: Annotated[int, Field(ge=0)] | None = None
    """How many messages we have got from you in this call, without `accept`. Send those behind them again."""


class Start(ToBotMessage):
    """The first message: a call is ringing. Answer with `accept` or `reject`; the caller hears ringing until then."""

    type: Literal["start"] = "start"
    protocol: Literal["ari-controller.v1"] = SUBPROTOCOL
    call_id: Id
    """Unique for all time, and the one in the call records."""
    direction: Literal["inbound", "outbound"] = "inbound"
    """outbound: we call, and `to` is who you will talk to, once somebody has picked up."""
    caller: Party = Field(alias="from", description="Who calls.")
    callee: Party = Field(alias="to", description="What was dialled.")
    route: str
    """The name of the route that chose this bot."""
    audio: AudioFormat = AudioFormat()
    audio_choices: list[AudioFormat] | None = None
    """What else the audio may be: name one of them in `accept`, or leave it at `audio`."""
    resumed: bool = False
    """True: you had this call and lost the connection through us, in mid-sentence. Go on where you were."""
    resume: ResumePoint | None = None
    """Where to go on, if your `accept` had a `resume_token`. Without it the call is a new one to you."""
    forwarded_from: Party | None = None
    """Who passed the call on, before it came here (Diversion or History-Info)."""
    trunk: str | None = None
    """The line on which it came: the name of the operator's trunk."""
    language: str | None = None
    """What the operator expects the caller to speak (BCP 47), such as `de-DE`."""
    sip_headers: dict[str, str] | None = None
    """Those headers of the caller's INVITE that the operator passes on."""
    stir_shaken: StirShaken | None = None
    """Whether the caller's number is the caller's, as far as the carrier says so."""
    previous: list[PreviousCall] | None = None
    """Earlier calls from this number, the latest first."""
    parameters: dict[str, str] | None = None
    """What the operator has set for this bot on this route."""
    metadata: dict[str, Any] = {}
    """What the operator's set-up knows about the call beyond this."""


class Answered(ToBotMessage):
    """The call is up. Audio sent since `accept` is played from here on."""

    type: Literal["answered"] = "answered"


class Dtmf(ToBotMessage):
    """The caller pressed a key."""

    type: Literal["dtmf"] = "dtmf"
    digit: Annotated[str, Field(pattern=r"^[0-9A-D*#]$")]
    duration_ms: Milliseconds = 0
    """How long the key was held, as Asterisk measured it."""


class SpeechStarted(ToBotMessage):
    """The caller began to speak. Sent where the operator has switched voice activity on for this bot."""

    type: Literal["speech_started"] = "speech_started"
    at_ms: Milliseconds
    """Where in the caller's audio, in milliseconds since `answered`."""
    paused: bool = False
    """True: your audio was paused at once. `clear` it or `resume` it; otherwise it goes on when the caller stops."""


class SpeechStopped(ToBotMessage):
    """The caller stopped speaking: silence for half a second."""

    type: Literal["speech_stopped"] = "speech_stopped"
    at_ms: Milliseconds
    """Where in the caller's audio the silence began, in milliseconds since `answered`."""


class MarkReached(ToBotMessage):
    """The audio that the bot sent before this `mark` has been sent to the caller."""

    type: Literal["mark_reached"] = "mark_reached"
    name: Id


class Cleared(ToBotMessage):
    """`clear` was carried out."""

    type: Literal["cleared"] = "cleared"
    discarded_ms: Milliseconds
    """How much audio was thrown away, in milliseconds of playing time."""
    played_ms: Milliseconds = 0
    """How much of your audio the caller has heard in this call so far, in milliseconds: where you were stopped."""
    marks: list[Id] = []
    """Marks dropped with the audio, in the order they were set: they will not be reached."""


class Ack(ToBotMessage):
    """The final transcript, result or log with this `id` is stored."""

    type: Literal["ack"] = "ack"
    id: Id


class PlayFinished(ToBotMessage):
    """A file that you asked for with `play` is over."""

    type: Literal["play_finished"] = "play_finished"
    id: Id
    outcome: Literal["played", "cleared", "failed"]
    detail: str = ""
    """Why it failed."""


class RecordingState(ToBotMessage):
    """What became of `recording`, or of the operator's own."""

    type: Literal["recording_state"] = "recording_state"
    state: Literal["recording", "paused", "stopped", "failed"]
    detail: str = ""
    """Why it failed."""


class MetadataUpdated(ToBotMessage):
    """Somebody else has learned something about the call: another system of the operator's."""

    type: Literal["metadata_update"] = "metadata_update"
    data: Data


class Statistics(ToBotMessage):
    """The answer to `get_statistics`: the counters of the call so far, by name."""

    type: Literal["statistics"] = "statistics"
    counters: dict[str, int | float]


class Pong(ToBotMessage):
    """The answer to `ping`."""

    type: Literal["pong"] = "pong"
    id: Id | None = None


TransferState = Literal[
    "dialling",
    "ringing",
    "consulting",
    "connected",
    "busy",
    "no_answer",
    "declined",
    "unreachable",
    "refused",
    "cancelled",
    "failed",
]


class TransferProgress(ToBotMessage):
    """How the transfer goes. After `connected` comes `end`; after any failure the bot has the caller back."""

    type: Literal["transfer_progress"] = "transfer_progress"
    state: TransferState
    detail: str = ""
    """For the log: what the telephone network said."""


ErrorCode = Literal["malformed", "too_large", "not_now", "not_possible", "overrun"]


class Error(ToBotMessage):
    """A message or audio of the bot's was not carried out. The call goes on."""

    type: Literal["error"] = "error"
    code: ErrorCode
    message: str
    """One sentence for the bot's author."""
    field: str | None = None
    """Dotted path of what is wrong in the bot's message, where one field is to blame."""
    about: str | None = None
    """The `type` of the message that was not carried out, where it is known."""


EndReason = Literal[
    "caller_hung_up",
    "bot_hung_up",
    "transferred",
    "human_hung_up",
    "failed",
    "shutdown",
    "not_answered",
]


class End(ToBotMessage):
    """The last message: the bot's part of the call is over, and the WebSocket closes after it."""

    type: Literal["end"] = "end"
    reason: EndReason
    counters: dict[str, int | float] | None = None
    """The statistics of your part of the call, by name: what was heard, lost and thrown away."""


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
    | PlayFinished
    | RecordingState
    | MetadataUpdated
    | Statistics
    | Pong
    | Error
    | End,
    Field(discriminator="type"),
]
