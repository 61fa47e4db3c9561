"""One bot's part of one call: its connection, its audio both ways, its messages.

Driven from outside: by the engine (packets, ticks, seconds) and by the bot's frames. It never waits.
"""

import secrets
from collections import Counter
from typing import Final, Protocol
from uuid import uuid4

from controller.bot.connection import BotConnection, Message
from controller.bot.protocol import Answered, Clear, Cleared, Hangup, Mark, MarkReached, Transfer
from controller.errors import ProtocolError
from controller.media.audio.g711 import SILENCE_ALAW, SILENCE_MULAW
from controller.media.control_messages import (
    Accepted,
    BotMessage,
    Disconnected,
    FirstAudio,
    Open,
    Report,
    Silent,
)
from controller.media.playout import BYTES_PER_MS, FRAME_BYTES, PLAYOUT_MS_MAX, Playout
from controller.media.rtp import packet as rtp
from controller.media.rtp.sequence import Arrival, Sequence

FORMATS: Final = {
    "mulaw": (rtp.PAYLOAD_TYPE_PCMU, bytes([SILENCE_MULAW]) * FRAME_BYTES),
    "alaw": (rtp.PAYLOAD_TYPE_PCMA, bytes([SILENCE_ALAW]) * FRAME_BYTES),
}
"""Encoding to RTP payload type (RFC 3551, table 4) and one frame of silence."""

_UINT16_MAX: Final = 0xFFFF
_UINT32_MAX: Final = 0xFFFFFFFF
_FIRST_BYTE: Final = rtp.VERSION << 6

PeerAddress = tuple[str, int]


class Reports(Protocol):
    """Where reports go."""

    def add(self, report: Report) -> None: ...

    def crowded(self, session: str) -> bool: ...


class Session:
    """`now` is always the engine's monotonic clock, in seconds."""

    def __init__(self, opening: Open, reports: Reports, now: float, strangers: int = 0) -> None:
        self.id: Final = opening.session
        self.bot: BotConnection | None = None
        self.peer: PeerAddress | None = None
        """Asterisk's end of the RTP."""
        self.playing = False
        self.active_at = now
        """When it was opened, played or last sent a packet by Asterisk."""
        self._reports = reports
        self._payload_type, self._silence = FORMATS[opening.encoding]
        self._playout: Playout[Mark | BotMessage | Disconnected] = Playout()
        self._arrivals = Sequence()
        self._counts: Counter[str] = Counter()
        self._sequence = secrets.randbits(16)
        self._timestamp = secrets.randbits(32)
        self._ssrc = secrets.randbits(32)
        self._speaking = False
        self._overrun_told = False
        self._silent_told = False
        self._strangers_before = strangers

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
            "packets_out": self._counts["packets_out"],
            "bytes_in": self._counts["bytes_in"],
            "bytes_out": self._counts["bytes_out"],
            "lost": max(0, self._arrivals.lost),
            "duplicates": self._arrivals.duplicates,
            "late": self._arrivals.late,
            "restarts": self._arrivals.restarts,
            "strangers": strangers - self._strangers_before,
            "malformed_packets": self._counts["malformed_packets"],
            "other_payload_types": self._counts["other_payload_types"],
            "played_ms": self._playout.taken_bytes // BYTES_PER_MS,
            "cleared_ms": self._counts["cleared_ms"],
            "dropped_ms": self._counts["dropped_bytes"] // BYTES_PER_MS,
            "underruns": self._counts["underruns"],
            "skipped_ticks": self._counts["skipped_ticks"],
            **(self.bot.counters if self.bot is not None else {}),
        }

    # --- the caller's audio ---------------------------------------------------------------------------------

    def receive(self, datagram: bytes, now: float) -> None:
        """Take one datagram from Asterisk; pass its audio on, bit for bit, as one message to the bot."""
        try:
            packet = rtp.parse(datagram)
        except ProtocolError:
            self._counts["malformed_packets"] += 1
            return
        self.active_at = now
        self._silent_told = False
        if packet.payload_type != self._payload_type:
            self._counts["other_payload_types"] += 1
            return
        if self._arrivals.arrive(packet.sequence, packet.ssrc) is not Arrival.IN_ORDER or not packet.payload:
            return
        self._counts["bytes_in"] += len(packet.payload)
        # Before `play` the bot has not been told `answered`, and audio is not to overtake that.
        if self.playing and self.bot is not None and self.bot.send_audio(packet.payload):
            self._first_audio("bot")

    # --- the bot's audio ------------------------------------------------------------------------------------

    def next_packet(self) -> bytes:
        """One tick: the next 20 ms of the bot's audio, or silence, as an RTP packet."""
        frame = self._playout.take(FRAME_BYTES)
        if len(frame) < FRAME_BYTES:
            self._counts["underruns"] += self._speaking
            self._speaking = False
            self._counts["bytes_out"] += len(frame)
            if frame:
                self._first_audio("caller")
            frame += self._silence[len(frame) :]
        else:
            self._speaking = True
            self._counts["bytes_out"] += FRAME_BYTES
            self._first_audio("caller")
        header = rtp.HEADER.pack(_FIRST_BYTE, self._payload_type, self._sequence, self._timestamp, self._ssrc)
        self._sequence = self._sequence + 1 & _UINT16_MAX
        self._timestamp = self._timestamp + FRAME_BYTES & _UINT32_MAX
        self._counts["packets_out"] += 1
        return header + frame

    def skip(self, ticks: int) -> None:
        """Let the stream's clock run on over ticks that were missed altogether."""
        self._timestamp = self._timestamp + ticks * FRAME_BYTES & _UINT32_MAX
        self._counts["skipped_ticks"] += ticks

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
        quiet = now - self.active_at
        if self.playing and quiet >= silence_seconds and not self._silent_told:
            self._silent_told = True
            self._reports.add(Silent(session=self.id, seconds=round(quiet, 1)))

    def _first_audio(self, to: str) -> None:
        if not self._counts[f"audio_to_{to}"]:
            self._counts[f"audio_to_{to}"] = 1
            self._reports.add(FirstAudio(session=self.id, to="bot" if to == "bot" else "caller"))

    # --- from the bot (BotEvents) ---------------------------------------------------------------------------

    def on_accepted(self) -> None:
        self._reports.add(Accepted(session=self.id))

    def on_audio(self, audio: memoryview) -> None:
        if self._overrun_told and self._playout.waiting_bytes <= PLAYOUT_MS_MAX * BYTES_PER_MS // 2:
            self._overrun_told = False
        refused = len(audio) - self._playout.write(audio)
        self._counts["dropped_bytes"] += refused
        if refused and not self._overrun_told:
            self._overrun_told = True
            self._refuse(f"{PLAYOUT_MS_MAX // 1000} s of audio are waiting already, what is beyond them is dropped")

    def on_message(self, message: Message) -> None:
        if isinstance(message, Clear):
            self._clear()
        elif isinstance(message, Mark):
            self._wait_for_audio(message)
        elif self._reports.crowded(self.id):
            self._refuse(f"too many messages are waiting to be stored, this {message.type} is dropped")
        elif isinstance(message, Transfer | Hangup):
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

    def _clear(self) -> None:
        discarded = self._playout.clear()
        self._counts["cleared_ms"] += discarded.ms
        marks = [item.name for item in discarded.marks if isinstance(item, Mark)]
        if self.bot is not None:
            self.bot.send(Cleared(discarded_ms=discarded.ms, marks=marks))
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
