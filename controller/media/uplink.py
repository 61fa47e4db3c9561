"""What the caller says, on its way from Asterisk's packets to messages for the bot: order, losses, gathering, voice."""

import math
from collections.abc import Callable
from typing import Final

from controller.errors import ProtocolError
from controller.media import formats
from controller.media.audio.voice import Turn
from controller.media.control_messages import Open
from controller.media.playout import FRAME_MS, SAMPLES_PER_MS
from controller.media.rtp import packet as rtp
from controller.media.rtp.jitter import Jitter
from controller.media.rtp.quality import mos, rating
from controller.media.rtp.reorder import JITTER_FACTOR, Reorder
from controller.media.rtp.sequence import Arrival, Sequence

KEY_PACKETS_MIN: Final = 5
"""Of one key: the shortest press that telephones make is 100 ms, and browsers tell Asterisk less than it was."""

KEY_END_PACKETS: Final = 5
"""The end of a key is sent three times (RFC 4733, section 2.5.1.4), and the audio takes a moment to come back."""

GATHERING_SLACK_SECONDS: Final = 0.040
"""A message to the bot waits this long for a late packet; then it goes as it is, for the caller may be silent."""

Audio = bytes | bytearray | memoryview


class Uplink:
    """One call. `send` takes a message for the bot, `on_turn` is told when the caller begins and stops to speak.

    Driven by packets and by the engine's drains; `now` is always the engine's monotonic clock, in seconds.
    """

    def __init__(
        self, opening: Open, now: float, send: Callable[[Audio], None], on_turn: Callable[[Turn, int], None]
    ) -> None:
        self.open = False
        """The bot has been told `answered`: audio is not to overtake that."""
        self.active_at = now
        """When it was opened, or last had a packet of Asterisk."""
        self.waiting = False
        """Something may be held or gathered, so that time alone makes it due."""
        self.gathered = bytearray()
        """The caller's codes that wait for more, or to be turned into linear PCM."""
        self.bytes_in = self.malformed_packets = self.other_payload_types = 0
        self._gathered_at = now
        """When the first of them came."""
        self._send = send
        self._on_turn = on_turn
        self._payload_type, _ = formats.FORMATS[opening.encoding]
        self._converts = formats.line(opening) is not None
        self._seconds = opening.uplink_ms / 1_000
        self._message_bytes = (
            opening.uplink_ms * SAMPLES_PER_MS * (1 if self._converts else formats.unit_bytes(opening))
        )
        self._arrivals = Sequence()
        self._jitter = Jitter()
        self._reorder = Reorder()
        self._voice = formats.voice(opening)
        self._key_packets = 0

    @property
    def statistics(self) -> dict[str, int | float]:
        return {
            "packets_in": self._arrivals.received,
            "lost": self._lost,
            "duplicates": self._arrivals.duplicates,
            "late": self._arrivals.late,
            "restarts": self._arrivals.restarts,
            "mos": self._mos(),
            "jitter_ms": round(self._jitter.seconds * 1000, 2),
            "jitter_max_ms": round(self._jitter.seconds_max * 1000, 2),
            "bytes_in": self.bytes_in,
            "malformed_packets": self.malformed_packets,
            "other_payload_types": self.other_payload_types,
        }

    @property
    def _lost(self) -> int:
        """Packets that the network lost. Those of a key press Asterisk has kept to itself: they leave a gap too."""
        return max(0, self._arrivals.lost - self._key_packets)

    def _mos(self) -> float:
        """How the caller sounded to the bot. Of the delay we know the packet's own and what its unevenness costs."""
        lost = self._lost
        expected = self._arrivals.received + lost
        delay_ms = FRAME_MS + JITTER_FACTOR * self._jitter.seconds * 1_000
        return round(mos(rating(lost / expected if expected else 0.0, delay_ms)), 2)

    def key_pressed(self, duration_ms: int) -> None:
        """Asterisk took a key (RFC 4733) out of the caller's packets."""
        self._key_packets += max(math.ceil(duration_ms / FRAME_MS), KEY_PACKETS_MIN) + KEY_END_PACKETS

    # --- from Asterisk --------------------------------------------------------------------------------------

    def receive(
        self, payload_type: int, sequence: int, timestamp: int, ssrc: int, payload: memoryview, now: float
    ) -> None:
        """Take one packet; pass its audio on, bit for bit, as one message to the bot."""
        self.active_at = now
        if payload_type != self._payload_type:
            self.other_payload_types += 1
            return
        restarts = self._arrivals.restarts
        arrival = self._arrivals.arrive(sequence, ssrc)
        if arrival is Arrival.DUPLICATE:
            return
        self._jitter.arrive(timestamp, now)
        self.bytes_in += len(payload)
        if restarts != self._arrivals.restarts:
            self._pass_on(self._reorder.restart(sequence), now)
        if self._reorder.next_is(sequence):
            self._hear(payload, now)
        else:
            self._pass_on(self._reorder.hold(sequence, bytes(payload), now, self._jitter.seconds), now)
            self.waiting = True

    def receive_unusual(self, datagram: memoryview, now: float) -> None:
        """Take a datagram that is no plain RTP: with contributing sources, extension or padding, or not RTP at all."""
        try:
            packet = rtp.parse(datagram)
        except ProtocolError:
            self.malformed_packets += 1
            return
        payload = memoryview(packet.payload)
        self.receive(packet.payload_type, packet.sequence, packet.timestamp, packet.ssrc, payload, now)

    def receive_audio(self, audio: memoryview, now: float) -> None:
        """Take one message of Asterisk's WebSocket: in order, as TCP is, and in the bot's own format."""
        self.active_at = now
        self._arrivals.received += 1
        self.bytes_in += len(audio)
        self._hear(audio, now)

    # --- to the bot -----------------------------------------------------------------------------------------

    def _pass_on(self, payloads: list[bytes], now: float) -> None:
        for payload in payloads:
            self._hear(payload, now)

    def _hear(self, payload: bytes | memoryview, now: float) -> None:
        """The caller's next audio, in order."""
        if not self.open:
            return
        if self._voice is not None and (turn := self._voice.hear(payload)) is not None:
            self._on_turn(turn, self._voice.heard_ms)
        if not self._converts and len(payload) >= self._message_bytes:
            self._send(payload)
            return
        if not self.gathered:
            self._gathered_at = now
        self.gathered += payload
        self.waiting = True

    def wait_is_over(self, now: float) -> None:
        """Go on without a packet that did not come in time."""
        self._pass_on(self._reorder.expire(now), now)

    def take_gathered(self, now: float) -> bytes:
        """Remove what waited long enough: what is enough for a message, or what the rest does not come for."""
        self.wait_is_over(now)
        overdue = now - self._gathered_at >= self._seconds + GATHERING_SLACK_SECONDS
        taken = b""
        if overdue or len(self.gathered) >= self._message_bytes:
            taken = bytes(self.gathered)
            self.gathered.clear()
        self.waiting = bool(self.gathered) or self._reorder.due_at is not None
        return taken
