"""The audio of all phones: one UDP socket, RTP to and from the carrier's externalMedia channels, a clock of 20 ms."""

import asyncio
import secrets
import time
from typing import Final, cast

import numpy as np

from controller.carrier.sounds import SAMPLE_RATE, Samples
from controller.errors import ProtocolError
from controller.media.audio.g711 import decode_mulaw, encode_mulaw
from controller.media.rtp.packet import PAYLOAD_TYPE_PCMU, RtpPacket, build, parse

FRAME: Final = 160
"""Samples (and bytes) of one packet: 20 ms."""

FRAME_SECONDS: Final = FRAME / SAMPLE_RATE

SLIP_SECONDS_MAX: Final = 0.1
"""A packet's timestamp may differ from its arrival by this much; past it the sender has a new clock, or paused. So
what is heard is whole to the sample, and stands up to this much beside the time at which it came."""

RINGBACK_SECONDS: Final = 0.04
"""The ringing tone that Asterisk plays us may be this late: a packet of it that crosses the answer is no first word."""

HEARD_SECONDS_MAX: Final = 1800
"""Longest call that is kept (29 MB); what is heard later is not."""

Address = tuple[str, int]


class AudioLine:
    """One phone's ear and mouth. Times are of `time.monotonic`."""

    def __init__(self) -> None:
        self.opened_at = time.monotonic()
        self.transmitting = True
        """Whether packets are sent at all: silence too is sent unless this is False."""
        self.packets_heard = 0
        self._to_say: list[Samples] = []
        self._heard = np.zeros(10 * SAMPLE_RATE, np.int16)
        self._ssrc = secrets.randbits(32)
        self._sent = 0
        self._source = -1
        self._timestamp_zero = 0
        """The RTP timestamp, of the source at hand, at which this line was opened."""
        self._ringing_until = 0
        self._ringing_zero: int | None = None

    def say(self, samples: Samples) -> None:
        """Speak this, after what is still being spoken."""
        self._to_say.append(samples)

    def hush(self) -> None:
        """Forget what has not been spoken yet."""
        self._to_say.clear()

    @property
    def speaking(self) -> bool:
        return bool(self._to_say)

    def heard(self, start: float, end: float) -> Samples:
        """What was heard between two times; silence where nothing came."""
        first, last = (max(0, round((moment - self.opened_at) * SAMPLE_RATE)) for moment in (start, end))
        self._make_room(last)
        return self._heard[first:last].copy()

    def answered(self, moment: float) -> None:
        """Forget the ringing tone: what is heard from here on is the other side's."""
        first = round((moment - self.opened_at) * SAMPLE_RATE)
        self._make_room(first)
        self._heard[first:] = 0
        if self.packets_heard:
            self._ringing_zero = self._timestamp_zero
            self._ringing_until = first + round(RINGBACK_SECONDS * SAMPLE_RATE)

    def next_packet(self) -> bytes | None:
        """The next 20 ms of speech or silence; None when nothing is to be sent."""
        samples = self._next_frame()
        packet = RtpPacket(
            payload_type=PAYLOAD_TYPE_PCMU,
            sequence=self._sent & 0xFFFF,
            timestamp=self._sent * FRAME & 0xFFFFFFFF,
            ssrc=self._ssrc,
            payload=encode_mulaw(samples).tobytes(),
            marker=self._sent == 0,
        )
        self._sent += 1
        return build(packet) if self.transmitting else None

    def receive(self, packet: RtpPacket, now: float) -> None:
        """Put a packet where its timestamp says, on the clock of its first packet's arrival."""
        if packet.payload_type != PAYLOAD_TYPE_PCMU:
            return
        arrived = round((now - self.opened_at) * SAMPLE_RATE)
        if arrived < self._ringing_until and self._continues(self._ringing_zero, packet.timestamp, arrived):
            return
        position = (packet.timestamp - self._timestamp_zero) & 0xFFFFFFFF
        if packet.ssrc != self._source or not self._continues(self._timestamp_zero, packet.timestamp, arrived):
            self._source, self._timestamp_zero = packet.ssrc, packet.timestamp - arrived
            position = arrived
        samples = decode_mulaw(np.frombuffer(packet.payload, np.uint8))
        if position + len(samples) > HEARD_SECONDS_MAX * SAMPLE_RATE:
            return
        self._make_room(position + len(samples))
        self._heard[position : position + len(samples)] = samples
        self.packets_heard += 1

    @staticmethod
    def _continues(zero: int | None, timestamp: int, arrived: int) -> bool:
        """Whether a packet fits the clock of those before it."""
        return zero is not None and abs(((timestamp - zero) & 0xFFFFFFFF) - arrived) <= SLIP_SECONDS_MAX * SAMPLE_RATE

    def _next_frame(self) -> Samples:
        parts: list[Samples] = []
        missing = FRAME
        while missing and self._to_say:
            parts.append(self._to_say[0][:missing])
            missing -= len(parts[-1])
            self._to_say[0] = self._to_say[0][len(parts[-1]) :]
            if not len(self._to_say[0]):
                self._to_say.pop(0)
        return np.concatenate([*parts, np.zeros(missing, np.int16)])

    def _make_room(self, samples: int) -> None:
        if samples > len(self._heard):
            grown = np.zeros(2 * samples, np.int16)
            grown[: len(self._heard)] = self._heard
            self._heard = grown


class AudioLines(asyncio.DatagramProtocol):
    """The socket that all lines share: they are told apart by the carrier's end of each."""

    def __init__(self) -> None:
        self._lines: dict[Address, AudioLine] = {}
        self._transport: asyncio.DatagramTransport | None = None
        self._clock: asyncio.Task[None] | None = None

    async def open(self, host: str) -> int:
        """Bind to a free port of `host` and start the clock. Returns the port."""
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(host, 0))
        self._clock = asyncio.create_task(self._tick())
        port: int = transport.get_extra_info("sockname")[1]
        return port

    async def close(self) -> None:
        if self._clock:
            self._clock.cancel()
            await asyncio.gather(self._clock, return_exceptions=True)
        if self._transport:
            self._transport.close()

    def add(self, address: Address, line: AudioLine) -> None:
        """From now on `line` hears what comes from this address, and speaks to it."""
        self._lines[address] = line

    def remove(self, line: AudioLine) -> None:
        self._lines = {address: other for address, other in self._lines.items() if other is not line}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str | int, ...]) -> None:
        now = time.monotonic()
        line = self._lines.get(cast("Address", addr[:2]))
        if line is None:
            return
        try:
            line.receive(parse(data), now)
        except ProtocolError:
            return  # a stray datagram, or one of a channel that is gone

    async def _tick(self) -> None:
        due = time.monotonic()
        while True:
            for address, line in self._lines.items():
                packet = line.next_packet()
                if packet and self._transport:
                    self._transport.sendto(packet, address)
            # After a pause of the machine the missed frames are sent in a row: the clock of the audio never slips.
            due += FRAME_SECONDS
            await asyncio.sleep(max(0.0, due - time.monotonic()))
