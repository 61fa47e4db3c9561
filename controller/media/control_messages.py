"""The control link between the controller and one media worker: JSON text frames over a WebSocket.

The controller connects to `ws://worker/control` with `Authorization: Bearer <MEDIA_TOKEN>`. The worker's
first message is `hello`. Every later message of the worker (a `Report`) carries `seq`, counting up from 1
for the life of the worker; the controller acknowledges what it has dealt with (`ack`), and reports that
are not acknowledged are sent again, in order, when a new link is opened. One link at a time: a newer
connection replaces the older one. A session is one bot's part of one call.
"""

from enum import StrEnum
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from controller.bot.adapters import NATIVE
from controller.bot.protocol import EndReason, Start
from controller.bot.resumption import RESUME_SECONDS

UNACKNOWLEDGED_REPORTS_MAX: Final = 10_000
"""Reports kept while the link is down (about 10 MB); past it the oldest go and are counted in `hello`."""

ACCEPT_SECONDS_MAX: Final = 3_600.0
"""No phone rings longer; the setting has the same limit."""

STALL_SECONDS_MAX: Final = 3_600.0
"""No call waits longer for a bot that does not listen."""


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


# --- controller to worker -----------------------------------------------------------------------------------


class BotTarget(_Message):
    """Where and how to reach a bot."""

    url: str
    token: str = Field(default="", repr=False)
    """Sent as `Authorization: Bearer …` when not empty."""
    username: str = ""
    """With it the token is the password of HTTP's basic authentication."""
    signing_secret: str = Field(default="", repr=False)
    """The handshake is signed with it (RFC 9421) when not empty."""
    ca_file: str = ""
    """The authority that the bot's certificate is from, a PEM file; empty: the machine's own."""
    certificate_file: str = ""
    """Our certificate for bots that ask for one (mutual TLS), a PEM file; empty: none."""
    key_file: str = ""
    """Its key; empty: in the same file."""
    accept_seconds: Annotated[float, Field(gt=0, le=ACCEPT_SECONDS_MAX)] = 5.0
    """From the start of the connection to `accept`."""
    resume_seconds: Annotated[float, Field(ge=0, le=RESUME_SECONDS)] = RESUME_SECONDS
    """A lost connection of a bot that can go on with its call is made again for so long; then `disconnected`."""
    multiplex: bool = False
    """One socket for all calls to this URL with this token; the native protocol only."""
    protocol: str = NATIVE
    """What the bot speaks: a name of `bot.adapters.PROTOCOLS`."""
    headers: dict[str, str] = Field(default={}, repr=False)
    """The operator's own, for the handshake."""
    parameters: dict[str, str] = {}
    """What the protocol's adapter is told: a model, instructions, custom parameters."""


class Open(_Message):
    """Connect to the bot, send `start`, and report `accepted`, `refused` or `failed`."""

    type: Literal["open"] = "open"
    session: str
    bot: BotTarget
    start: Start
    encoding: Literal["mulaw", "alaw", "pcm16"] = "mulaw"
    """Of Asterisk's audio. The bot's own, `start.audio`, is the same, or pcm16 where RTP has G.711."""
    uplink_ms: Literal[20, 40, 60, 100] = 20
    """How much of the caller's audio goes to the bot in one message: fewer cost less, and come later."""
    voice: Literal["off", "tell", "barge_in"] = "off"
    """Voice activity: tell the bot when the caller speaks; and pause the bot's audio at once, without its word."""
    stall_seconds: Annotated[float, Field(gt=0, le=STALL_SECONDS_MAX)] = 5.0
    """A bot that takes no audio for this long, with seconds of it waiting in the buffers before, does not listen."""

    @model_validator(mode="after")
    def _one_law(self) -> Self:
        if self.start.audio.encoding not in {self.encoding, "pcm16"}:
            raise ValueError(f"Asterisk's {self.encoding} is not turned into {self.start.audio.encoding}")
        return self


class Attach(_Message):
    """Asterisk's end of this session's RTP: packets from here are the caller's, ours go there."""

    type: Literal["attach"] = "attach"
    session: str
    host: str
    port: Annotated[int, Field(ge=1, le=65_535)]


class AttachSocket(_Message):
    """Asterisk's end of this session's audio is a WebSocket of chan_websocket: connect to it, as its client.

    Instead of `attach`. The audio is what `open` says: for pcm16 the bot's own, sample for sample.
    """

    type: Literal["attach_socket"] = "attach_socket"
    session: str
    url: str


class Play(_Message):
    """The call is answered: tell the bot so and start the playout of what it has sent."""

    type: Literal["play"] = "play"
    session: str


class Send(_Message):
    """Pass one message of the bot protocol on to the bot (dtmf, ack, transfer_progress, error)."""

    type: Literal["send"] = "send"
    session: str
    message: dict[str, Any]


class Close(_Message):
    """End the session: tell the bot `end`, close its WebSocket, forget the RTP. Reported as `closed`, always."""

    type: Literal["close"] = "close"
    session: str
    reason: EndReason


class AckReports(_Message):
    """Everything up to and including `seq` has been dealt with."""

    type: Literal["ack"] = "ack"
    seq: int


ToWorker = Annotated[Open | Attach | AttachSocket | Play | Send | Close | AckReports, Field(discriminator="type")]
TO_WORKER: Final[TypeAdapter[ToWorker]] = TypeAdapter(ToWorker)


# --- worker to controller -----------------------------------------------------------------------------------


class Hello(_Message):
    """First on every link. `instance` is new for every worker process; `sessions` are the ones alive."""

    type: Literal["hello"] = "hello"
    instance: str
    rtp_host: str
    """The address Asterisk is to send RTP to."""
    rtp_port: int
    sessions: list[str]
    with_bot: list[str] = []
    """Those whose bot has accepted and is there."""
    reports_dropped: int = 0


class Load(_Message):
    """How busy the worker is, every second while the link stands. Not numbered: an old one is worth nothing."""

    type: Literal["load"] = "load"
    cpu_share: float
    """Of one core, over the last second."""
    sessions: int


class Speaking(StrEnum):
    """Who is to be heard in a call just now."""

    NOBODY = "nobody"
    CALLER = "caller"
    BOT = "bot"
    BOTH = "both"


class SpeakingNow(_Message):
    """Who speaks in the sessions in which that has changed; null: the session is over.

    Not numbered: like `load` only the newest word counts, and a new link begins with that of every session.
    """

    type: Literal["speaking"] = "speaking"
    sessions: dict[str, Speaking | None]


class Accepted(_Message):
    """The bot takes the call."""

    type: Literal["accepted"] = "accepted"
    seq: int = 0
    session: str
    resume_token: str | None = None
    """The bot can go on with the call on another worker: `start.resume` with this token."""


class Refused(_Message):
    """The bot's own `reject`. The session is over (no `closed` follows)."""

    type: Literal["refused"] = "refused"
    seq: int = 0
    session: str
    reason: Literal["busy", "unavailable"]
    detail: str = ""
    retry_after_seconds: int | None = None
    """The bot wants no more calls for so long."""


class Failed(_Message):
    """No bot: not reachable, not speaking our protocol, or too late. The session is over (no `closed` follows)."""

    type: Literal["failed"] = "failed"
    seq: int = 0
    session: str
    trigger: Literal["unreachable", "no_answer"]
    detail: str


class BotMessage(_Message):
    """A valid message of the bot that is not about audio (`bot.conversation.Message`).

    `hangup`, `transfer`, `send_dtmf` and `hold` are reported once all audio sent before them has been played.
    """

    type: Literal["message"] = "message"
    seq: int = 0
    session: str
    message: dict[str, Any]


class FirstAudio(_Message):
    """The first packet with sound has been sent in this direction, `to` the bot or the caller."""

    type: Literal["first_audio"] = "first_audio"
    seq: int = 0
    session: str
    to: Literal["bot", "caller"]


class Disconnected(_Message):
    """The bot's WebSocket went away after `accepted`. The RTP side goes on, silent, until `close`."""

    type: Literal["disconnected"] = "disconnected"
    seq: int = 0
    session: str
    detail: str
    tried_seconds: float = 0.0
    """How long the bot has been tried again already."""


class Stalled(_Message):
    """The bot's socket has taken nothing for this long although there was something to send. Reported once."""

    type: Literal["stalled"] = "stalled"
    seq: int = 0
    session: str
    seconds: float


class Silent(_Message):
    """The media watchdog: no packet from Asterisk for this long although the call is up. Reported once."""

    type: Literal["silent"] = "silent"
    seq: int = 0
    session: str
    seconds: float


class Closed(_Message):
    """The session is over and forgotten. `statistics`: counters by name."""

    type: Literal["closed"] = "closed"
    seq: int = 0
    session: str
    statistics: dict[str, int | float] = {}


Report = Accepted | Refused | Failed | BotMessage | FirstAudio | Disconnected | Stalled | Silent | Closed
FromWorker = Annotated[Hello | Load | SpeakingNow | Report, Field(discriminator="type")]
FROM_WORKER: Final[TypeAdapter[FromWorker]] = TypeAdapter(FromWorker)
