"""What the caller says, on its way from Asterisk's packets to messages for the bot: order, losses, gathering, voice."""

import math
from collections.abc import Callable
from typing import Final

import numpy as np

from controller.errors import ProtocolError
from controller.media import formats
from controller.media.audio.concealment import conceal
from controller.media.audio.voice import Turn
from controller.media.control_messages import Open
from controller.media.inbound import FILL_AFTER_FRAMES, FRAME_SECONDS, ROUNDING
from controller.media.playout import FRAME_BYTES, FRAME_MS, SAMPLES_PER_MS
from controller.media.rtp import jitter, sequence, stream
from controller.media.rtp import packet as rtp
from controller.media.rtp.quality import mos, rating
from controller.media.rtp.reorder import JITTER_FACTOR, Released, Reorder
from controller.media.rtp.sequence import Arrival
from controller.media.rtp.stream import Row

KEY_PACKETS_MIN: Final = 5
"""Of one key: the shortest press that telephones make is 100 ms, and browsers tell Asterisk less than it was."""

KEY_END_PACKETS: Final = 5
"""The end of a key is sent three times (RFC 4733, section 2.5.1.4), and the audio takes a moment to come back."""

GATHERING_SLACK_SECONDS: Final = 0.040
"""A message to the bot waits this long for a late packet; then it goes as it is, for the caller may be silent."""

CONCEALED_FRAMES_MAX: Final = 10
"""Of one gap: a longer one that took its time was filled with silence meanwhile, and one that took none was none."""

EVENT_BYTES: Final = 4
"""A key in the caller's packets (RFC 4733, section 2.3)."""

Audio = bytes | bytearray | memoryview


class Uplink:
    """One call. `send` takes a message for the bot, `on_turn` is told when the caller begins and stops to speak.

    Driven by packets and by the engine's drains; `now` is always the engine's monotonic clock, in seconds.
    """

    def __init__(
        self, opening: Open, now: float, send: Callable[[Audio], None], on_turn: Callable[[Turn, int], None]
    ) -> None:
        self.row: Row = stream.new()
        """What is known of the stream; a row of `Inbound`'s while packets come in there."""
        self.row["active_at"] = now
        self.waiting = False
        """Something is gathered, so that time alone makes it due."""
        self.gathered = bytearray()
        """The caller's codes that wait for more, or to be turned into linear PCM."""
        self._open = False
        self._counts = {
            "malformed_packets": 0,
            "other_payload_types": 0,
            "comfort_noise_packets": 0,
            "key_packets": 0,
            "concealed_ms": 0,
            "filled_ms": 0,
        }
        self._gathered_at = now
        """When the first of them came."""
        self._send = send
        self._on_turn = on_turn
        self._encoding = opening.encoding
        self._payload_type, silence = formats.FORMATS[opening.encoding]
        self._silence = bytes([silence]) * FRAME_BYTES
        self.row["last"] = np.frombuffer(self._silence, np.uint8)
        self._converts = formats.line(opening) is not None
        self._seconds = opening.uplink_ms / 1_000
        unit_bytes = 1 if self._converts else formats.unit_bytes(opening)
        self._message_bytes = opening.uplink_ms * SAMPLES_PER_MS * unit_bytes
        self._reorder = Reorder()
        self._voice = formats.voice(opening)
        self._key_packets_kept = 0

    @property
    def as_is(self) -> bool:
        """Every frame of the caller's goes to the bot at once and unchanged, and nobody listens to it here."""
        return self._voice is None and not self._converts and self._message_bytes == FRAME_BYTES

    @property
    def active_at(self) -> float:
        """When it was opened, or last had a packet of Asterisk."""
        return float(self.row["active_at"])

    @property
    def statistics(self) -> dict[str, int | float]:
        row = self.row
        return {
            "packets_in": int(row["received"]),
            "lost": self._lost,
            "duplicates": int(row["duplicates"]),
            "late": int(row["late"]),
            "restarts": int(row["restarts"]),
            "mos": self._mos(),
            "jitter_ms": round(float(row["jitter"]) * 1000, 2),
            "jitter_max_ms": round(float(row["jitter_max"]) * 1000, 2),
            "bytes_in": int(row["bytes_in"]),
            **self._counts,
        }

    @property
    def _lost(self) -> int:
        """Packets that the network lost. Those of a key press Asterisk has kept to itself: they leave a gap too."""
        return max(0, int(self.row["lost"]) - self._key_packets_kept)

    def _mos(self) -> float:
        """How the caller sounded to the bot. Of the delay we know the packet's own and what its unevenness costs."""
        lost = self._lost
        expected = int(self.row["received"]) + lost
        delay_ms = FRAME_MS + JITTER_FACTOR * float(self.row["jitter"]) * 1_000
        return round(mos(rating(lost / expected if expected else 0.0, delay_ms)), 2)

    def open(self, now: float) -> None:
        """The bot has been told `answered`, which audio is not to overtake: from now on it hears the caller."""
        self._open = True
        self.row["active_at"] = self.row["heard_at"] = now
        self._let_pass()

    def key_pressed(self, duration_ms: int) -> None:
        """Asterisk took a key (RFC 4733) out of the caller's packets."""
        self._key_packets_kept += max(math.ceil(duration_ms / FRAME_MS), KEY_PACKETS_MIN) + KEY_END_PACKETS

    # --- from Asterisk --------------------------------------------------------------------------------------

    def receive(
        self, payload_type: int, number: int, timestamp: int, ssrc: int, payload: memoryview | bytes, now: float
    ) -> None:
        """Take one packet with its sequence number; pass its audio on, bit for bit, as one message to the bot."""
        row = self.row
        row["active_at"] = now
        audible = payload_type == self._payload_type
        if not audible:
            if not self._has_its_place(payload_type, payload):
                return
            payload = b""
        expected = stream.expected(row)
        arrival = sequence.arrive(row, number, ssrc)
        if arrival is Arrival.DUPLICATE:
            return
        if audible:
            jitter.arrive(row, timestamp, now)
            row["bytes_in"] += len(payload)
        if arrival is Arrival.START:
            self._pass_on(self._reorder.restart(row), now)
        if arrival is Arrival.START or (number == expected and not self._reorder.holds):
            self._take(payload, now)
        else:
            self._pass_on(self._reorder.hold(row, number, expected, bytes(payload), now), now)
        self._let_pass()

    def _has_its_place(self, payload_type: int, payload: memoryview | bytes) -> bool:
        """What is not to be heard may still be numbered with what is: then it is no loss."""
        if payload_type == rtp.PAYLOAD_TYPE_COMFORT_NOISE:
            self._counts["comfort_noise_packets"] += 1
        elif payload_type >= rtp.PAYLOAD_TYPE_DYNAMIC and len(payload) == EVENT_BYTES:
            self._counts["key_packets"] += 1
        else:
            self._counts["other_payload_types"] += 1
            return False
        return True

    def _let_pass(self) -> None:
        rtp_has_it = self._payload_type >= 0
        stream.let_pass(self.row, self._payload_type, passes=rtp_has_it and self._open and not self._reorder.holds)

    def receive_unusual(self, datagram: memoryview, now: float) -> None:
        """Take a datagram that is no plain RTP: with contributing sources, extension or padding, or not RTP at all."""
        try:
            packet = rtp.parse(datagram)
        except ProtocolError:
            self._counts["malformed_packets"] += 1
            return
        self.receive(packet.payload_type, packet.sequence, packet.timestamp, packet.ssrc, packet.payload, now)

    def receive_audio(self, audio: memoryview, now: float) -> None:
        """Take one message of Asterisk's WebSocket: in order, as TCP is, and in the bot's own format."""
        row = self.row
        row["active_at"] = now
        row["received"] += 1
        row["bytes_in"] += len(audio)
        if self._open:
            self.hear(audio, now)

    def look(self, now: float) -> None:
        """Do what time alone makes due: go on without a packet that did not come, fill the silence of a sender."""
        self._pass_on(self._reorder.expire(self.row, now), now)
        self._let_pass()
        if self._open and not self._reorder.holds:
            self._fill(now)

    def _fill(self, now: float) -> None:
        """A sender that has fallen silent is heard as silence: `Inbound.due` says when.

        The time until that is known is not made up for: of a bot that sends all back it would be an echo's delay.
        """
        silent = int((now - float(self.row["heard_at"])) / FRAME_SECONDS + ROUNDING)
        filled = max(int(self.row["filled"]), FILL_AFTER_FRAMES - 1)
        for _ in range(silent - filled):
            self._counts["filled_ms"] += FRAME_MS
            self.hear(self._silence, now)
        if silent > filled:
            self.row["filled"] = silent

    # --- to the bot -----------------------------------------------------------------------------------------

    def _pass_on(self, released: Released, now: float) -> None:
        # A gap that took its time is silence by now.
        frames = min(released.lost - int(self.row["filled"]), CONCEALED_FRAMES_MAX)
        if frames > 0 and self._open:
            self._counts["concealed_ms"] += frames * FRAME_MS
            self.hear(self._concealment(frames), now)
        for payload in released.payloads:
            self._take(payload, now)

    def _concealment(self, frames: int) -> bytes:
        if self._encoding == "pcm16":
            return self._silence * frames
        return conceal(self.row["last"], frames, self._encoding)

    def _take(self, payload: bytes | memoryview, now: float) -> None:
        """The caller's next audio, in order; nothing where a packet had none."""
        if not self._open or not payload:
            return
        row = self.row
        row["heard_at"], row["filled"] = now, 0
        if len(payload) == FRAME_BYTES:
            row["last"] = np.frombuffer(payload, np.uint8)
        self.hear(payload, now)

    def hear(self, audio: bytes | memoryview, now: float) -> None:
        """Pass audio on that is noted already."""
        if self._voice is not None and (turn := self._voice.hear(audio)) is not None:
            self._on_turn(turn, self._voice.heard_ms)
        if not self._converts and len(audio) >= self._message_bytes:
            self._send(audio)
            return
        if not self.gathered:
            self._gathered_at = now
        self.gathered += audio
        self.waiting = True

    def take_gathered(self, now: float) -> bytes:
        """Remove what waited long enough: what is enough for a message, or what the rest does not come for."""
        overdue = now - self._gathered_at >= self._seconds + GATHERING_SLACK_SECONDS
        taken = b""
        if overdue or len(self.gathered) >= self._message_bytes:
            taken = bytes(self.gathered)
            self.gathered.clear()
        self.waiting = bool(self.gathered)
        return taken
