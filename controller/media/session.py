"""One bot's part of one call: its connection, its audio both ways, its messages.

Driven from outside: by the engine (packets, ticks, seconds) and by the bot's frames. It never waits.
"""

import math
from dataclasses import asdict, dataclass
from typing import Final, Literal, Protocol
from uuid import uuid4

from controller.bot.conversation import Conversation, Message
from controller.bot.protocol import (
    Answered,
    Clear,
    Cleared,
    Hangup,
    Mark,
    MarkReached,
    Pause,
    Resume,
    SpeechStarted,
    SpeechStopped,
    Transfer,
)
from controller.errors import ProtocolError
from controller.media.asterisk_socket import AsteriskSocket
from controller.media.audio.g711 import SILENCE_ALAW, SILENCE_MULAW
from controller.media.audio.linear import SAMPLE_BYTES, Line
from controller.media.audio.resample import TELEPHONE_RATE
from controller.media.audio.voice import START_FRAMES, STOP_FRAMES, Turn, Voice
from controller.media.control_messages import (
    Accepted,
    BotMessage,
    Disconnected,
    FirstAudio,
    Open,
    Report,
    Silent,
    Stalled,
)
from controller.media.playout import FRAME_BYTES, FRAME_MS, PLAYOUT_MS_MAX, SAMPLES_PER_MS, Playout
from controller.media.rows import PeerAddress
from controller.media.rtp import packet as rtp
from controller.media.rtp.jitter import Jitter
from controller.media.rtp.quality import mos, rating
from controller.media.rtp.reorder import JITTER_FACTOR, Reorder
from controller.media.rtp.sequence import Arrival, Sequence

FORMATS: Final = {
    "mulaw": (rtp.PAYLOAD_TYPE_PCMU, SILENCE_MULAW),
    "alaw": (rtp.PAYLOAD_TYPE_PCMA, SILENCE_ALAW),
    "pcm16": (-1, 0),
}
"""Encoding to RTP payload type (RFC 3551, table 4; -1: not over RTP) and the byte of silence."""


class Reports(Protocol):
    """Where reports go."""

    def add(self, report: Report) -> None: ...

    def crowded(self, session: str) -> bool: ...


STALLED_SECONDS: Final = 5.0
"""A bot that takes no audio for this long, with seconds of it waiting in the buffers before, does not listen."""

KEY_PACKETS_MIN: Final = 5
"""Of one key: the shortest press that telephones make is 100 ms, and browsers tell Asterisk less than it was."""

KEY_END_PACKETS: Final = 5
"""The end of a key is sent three times (RFC 4733, section 2.5.1.4), and the audio takes a moment to come back."""

GATHERING_SLACK_SECONDS: Final = 0.040
"""A message to the bot waits this long for a late packet; then it goes as it is, for the caller may be silent."""


@dataclass(slots=True)
class Counts:
    """What is not counted elsewhere."""

    packets_out: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    malformed_packets: int = 0
    other_payload_types: int = 0
    cleared_ms: int = 0
    underruns: int = 0


class Session:
    """`now` is always the engine's monotonic clock, in seconds."""

    def __init__(self, opening: Open, reports: Reports, now: float, strangers: int = 0) -> None:
        self.id: Final = opening.session
        self.bot: Conversation | None = None
        self.peer: PeerAddress | None = None
        """Asterisk's end of the RTP."""
        self.socket: AsteriskSocket | None = None
        """Asterisk's end, where that is no RTP but a WebSocket."""
        self.row = -1
        """Which packet of each tick is this session's (`Rows`); -1 before `play` and without a peer."""
        self.playing = False
        self.speaking = False
        """The bot's audio waits to be played, or ran out at the last tick."""
        self.active_at = now
        """When it was opened, played or last sent a packet by Asterisk."""
        self.encoding = opening.encoding
        """Of Asterisk's audio."""
        self.payload_type, self.silence = FORMATS[opening.encoding]
        self.counts = Counts()
        self.line = _line(opening)
        """For a bot of linear PCM; None for one that has what Asterisk has, bit for bit."""
        self.waiting = False
        """Something of the caller's may be held or gathered, so that time alone makes it due."""
        self.gathered = bytearray()
        """The caller's codes that wait for more, or to be turned into linear PCM."""
        self._gathered_at = now
        """When the first of them came."""
        self._uplink_seconds = opening.uplink_ms / 1_000
        self._reports = reports
        unit_bytes = _unit_bytes(opening)
        self._uplink_bytes = opening.uplink_ms * SAMPLES_PER_MS * (1 if self.line else unit_bytes)
        self._playout: Playout[Mark | BotMessage | Disconnected] = Playout(unit_bytes)
        self._frame_bytes = unit_bytes * FRAME_BYTES
        self._arrivals = Sequence()
        self._key_packets = 0
        self._jitter = Jitter()
        self._reorder = Reorder()
        self._bot_took = self._bot_left_out = False
        """Since the last look."""
        self._took_at = now
        self._stalled_told = False
        self._first_audio_told = {"bot": False, "caller": False}
        self._paused = False
        self._voice = _voice(opening) if opening.voice != "off" else None
        self._barge_in = opening.voice == "barge_in"
        self._barged_in = False
        """Paused because the caller spoke, and not by the bot's word."""
        self._dropped_bytes = 0
        self._overrun_told = False
        self._silent_told = False
        self._strangers_before = strangers

    @property
    def silent_frame(self) -> bytes:
        """20 ms of silence in the bot's format."""
        return bytes([self.silence]) * self._frame_bytes

    @property
    def sample_bytes(self) -> int:
        return SAMPLE_BYTES if self.encoding == "pcm16" else 1

    # --- from the controller --------------------------------------------------------------------------------

    def play(self, now: float) -> None:
        """The call is answered: from the next tick on the caller gets a packet every tick."""
        if not self.playing:
            self.playing = True
            self.active_at = now
            if self.bot is not None:
                self.bot.send(Answered())

    def statistics(self, strangers: int) -> dict[str, int | float]:
        """Counters by name. `strangers` counts the packets of unknown senders to the worker so far.

        They cannot be assigned to a call, but many of them beside `packets_in` 0 explain a silent one.
        """
        return {
            "packets_in": self._arrivals.received,
            "lost": self._lost,
            "duplicates": self._arrivals.duplicates,
            "late": self._arrivals.late,
            "restarts": self._arrivals.restarts,
            "mos": self._mos(),
            "jitter_ms": round(self._jitter.seconds * 1000, 2),
            "jitter_max_ms": round(self._jitter.seconds_max * 1000, 2),
            "strangers": strangers - self._strangers_before,
            "played_ms": self._playout.taken_ms,
            "dropped_ms": round(self._dropped_bytes * FRAME_MS / self._frame_bytes),
            **asdict(self.counts),
            **(self.bot.counters if self.bot is not None else {}),
            **(self.socket.counters if self.socket is not None else {}),
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

    # --- the caller's audio ---------------------------------------------------------------------------------

    def receive(
        self, payload_type: int, sequence: int, timestamp: int, ssrc: int, payload: memoryview, now: float
    ) -> None:
        """Take one packet from Asterisk; pass its audio on, bit for bit, as one message to the bot."""
        self.active_at = now
        self._silent_told = False
        if payload_type != self.payload_type:
            self.counts.other_payload_types += 1
            return
        restarts = self._arrivals.restarts
        arrival = self._arrivals.arrive(sequence, ssrc)
        if arrival is Arrival.DUPLICATE:
            return
        self._jitter.arrive(timestamp, now)
        self.counts.bytes_in += len(payload)
        if restarts != self._arrivals.restarts:
            self._pass_on(self._reorder.restart(sequence), now)
        if self._reorder.next_is(sequence):
            self._hear(payload, now)
        else:
            self._pass_on(self._reorder.hold(sequence, bytes(payload), now, self._jitter.seconds), now)
            self.waiting = True

    def receive_audio(self, audio: memoryview, now: float) -> None:
        """Take one message of Asterisk's WebSocket: in order, as TCP is, and in the bot's own format."""
        self.active_at = now
        self._silent_told = False
        self._arrivals.received += 1
        self.counts.bytes_in += len(audio)
        self._hear(audio, now)

    def _pass_on(self, payloads: list[bytes], now: float) -> None:
        for payload in payloads:
            self._hear(payload, now)

    def _hear(self, payload: bytes | memoryview, now: float) -> None:
        """The caller's next audio, in order."""
        # Before `play` the bot has not been told `answered`, and audio is not to overtake that.
        if not self.playing:
            return
        if self._voice is not None and (turn := self._voice.hear(payload)) is not None:
            self._turn(turn, self._voice)
        if self.line is None and len(payload) >= self._uplink_bytes:
            self.send_to_bot(payload)
            return
        if not self.gathered:
            self._gathered_at = now
        self.gathered += payload
        self.waiting = True

    def _turn(self, turn: Turn, voice: Voice) -> None:
        """The caller began or stopped to speak: the bot is told, and where the route says so, paused."""
        if self.bot is None:
            return
        if turn is Turn.STARTED:
            self._barged_in = self._barge_in and self.speaking
            if self._barged_in:
                self._pause()
            self.bot.send(SpeechStarted(at_ms=voice.heard_ms - START_FRAMES * FRAME_MS, paused=self._barged_in))
            return
        # A bot that did not take up the interruption goes on.
        if self._barged_in:
            self._resume()
        self.bot.send(SpeechStopped(at_ms=voice.heard_ms - STOP_FRAMES * FRAME_MS))

    def wait_is_over(self, now: float) -> None:
        """Go on without a packet that did not come in time."""
        self._pass_on(self._reorder.expire(now), now)

    def take_gathered(self, now: float) -> bytes:
        """Remove what waited long enough: what is enough for a message, or what the rest does not come for."""
        self.wait_is_over(now)
        overdue = now - self._gathered_at >= self._uplink_seconds + GATHERING_SLACK_SECONDS
        taken = b""
        if overdue or len(self.gathered) >= self._uplink_bytes:
            taken = bytes(self.gathered)
            self.gathered.clear()
        self.waiting = bool(self.gathered) or self._reorder.due_at is not None
        return taken

    def send_to_bot(self, audio: bytes | bytearray | memoryview) -> None:
        """Send the caller's audio, in the bot's format."""
        if self.bot is None:
            return
        if not self.bot.send_audio(audio):
            self._bot_left_out = True
            return
        self._bot_took = True
        if not self._first_audio_told["bot"]:
            self._tell_first_audio("bot")

    def receive_unusual(self, datagram: memoryview, now: float) -> None:
        """Take a datagram that is no plain RTP: with contributing sources, extension or padding, or not RTP at all."""
        try:
            packet = rtp.parse(datagram)
        except ProtocolError:
            self.counts.malformed_packets += 1
            return
        payload = memoryview(packet.payload)
        self.receive(packet.payload_type, packet.sequence, packet.timestamp, packet.ssrc, payload, now)

    # --- the bot's audio ------------------------------------------------------------------------------------

    def next_frame(self) -> bytes:
        """One tick: the next 20 ms of the bot's audio in the bot's format.

        Less or nothing where it ran out; linear PCM is filled with silence then, to go through the filters whole.
        """
        frame = self._playout.take(FRAME_BYTES)
        self.counts.bytes_out += len(frame)
        if len(frame) < self._frame_bytes:
            self.speaking = False
            self.counts.underruns += 1
            if self.line is not None:
                frame = frame.ljust(self._frame_bytes, b"\0")
        if not self._first_audio_told["caller"]:
            self._tell_first_audio("caller")
        return frame

    def settle(self) -> None:
        """Do what was to be done once the audio before it had been sent."""
        for item in self._playout.reached():
            if not isinstance(item, Mark):
                self._reports.add(item)
            elif self.bot is not None:
                self.bot.send(MarkReached(name=item.name))

    def watch(self, now: float, silence_seconds: float) -> None:
        """To be called about once a second: the bot's pings, and the watchdog over Asterisk's packets."""
        if self.bot is not None:
            self.bot.watch(now)
            self._watch_bot(now)
        quiet = now - self.active_at
        if self.playing and quiet >= silence_seconds and not self._silent_told:
            self._silent_told = True
            self._reports.add(Silent(session=self.id, seconds=round(quiet, 1)))

    def _watch_bot(self, now: float) -> None:
        """A bot that has taken no audio since the last look, although there was some, has stalled at that look."""
        if self._bot_took or not self._bot_left_out:
            self._took_at = now
            self._stalled_told = False
        elif now - self._took_at >= STALLED_SECONDS and not self._stalled_told:
            self._stalled_told = True
            self._reports.add(Stalled(session=self.id, seconds=round(now - self._took_at, 1)))
        self._bot_took = self._bot_left_out = False

    def _tell_first_audio(self, to: Literal["bot", "caller"]) -> None:
        self._first_audio_told[to] = True
        self._reports.add(FirstAudio(session=self.id, to=to))

    # --- from the bot (BotEvents) ---------------------------------------------------------------------------

    def on_accepted(self) -> None:
        self._reports.add(Accepted(session=self.id))

    def on_audio(self, audio: memoryview) -> None:
        if self._overrun_told and self._playout.waiting_ms <= PLAYOUT_MS_MAX // 2:
            self._overrun_told = False
        self.speaking = not self._paused
        refused = self._playout.write(audio)
        self._dropped_bytes += refused
        if refused and not self._overrun_told:
            self._overrun_told = True
            self._refuse(f"{PLAYOUT_MS_MAX // 1000} s of audio are waiting already, what is beyond them is dropped")

    def on_message(self, message: Message) -> None:
        if isinstance(message, Clear):
            self._clear()
        elif isinstance(message, Pause):
            self._pause()
        elif isinstance(message, Resume):
            self._resume()
        elif isinstance(message, Mark):
            self._wait_for_audio(message)
        elif self._reports.crowded(self.id):
            self._refuse(f"too many messages are waiting to be stored, this {message.type} is dropped")
        elif isinstance(message, Transfer | Hangup):
            # What is asked for after the audio cannot wait for a pause without an end.
            self._resume()
            self._wait_for_audio(BotMessage(session=self.id, message=message.model_dump(mode="json")))
        else:
            # One without an id gets one, so that it is stored once; ~ tells that the bot need not hear of it.
            known = message if message.id else message.model_copy(update={"id": f"~{uuid4().hex}"})
            self._reports.add(BotMessage(session=self.id, message=known.model_dump(mode="json")))

    def on_lost(self, detail: str) -> None:
        lost = Disconnected(session=self.id, detail=detail)
        # Where the bot's hangup or transfer still waits for its audio, what it asked for comes first.
        waiting = any(not isinstance(item, Mark) for item in self._playout.marks())
        if not (waiting and self._playout.mark(lost)):
            self._reports.add(lost)

    def _pause(self) -> None:
        self._paused, self.speaking = True, False

    def _resume(self) -> None:
        self._paused = self._barged_in = False
        self.speaking = self.speaking or self._playout.waiting_ms > 0

    def _clear(self) -> None:
        self._paused = self._barged_in = False
        discarded = self._playout.clear()
        if self.socket is not None:
            self.socket.flush()
        self.counts.cleared_ms += discarded.ms
        marks = [item.name for item in discarded.marks if isinstance(item, Mark)]
        if self.bot is not None:
            self.bot.send(Cleared(discarded_ms=discarded.ms, played_ms=self._playout.taken_ms, marks=marks))
        # A hangup or transfer outlives the audio that it was waiting for.
        for item in discarded.marks:
            if not isinstance(item, Mark):
                self._reports.add(item)

    def _wait_for_audio(self, item: Mark | BotMessage | Disconnected) -> None:
        if self._playout.mark(item):
            self.settle()
        else:
            self._refuse("too many marks are waiting")

    def _refuse(self, message: str) -> None:
        if self.bot is not None:
            self.bot.refuse("overrun", message)


def _voice(opening: Open) -> Voice:
    """What listens to the caller, in the format that Asterisk has."""
    return Voice(opening.encoding, opening.start.audio.sample_rate if opening.encoding == "pcm16" else TELEPHONE_RATE)


def _unit_bytes(opening: Open) -> int:
    """Of the bot's audio, as many bytes as make one telephone sample."""
    audio = opening.start.audio
    return audio.sample_rate // TELEPHONE_RATE * SAMPLE_BYTES if audio.encoding == "pcm16" else 1


def _line(opening: Open) -> Line | None:
    audio = opening.start.audio
    if opening.encoding == "pcm16" or audio.encoding != "pcm16":
        return None
    return Line(opening.encoding, audio.sample_rate // TELEPHONE_RATE)
