"""A route and the rungs of its ladder, as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from controller.config import BotAudio, MediaTransport, UplinkMs, Voice
from controller.routing.trigger import Trigger


@dataclass(frozen=True, slots=True)
class Sound:
    """What is played to a person: a text that is spoken, a WAV file, or a sound of the bundled Asterisk by name."""

    text: str = ""
    file: str = ""
    builtin: str = ""
    language: str = ""
    """Of the text (BCP 47, such as `de` or `en-GB`); empty: the route's."""
    media: str = ""
    """Asterisk's own name of it, where it has been made ready for this call."""

    def __str__(self) -> str:
        return repr(self.text) if self.text else self.file or self.builtin or self.media


@dataclass(frozen=True, slots=True)
class Rung:
    """What every rung has.

    `on`: the triggers that may lead here; none: any, but a bot only takes `escape` and `requested` where it names
    them. `hours`: the name of the calendar outside of which the rung is passed over, as `closed`.
    """

    on: frozenset[Trigger] = field(default=frozenset(), kw_only=True)
    hours: str = field(default="", kw_only=True)


@dataclass(frozen=True, slots=True)
class WaitingLine:
    """Callers who wait, in order, for a bot that is busy. They are answered, and hear music."""

    seconds_max: float = 120.0
    """Then the next rung, as `busy`."""
    calls_max: int = 10
    """More than so many do not wait."""
    announce_seconds: float = 20.0
    """So often the caller is told the position; 0: never."""
    music: str = "music"
    """A class of Asterisk's music on hold."""


@dataclass(frozen=True, slots=True)
class BotRung(Rung):
    """A bot on a WebSocket. `accept_seconds`: how long the phone may ring before it has accepted.

    `uplink_ms`: how much of the caller's audio it gets in one message. `voice`: whether it is told that the caller
    speaks, or even paused by it. `multiplex`: one socket for all calls, for bots that run at scale.
    `transport`: how its audio goes between Asterisk and the media worker.
    """

    url: str = field(repr=False)
    """A key may be a part of it."""
    token: str = field(default="", repr=False)
    audio: BotAudio = "mulaw"
    uplink_ms: UplinkMs = 20
    voice: Voice = "off"
    accept_seconds: float = 5.0
    multiplex: bool = False
    transport: MediaTransport = "rtp"
    name: str = ""
    """What limits, records and metrics call it; empty: the URL."""
    protocol: str = "native"
    """Which of `bot.adapters` speaks to it."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    """Passed to the bot as its protocol has it, such as Twilio's custom parameters."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Of the handshake; secrets may be among them."""
    first_audio_seconds: float = 0.0
    """After the answer; a bot that has said nothing by then is left as `no_audio`. 0: it may wait to be spoken to."""
    stall_seconds: float = 5.0
    """A bot that takes no audio for so long is left as `stalled`."""
    reconnect_seconds: float = 5.0
    """How long a bot whose connection was lost in mid-call is tried again before it is left as `dropped`. 0: not.

    In all: the media worker's part, where the bot goes on as if nothing had been, and then ours with music.
    """
    calls_max: int = 0
    """At a time; 0: no limit of ours."""
    waiting: WaitingLine | None = None
    """Where callers wait when it is busy; None: they take the next rung."""
    username: str = ""
    """With it the token is a password (RFC 7617)."""
    signing_secret: str = field(default="", repr=False)
    """With it every handshake is signed."""
    ca_file: str = ""
    """The authority of its certificate (PEM); empty: the machine's own."""
    certificate_file: str = ""
    """Our own for it (PEM, mutual TLS)."""
    key_file: str = ""
    """Empty: the key is in the certificate's file."""
    choose_url: str = field(default="", repr=False)
    """A webhook that may name another bot for each call; empty: nobody is asked. A key may be a part of it."""
    choose_secret: str = field(default="", repr=False)
    """Its requests are signed with it."""
    choose_seconds: float = 1.0
    """It has so long to answer; then this bot takes the call."""

    def __str__(self) -> str:
        return f"bot {self.name or self.url}"

    @property
    def key(self) -> str:
        """What its limit counts by."""
        return self.name or self.url


@dataclass(frozen=True, slots=True)
class HumanRung(Rung):
    """Humans' phones, dialled. `endpoint` is an Asterisk dial string, `ring_seconds` how long each may ring."""

    endpoint: str
    ring_seconds: float = 30.0
    others: tuple[str, ...] = ()
    """Further phones."""
    order: Literal["in_order", "at_once"] = "in_order"
    name: str = ""
    hears: str = "ringback"
    """What the caller hears meanwhile: a class of music on hold; `ringback` is a ringing tone."""
    whisper: Sound | None = None
    """What the human hears after picking up, before the caller; the bot's own summary takes its place if it has one."""
    accept_digit: str = ""
    """The human has to press it to get the call, which no voicemail does; empty: picking up is enough."""
    accept_seconds: float = 15.0
    """For that."""
    otherwise: Literal["back", "next"] = "back"
    """Where nobody takes a transfer that the bot asked for: back to the bot, or the next rung."""

    def __str__(self) -> str:
        return f"human {self.name or ', '.join(self.endpoints)}"

    @property
    def endpoints(self) -> tuple[str, ...]:
        return (self.endpoint, *self.others)


@dataclass(frozen=True, slots=True)
class ReferRung(Rung):
    """The caller's side is asked to call somebody else (SIP REFER), and leaves us if that succeeds."""

    to: str
    """SIP URI."""
    name: str = ""
    otherwise: Literal["back", "next"] = "back"

    def __str__(self) -> str:
        return f"refer {self.name or self.to}"


@dataclass(frozen=True, slots=True)
class QueueRung(Rung):
    """The caller is handed to a queue of Asterisk's, or to a dialplan context, and comes back if nobody takes it."""

    queue: str = ""
    context: str = ""
    """Instead of a queue: a context of the dialplan, at `s`."""
    seconds_max: float = 300.0
    """In the queue; then the next rung."""
    name: str = ""

    def __str__(self) -> str:
        return f"queue {self.name or self.queue or self.context}"


@dataclass(frozen=True, slots=True)
class VoicemailRung(Rung):
    """The caller leaves a message."""

    greeting: Sound
    seconds_max: float = 180.0
    silence_seconds: float = 5.0
    """Silence that ends it."""
    finish_digit: str = "#"

    def __str__(self) -> str:
        return "voicemail"


@dataclass(frozen=True, slots=True)
class CallbackRung(Rung):
    """The caller's number is noted as a task, and the caller is told so."""

    confirmation: Sound

    def __str__(self) -> str:
        return "callback"


@dataclass(frozen=True, slots=True)
class AnnouncementRung(Rung):
    """The caller is told something; then the next rung, or the end."""

    sound: Sound

    def __str__(self) -> str:
        return f"announcement {self.sound}"


@dataclass(frozen=True, slots=True)
class BusyRung(Rung):
    """The call is refused before it is answered; passed over where it was."""

    status: Literal[480, 486, 503, 600, 603] = 486
    """SIP."""

    def __str__(self) -> str:
        return f"busy {self.status}"


RecordingMode = Literal["off", "always", "on_demand"]


@dataclass(frozen=True, slots=True)
class Recording:
    """Whether calls of a route are recorded: from the answer on, or where bot or operator ask for it."""

    mode: RecordingMode = "off"
    announcement: Sound | None = None
    """What the caller hears before whoever takes the call; None: nothing."""


@dataclass(frozen=True, slots=True)
class KeysRung(Rung):
    """Keys are pressed for the caller's side. Of no routes.toml: whoever steers a call can have it."""

    keys: str = field(repr=False)
    """And `w` for half a second. In no record: it may be a secret."""

    def __str__(self) -> str:
        return f"{len(self.keys.replace('w', ''))} keys"


@dataclass(frozen=True, slots=True)
class DocumentRung(Rung):
    """Whoever steers this call is asked how it goes on. Of no routes.toml: a steered ladder ends with it."""

    url: str = field(repr=False)
    """A key may be a part of it."""
    method: str = "POST"
    host: str = ""
    """Of it, for the record."""

    def __str__(self) -> str:
        return f"document of {self.host}"


AnyRung = (
    BotRung
    | HumanRung
    | ReferRung
    | QueueRung
    | VoicemailRung
    | CallbackRung
    | AnnouncementRung
    | BusyRung
    | KeysRung
    | DocumentRung
)
Destination = HumanRung | ReferRung | QueueRung
"""Where a transfer can go."""


@dataclass(frozen=True, slots=True)
class Fence:
    """Where a bot may transfer callers to beside the humans that the route names. Nowhere, unless it says so."""

    prefixes: tuple[str, ...] = ()
    """Of E.164 numbers, with +."""
    endpoints: tuple[str, ...] = ()
    """Dial strings and SIP URIs; `*` stands for letters, digits and `_ . + -`."""
    queues: tuple[str, ...] = ()
    """Names of Asterisk's queues."""
    dial: str = "PJSIP/{number}@trunk"
    """The dial string of a number."""
    dial_uri: str = "PJSIP/trunk/{uri}"
    """The dial string of a SIP URI."""
    refer: str = ""
    """The SIP URI of a number, for REFER; empty: numbers are not referred to."""
    country: str = ""
    """Where numbers without a country code are at home."""
    per_call_max: int = 5
    """Transfers that one call may try."""
    per_minute_max: int = 60
    """Of this controller, in all."""


@dataclass(frozen=True, slots=True)
class Keep:
    """What is kept of the calls of a route. What is not kept is told to nobody either."""

    transcripts: bool = True
    digits: bool = True
    """The keys that are pressed: a PIN, a card number."""
    logs: bool = True


@dataclass(frozen=True, slots=True)
class Route:
    """What is tried for a call, first to last. `human` takes the transfers that the bot asks for."""

    name: str
    ladder: tuple[AnyRung, ...]
    human: Destination | None = None
    humans: Mapping[str, Destination] = field(default_factory=dict)
    """Those whom the bot can ask for by name."""
    escape: str = ""
    """The digit with which a caller leaves the bot at any time."""
    calls_max: int = 0
    """At a time; 0: no limit of the route's own."""
    language: str = "en"
    fence: Fence = Fence()
    recording: Recording = Recording()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """Told to every bot of this route."""
    webhooks: frozenset[str] | None = None
    """Names of the targets that are told of its calls; None: all of them."""
    keep: Keep = Keep()
    trunk: str = ""
    """By which calls of this route go out; empty: the default one."""


@dataclass(frozen=True, slots=True)
class Placed:
    """How a call is placed that we make ourselves."""

    endpoint: str
    """Asterisk's dial string."""
    ring_seconds: float
    by: str
    """Who asked for it."""
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Arrival:
    """What is known of a call when it begins. Numbers are as Asterisk has them, empty where withheld."""

    origin: str
    """Who handed it to us: `trunk` or `phone` (the dialplan says so), or `api`."""
    from_number: str
    from_name: str
    to_number: str
    forwarded_from: str = ""
    """The number that the caller had dialled, where a telephone system forwarded the call to us."""
    trunk: str = ""
    """Asterisk's endpoint that it came by."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """SIP headers that routes or bots may read, by name in lower case."""
    stir_shaken: Mapping[str, str] = field(default_factory=dict)
    """What the carrier says of the caller's number: `verdict` and `attestation`, each only where it came."""
    placed: Placed | None = None
    """None: the other one called us."""
    oddity: str = ""
    """What is not as it should be about the number that was dialled."""

    @property
    def direction(self) -> Literal["inbound", "outbound"]:
        return "outbound" if self.placed else "inbound"

    @property
    def other_number(self) -> str:
        """Of whom the bot talks to."""
        return self.to_number if self.placed else self.from_number

    @property
    def own_number(self) -> str:
        return self.from_number if self.placed else self.to_number


@dataclass(frozen=True, slots=True)
class Decision:
    """The route taken, and why, in words for the call record."""

    route: Route
    reason: str
    closed: Mapping[int, str] = field(default_factory=dict)
    """Which rungs are outside their hours just now (index into the ladder), and why."""
