import asyncio

import numpy as np
import pytest

from controller.carrier import audio_lines, listening, sounds
from controller.carrier.audio_lines import AudioLine, AudioLines
from controller.media.audio.g711 import encode_mulaw
from controller.media.rtp.packet import RtpPacket, build, parse

LOUD = np.full(160, 8031, np.int16)  # a value that µ-law keeps


def packet(timestamp: int, ssrc: int = 7, payload_type: int = 0) -> RtpPacket:
    payload = encode_mulaw(LOUD).tobytes()
    return RtpPacket(payload_type=payload_type, sequence=0, timestamp=timestamp % 2**32, ssrc=ssrc, payload=payload)


def loud_at(line: AudioLine) -> list[int]:
    """Where, in ms since the line was opened, something is heard."""
    spans = listening.sounds(line.heard(line.opened_at, line.opened_at + 2))
    return [round(span.start / 8) for span in spans]


def test_packets_stand_where_their_timestamps_say() -> None:
    line = AudioLine()
    for timestamp, arrival in [(0, 0.1), (160, 0.150), (480, 0.151)]:  # jitter, and one packet lost
        line.receive(packet(timestamp + 2**32 - 160), line.opened_at + arrival)
    assert loud_at(line) == [100, 160]


def test_a_sender_with_a_new_clock_is_heard_when_it_arrives() -> None:
    line = AudioLine()
    line.receive(packet(0), line.opened_at + 0.1)
    line.receive(packet(5_000_000), line.opened_at + 0.3)
    line.receive(packet(0, ssrc=8), line.opened_at + 0.5)
    assert loud_at(line) == [100, 300, 500]


def test_ringing_tone_is_no_first_word() -> None:
    line = AudioLine()
    line.receive(packet(160), line.opened_at + 0.1)
    line.answered(line.opened_at + 0.11)
    line.receive(packet(320), line.opened_at + 0.12)
    assert not listening.sounds(line.heard(line.opened_at + 0.11, line.opened_at + 1))
    line.receive(packet(900_000), line.opened_at + 0.13)
    assert listening.sounds(line.heard(line.opened_at + 0.11, line.opened_at + 1))


def test_other_payload_types_and_the_end_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audio_lines, "HEARD_SECONDS_MAX", 1)
    line = AudioLine()
    line.receive(packet(0, payload_type=13), line.opened_at + 0.1)
    line.receive(packet(0), line.opened_at + 1.5)
    assert loud_at(line) == []
    assert line.packets_heard == 0


def test_speech_goes_out_in_frames_and_silence_after_it() -> None:
    line = AudioLine()
    line.say(sounds.tone(500, 0.03))
    line.say(sounds.tone(500, 0.005))
    data = [line.next_packet() for _ in range(3)]
    packets = [parse(item) for item in data if item]
    assert [p.sequence for p in packets] == [0, 1, 2]
    assert [p.timestamp for p in packets] == [0, 160, 320]
    assert [p.marker for p in packets] == [True, False, False]
    assert packets[2].payload == b"\xff" * 160
    assert not line.speaking


def test_a_line_that_does_not_transmit_keeps_its_clock() -> None:
    line = AudioLine()
    line.transmitting = False
    assert line.next_packet() is None
    line.transmitting = True
    again = line.next_packet()
    assert again
    assert parse(again).timestamp == 160


async def test_lines_are_told_apart_by_address() -> None:
    lines = AudioLines()
    port = await lines.open("127.0.0.1")
    heard: asyncio.Queue[bytes] = asyncio.Queue()

    class Asterisk(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: tuple[str | int, ...]) -> None:  # noqa: ARG002
            heard.put_nowait(data)

    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Asterisk, ("127.0.0.1", 0))
    line, other = AudioLine(), AudioLine()
    lines.add(transport.get_extra_info("sockname"), line)
    lines.add(("127.0.0.1", 9), other)
    transport.sendto(b"no RTP", ("127.0.0.1", port))
    transport.sendto(build(packet(0)), ("127.0.0.1", port))
    assert parse(await heard.get()).payload == b"\xff" * 160
    # The loop reads the socket between two packets of the clock, so by the next one ours has been heard.
    await heard.get()
    assert (line.packets_heard, other.packets_heard) == (1, 0)
    transport.close()
    await lines.close()
    await asyncio.sleep(0)
