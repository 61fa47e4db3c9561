"""What a bot says."""

from typing import Annotated, Literal

from pydantic import Field

from controller.bot.messages.base import Data, FromBotMessage, Id, Milliseconds, Token


class ChosenAudio(FromBotMessage):
    """One of the formats that `start` has offered."""

    encoding: Literal["mulaw", "alaw", "pcm16"]
    sample_rate: Literal[8000, 16000, 24000] = 8000


class Accept(FromBotMessage):
    """Take the call: it is answered now."""

    type: Literal["accept"]
    audio: ChosenAudio | None = None
    """What the audio is to be, both ways: `audio` of `start`, or one of its `audio_choices`."""
    resume_token: Token | None = None
    """You can go on with this call on a new connection: `start.resume` will have this token."""
    messages_received: Annotated[int, Field(ge=0)] | None = None
    """When you go on: how many of our messages you have got in this call, without `start`. The rest comes again."""


class Reject(FromBotMessage):
    """Refuse the call before it is answered; the next rung of the route's ladder takes it."""

    type: Literal["reject"]
    reason: Literal["busy", "unavailable"] = "unavailable"
    message: Annotated[str, Field(max_length=500)] = ""
    """For the operator's log."""
    retry_after_seconds: Annotated[int, Field(ge=0, le=3_600)] | None = None
    """No more calls for so long."""


class Clear(FromBotMessage):
    """Forget all audio that is not yet played: the caller hears silence within one frame (20 ms)."""

    type: Literal["clear"]


class Pause(FromBotMessage):
    """Stop playing, but forget nothing: an interruption that may turn out to be a cough."""

    type: Literal["pause"]


class Resume(FromBotMessage):
    """Go on where `pause` stopped."""

    type: Literal["resume"]


class Mark(FromBotMessage):
    """Tell me when everything that I have sent so far has been played."""

    type: Literal["mark"]
    name: Id


class Transcript(FromBotMessage):
    """What was said."""

    type: Literal["transcript"]
    id: Id | None = None
    """Unique in the call among transcripts. With it, the stored transcript is acknowledged, and kept once."""
    role: Literal["caller", "bot", "human"]
    text: Annotated[str, Field(max_length=20_000)]
    final: bool = True
    """False: still being recognised, shown live and not stored."""
    start_ms: Milliseconds | None = None
    """Where in the caller's audio it began, in milliseconds since `answered`."""
    end_ms: Milliseconds | None = None
    """Where it ended."""


class Result(FromBotMessage):
    """What came of the call, such as `{"name": "Appointment confirmed", "data": {…}}`."""

    type: Literal["result"]
    id: Id | None = None
    """Unique in the call among results. With it, the stored result is acknowledged, and kept once."""
    name: Annotated[str, Field(min_length=1, max_length=200)]
    data: Data = {}


class Log(FromBotMessage):
    """A line for the operator, kept with the call."""

    type: Literal["log"]
    id: Id | None = None
    """Unique in the call among logs. With it, the stored line is acknowledged, and kept once."""
    level: Literal["debug", "info", "warning", "error"] = "info"
    message: Annotated[str, Field(max_length=20_000)]
    data: Data = {}


class MetadataUpdate(FromBotMessage):
    """What you have learned about the call, for the record and for whoever takes it next. Later values win."""

    type: Literal["metadata_update"]
    data: Data


class SendDtmf(FromBotMessage):
    """Press keys, as the caller's phone would hear them, once all audio sent before has been played."""

    type: Literal["send_dtmf"]
    digits: Annotated[str, Field(pattern=r"^[0-9A-D*#]{1,64}$")]
    duration_ms: Annotated[int, Field(ge=40, le=5_000)] = 100
    """Of each key."""
    gap_ms: Annotated[int, Field(ge=40, le=5_000)] = 100
    """Between two keys."""


class Play(FromBotMessage):
    """Play a file: it stands in the line where audio sent now would stand."""

    type: Literal["play"]
    url: Annotated[str, Field(min_length=1, max_length=2_000)]
    """http or https: a WAV file, mono, of G.711 or 16-bit PCM."""
    id: Id | None = None
    """With it, `play_finished` tells how it went."""


class Hold(FromBotMessage):
    """Let the caller hear music, once all audio sent before has been played. You do not hear the caller meanwhile."""

    type: Literal["hold"]


class Unhold(FromBotMessage):
    """Take the caller back."""

    type: Literal["unhold"]


class Recording(FromBotMessage):
    """Record the call, or stop it where something is said that must not be kept."""

    type: Literal["recording"]
    action: Literal["start", "pause", "resume", "stop"]


class GetStatistics(FromBotMessage):
    """Tell me the counters of this call."""

    type: Literal["get_statistics"]


class Ping(FromBotMessage):
    """Are you there? For bots that do not see the WebSocket's own pings."""

    type: Literal["ping"]
    id: Id | None = None
    """Comes back in `pong`."""


HeaderName = Annotated[str, Field(pattern=r"^X-[A-Za-z0-9-]{1,60}$")]
HeaderValue = Annotated[str, Field(pattern=r"^[ -~]*$", max_length=256)]


class Transfer(FromBotMessage):
    """Give the caller to somebody else, once all audio sent before has been played.

    You stay on until it has worked out.
    """

    type: Literal["transfer"]
    to: Annotated[str, Field(min_length=1, max_length=256)] = "human"
    """`human`, the one of this route; or a number, a SIP URI or a queue, as far as the operator allows it."""
    way: Literal["bridge", "attended", "refer", "queue"] = "bridge"
    """Connect the two here; speak with the human first; let the caller's side call again (SIP REFER); a queue."""
    summary: Annotated[str, Field(max_length=20_000)] = ""
    """What the human should know; kept with the call."""
    whisper: Annotated[str, Field(max_length=1_000)] = ""
    """What the human hears before the caller is connected: a text that is spoken, or the URL of a WAV file."""
    headers: Annotated[dict[HeaderName, HeaderValue], Field(max_length=20)] = {}
    """For the call to the human, or the REFER: SIP headers that begin with `X-`."""


class TransferComplete(FromBotMessage):
    """You have spoken with the human of an attended transfer: connect the caller."""

    type: Literal["transfer_complete"]


class TransferCancel(FromBotMessage):
    """Forget the transfer, and give me the caller back."""

    type: Literal["transfer_cancel"]


class FinalResult(FromBotMessage):
    """A result, said with the goodbye."""

    id: Id | None = None
    name: Annotated[str, Field(min_length=1, max_length=200)]
    data: Data = {}


class Hangup(FromBotMessage):
    """End the call, once all audio sent before has been played."""

    type: Literal["hangup"]
    reason: Annotated[str, Field(max_length=200)] = ""
    """For the call record."""
    result: FinalResult | None = None
    """What came of the call: as a `result` of its own, said before."""


FromBot = Annotated[
    Accept
    | Reject
    | Clear
    | Pause
    | Resume
    | Mark
    | Transcript
    | Result
    | Log
    | MetadataUpdate
    | SendDtmf
    | Play
    | Hold
    | Unhold
    | Recording
    | GetStatistics
    | Ping
    | Transfer
    | TransferComplete
    | TransferCancel
    | Hangup,
    Field(discriminator="type"),
]
