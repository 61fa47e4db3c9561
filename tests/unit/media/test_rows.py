from hypothesis import given
from hypothesis import strategies as st

from controller.media.rows import Rows
from controller.media.rtp.packet import RtpPacket, parse


class Stream:
    row = -1
    encoding = "mulaw"


def packets(rows: Rows[Stream]) -> list[RtpPacket]:
    return [parse(row.tobytes()) for row in rows.packets[: rows.count]]


def test_a_tick_is_silence_then_audio_then_the_next_numbers() -> None:
    rows: Rows[Stream] = Rows(4)
    mulaw, alaw = Stream(), Stream()
    rows.add(mulaw, ("127.0.0.1", 1), 0, 0xFF, (65_535, 0xFFFFFFFF, 7))
    rows.add(alaw, ("127.0.0.1", 2), 8, 0xD5, (1, 2, 3))
    rows.silence()
    rows.write(alaw.row, b"\x01" * 100)
    assert packets(rows) == [
        RtpPacket(0, 65_535, 0xFFFFFFFF, 7, b"\xff" * 160),
        RtpPacket(8, 1, 2, 3, b"\x01" * 100 + b"\xd5" * 60),
    ]
    rows.advance()
    rows.silence()
    assert packets(rows) == [RtpPacket(0, 0, 159, 7, b"\xff" * 160), RtpPacket(8, 2, 162, 3, b"\xd5" * 160)]
    assert (rows.sent(mulaw), rows.sent(alaw)) == (1, 1)


def test_skipped_ticks_show_in_the_timestamp_only() -> None:
    rows: Rows[Stream] = Rows(1)
    rows.add(Stream(), ("127.0.0.1", 1), 0, 0xFF, (1, 0xFFFFFFFF, 3))
    rows.skip(10)
    (packet,) = packets(rows)
    assert (packet.sequence, packet.timestamp) == (1, 1_599)


@given(st.lists(st.integers(0, 20), max_size=60))
def test_rows_stay_dense_and_keep_what_is_theirs(steps: list[int]) -> None:
    """Each step removes one of the streams, or adds one where there are not as many; and a tick passes."""
    rows: Rows[Stream] = Rows(64)
    alive: list[tuple[Stream, int, int]] = []
    for number, step in enumerate(steps):
        if step < len(alive):
            gone, _, _ = alive.pop(step)
            rows.remove(gone)
            assert gone.row == -1
        else:
            stream = Stream()
            rows.add(stream, ("127.0.0.1", number), 0, 0xFF, (number, 0, number))
            alive.append((stream, number, number))
        rows.advance()
        assert rows.count == len(alive)
        for stream, ssrc, born in alive:
            packet = parse(rows.packets[stream.row].tobytes())
            assert packet.ssrc == ssrc
            assert packet.sequence == ssrc + number - born + 1
            assert rows.sent(stream) == number - born + 1
            assert rows.peers[stream.row] == ("127.0.0.1", ssrc)
            assert int(rows.names[stream.row]["port"]) == ssrc
            assert rows.streams[stream.row] is stream


def test_removing_twice_is_removing_once() -> None:
    rows: Rows[Stream] = Rows(2)
    stream = Stream()
    rows.add(stream, ("127.0.0.1", 1), 0, 0xFF, (1, 1, 1))
    rows.remove(stream)
    rows.remove(stream)
    assert rows.count == 0
    assert rows.sent(stream) == 0
