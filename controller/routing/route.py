"""A route and the rungs of its ladder, as data."""

from dataclasses import dataclass

from controller.config import BotAudio, MediaTransport, UplinkMs, Voice


@dataclass(frozen=True, slots=True)
class BotRung:
    """A bot on a WebSocket. `accept_seconds`: how long the phone may ring before it has accepted.

    `uplink_ms`: how much of the caller's audio it gets in one message. `voice`: whether it is told that the caller
    speaks, or even paused by it. `multiplex`: one socket for all calls, for bots that run at scale.
    `transport`: how its audio goes between Asterisk and the media worker.
    """

    url: str
    token: str = ""
    audio: BotAudio = "mulaw"
    uplink_ms: UplinkMs = 20
    voice: Voice = "off"
    accept_seconds: float = 5.0
    multiplex: bool = False
    transport: MediaTransport = "rtp"

    def __str__(self) -> str:
        return f"bot {self.url}"


@dataclass(frozen=True, slots=True)
class HumanRung:
    """A human's phone. `endpoint` is an Asterisk dial string, `ring_seconds` how long it may ring."""

    endpoint: str
    ring_seconds: float = 30.0

    def __str__(self) -> str:
        return f"human {self.endpoint}"


Rung = BotRung | HumanRung


@dataclass(frozen=True, slots=True)
class Route:
    """What is tried for a call, first to last. `human` takes the transfers that the bot asks for."""

    name: str
    ladder: tuple[Rung, ...]
    human: HumanRung | None = None


@dataclass(frozen=True, slots=True)
class Arrival:
    """What is known of a call when it arrives. Numbers are as Asterisk has them, empty where withheld."""

    origin: str
    """Who handed it to us: `trunk` or `phone` (the dialplan says so)."""
    from_number: str
    from_name: str
    to_number: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The route taken, and why, in words for the call record."""

    route: Route
    reason: str
