"""What a bot protocol is to us: a pure translation between its frames and our messages. One class, one file each.

To add one: a subclass of `Adapter` in a file of its own and its line in `PROTOCOLS` (`adapters/__init__.py`). Call,
routing and media know nothing of it. `bot.adapted` carries out what the adapter returns.

The rules:

- **Pure.** No I/O, no clock, no randomness, no tasks: what is needed of these is in `Opening` or an argument. One
  instance is one connection, so state (a sequence number, the bytes sent so far) is the instance's own.
- **Steps are returned whole**, as a list or tuple and never a generator, and carried out in order: one step may call
  the adapter again (the bot's `Clear` is answered by our `Cleared` at once), and must find its state complete.
- **Our messages are models** of `bot.protocol`, so their bounds hold: text longer than its field allows is cut by the
  adapter, ids are made unique by it (counted, not drawn).
- **A fault of the bot's is a ProtocolError** that names the field; a message of a kind that we do not know is
  `UnknownType`, which is counted and not answered. No input may raise anything else: `adapters/reading.py` reads so.
- **Accepting.** The conversation knows start -> accept or reject -> messages. A protocol without a word for it returns
  `Accept` as a step of `to_bot(Start)`, which comes when the socket is open; others return it at their own word.
- **Audio** has the format `opening.start.audio`, one of FORMATS, both ways, in chunks of any size; linear PCM is
  little-endian here, whatever the wire says. `audio_to_bot` is called 50 times a second for every call: keep it lean.
- **Messages without a word** in the protocol return no step, and CANNOT has the reason, for the bot's author.
- **Milliseconds heard.** `Cleared.played_ms` counts all of the bot's audio in this call that the caller has heard, and
  `discarded_ms` what was thrown away: audio that was passed on (`Speech`) is one or the other, or still to be played.
- **What others on our side must know too** (ids in a REST call, say) is a pure function of the call's id, or `session`.
"""

from abc import ABC, abstractmethod
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, Final, TypeAlias

from controller.bot.protocol import AudioFormat, FromBot, Start, ToBot
from controller.bot.resumption import RESUME_SECONDS
from controller.bot.signing import sign
from controller.errors import ProtocolError

TEXT_FRAME_BYTES_MAX: Final = 1 << 20
"""Longest text frame of a bot that has its audio in JSON: as much as a binary frame may have."""


class Behaviour(StrEnum):
    """What a bot may want to do or know in a call; the conformance kit has a step for each."""

    HEAR = "hear"
    SPEAK = "speak"
    DTMF = "dtmf"
    """Being told which key the caller pressed."""
    BARGE_IN = "barge_in"
    """Silencing its own audio at once."""
    HEARD_MS = "heard_ms"
    """Being told how much the caller had heard when it was silenced."""
    PAUSE = "pause"
    MARK = "mark"
    SPEECH_EVENTS = "speech_events"
    """Being told by us when the caller speaks."""
    REJECT = "reject"
    DROP = "drop"
    """A connection that breaks is told from a hangup."""
    RESUME_SESSION = "resume_session"
    """Going on with the call on a new connection."""
    TRANSFER = "transfer"
    TRANSFER_PROGRESS = "transfer_progress"
    HANGUP = "hangup"
    TRANSCRIPT = "transcript"
    RESULT = "result"
    LOG = "log"
    ACK = "ack"
    """Being told that what it reported is stored."""
    METADATA = "metadata"
    SEND_DTMF = "send_dtmf"
    PLAY = "play"
    """Playing a file by its URL."""
    HOLD = "hold"
    RECORDING = "recording"
    ERROR = "error"
    """Being told what was wrong with its message."""


@dataclass(frozen=True, slots=True)
class Opening:
    """Everything that a connection begins with."""

    url: str
    start: Start
    token: str = field(default="", repr=False)
    """The bot's secret for us; never in a log. Empty: none."""
    headers: Mapping[str, str] | None = field(default=None, repr=False)
    """The operator's own, for the handshake; secrets may be among them."""
    parameters: Mapping[str, str] | None = None
    """What the operator has set for this bot: a model, instructions, custom parameters."""
    nonce: str = "0" * 32
    """32 hexadecimal digits, drawn anew for every connection."""
    unix_seconds: float = 0.0
    """The time of day of the handshake, for signatures."""
    username: str = ""
    """With it the token is a password (RFC 7617, Basic) and not a bearer's."""
    signing_secret: str = field(default="", repr=False)
    """The handshake is signed with it (`bot.signing`). Empty: it is not."""
    session: str = ""
    """The name of this bot's part of the call, which all of our side knows; no other has the same."""
    resume_seconds: float = RESUME_SECONDS
    """How long a lost connection is made again, where the bot can go on with its call. 0: not at all."""


@dataclass(frozen=True, slots=True)
class Handshake:
    """The WebSocket's opening request (RFC 6455, section 4.1)."""

    url: str
    subprotocol: str | None = None
    """None: none is asked for, and none may be chosen. Otherwise the bot must choose it."""
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Speech:
    """A step: the bot's audio, in the format of `start.audio`."""

    audio: bytes | memoryview


@dataclass(frozen=True, slots=True)
class Left:
    """A step: by its protocol's own word the bot has left. Without a `Hangup` before it the bot counts as lost.

    `detail` goes on from "the bot …". After `end` it is the farewell that LAST_WORD waits for.
    """

    detail: str


Step: TypeAlias = str | bytes | Speech | Left | FromBot
"""A text frame (str) or a binary frame (bytes) to be sent at once; audio or a message of the bot's, to be taken."""

Steps: TypeAlias = Sequence[Step]


class Adapter(ABC):
    """One connection's translation. See the rules above."""

    FORMATS: ClassVar[tuple[AudioFormat, ...]]
    """What the wire can carry, the most natural one first."""
    CANNOT: ClassVar[Mapping[Behaviour, str]]
    """What the protocol has no word for, and why or what to do instead: one sentence for the bot's author."""
    LAST_WORD: ClassVar[bool] = False
    """The bot answers `end`: the socket stays open for it until `Left`, or 2 s at most."""

    def __init__(self, opening: Opening) -> None:
        self.opening = opening

    @abstractmethod
    def handshake(self) -> Handshake:
        """Where to connect to, and with which headers. `authorized` has the usual ones."""

    @abstractmethod
    def to_bot(self, message: ToBot) -> Steps:
        """Our message. The first is `Start`, when the socket is open; the last is `End`, and then it closes."""

    @abstractmethod
    def audio_to_bot(self, audio: bytes | bytearray | memoryview) -> str | bytes | None:
        """The caller's audio as one frame; None where the protocol has no room for it (yet).

        `audio` is valid during the call only. What comes here is sent: what a slow bot has no room for waits before.
        """

    @abstractmethod
    def text_from_bot(self, text: bytes) -> Steps:
        """A whole text message, at most TEXT_FRAME_BYTES_MAX. Raises ProtocolError."""

    def binary_from_bot(self, part: memoryview) -> Steps:
        """A binary message, or the next part of a fragmented one. Valid during the call only. Raises ProtocolError."""
        raise ProtocolError(f"this protocol has no binary frames ({len(part)} bytes)")

    def watch(self, now: float) -> Steps:  # noqa: ARG002
        """About once a second, in monotonic seconds: the protocol's own pings. The WebSocket's are not its affair."""
        return ()

    def closed_by_bot(self, code: int) -> Steps:  # noqa: ARG002
        """The bot has closed the socket in mid-call with this code (RFC 6455, section 7.4): `Hangup`, if it means that.

        Whatever is returned, frames cannot be sent any more.
        """
        return ()


def authorized(opening: Opening, url: str = "") -> tuple[tuple[str, str], ...]:
    """Token and signature, and the operator's own headers, which win.

    `url`: of the handshake, where that is not the opening's.
    """
    own = dict(opening.headers or {})
    ours = {"Authorization": authorization} if (authorization := _authorization(opening)) else {}
    if opening.signing_secret:
        signed, nonce, now = url or opening.url, opening.nonce, opening.unix_seconds
        ours |= sign(opening.signing_secret, signed, nonce=nonce, unix_seconds=now)
    named = {name.lower() for name in own}
    return (*((name, value) for name, value in ours.items() if name.lower() not in named), *own.items())


def _authorization(opening: Opening) -> str:
    """Basic (RFC 7617) or Bearer (RFC 6750)."""
    if opening.username:
        return "Basic " + b64encode(f"{opening.username}:{opening.token}".encode()).decode("ascii")
    return f"Bearer {opening.token}" if opening.token else ""
