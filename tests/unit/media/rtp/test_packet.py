import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.errors import ProtocolError
from controller.media.rtp.packet import Extension, RtpPacket, build, parse

PLAIN = bytes.fromhex("80 80 1234 000000a0 deadbeef") + b"\xff" * 160
"""As Asterisk sends it: PCMU, marker set, sequence 0x1234, timestamp 160."""

EVERYTHING = bytes.fromhex(
    "b2 08 ffff ffffffff 00000001"  # padding, extension, 2 contributing sources; PCMA
    "0000000a 0000000b"
    "bede 0001 10ff0000"
    "d5d5d5 00 000003"
)

PACKETS = st.builds(
    RtpPacket,
    payload_type=st.integers(0, 127),
    sequence=st.integers(0, 0xFFFF),
    timestamp=st.integers(0, 0xFFFFFFFF),
    ssrc=st.integers(0, 0xFFFFFFFF),
    payload=st.binary(max_size=400),
    marker=st.booleans(),
    csrcs=st.lists(st.integers(0, 0xFFFFFFFF), max_size=15).map(tuple),
    extension=st.none()
    | st.builds(Extension, st.integers(0, 0xFFFF), st.binary(max_size=16).map(lambda data: data * 4)),
)


def test_a_plain_packet_is_read_field_by_field() -> None:
    packet = parse(PLAIN)
    assert packet == RtpPacket(0, 0x1234, 160, 0xDEADBEEF, b"\xff" * 160, marker=True)
    assert build(packet) == PLAIN


def test_sources_extension_and_padding_are_no_payload() -> None:
    packet = parse(EVERYTHING)
    assert packet.payload == b"\xd5\xd5\xd5\x00"
    assert packet.csrcs == (10, 11)
    assert packet.extension == Extension(0xBEDE, bytes.fromhex("10ff0000"))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "0 bytes are shorter than the RTP header of 12"),
        (PLAIN[:11], "11 bytes are shorter than the RTP header of 12"),
        (b"\x00" + PLAIN[1:], "RTP version is 0, not 2"),
        (b"\xc0" + PLAIN[1:], "RTP version is 3, not 2"),
        (EVERYTHING[:16], "16 bytes end within the list of 2 contributing sources"),
        (EVERYTHING[:22], "22 bytes end within the header of the extension"),
        (EVERYTHING[:24], "24 bytes end within the extension of 1 words"),
        (EVERYTHING[:28], "padding of 0 bytes does not fit a payload of 0"),
        (EVERYTHING[:-1] + b"\x00", "padding of 0 bytes does not fit a payload of 7"),
        (EVERYTHING[:-1] + b"\x08", "padding of 8 bytes does not fit a payload of 7"),
    ],
)
def test_each_defect_has_its_own_sentence(data: bytes, message: str) -> None:
    with pytest.raises(ProtocolError) as refused:
        parse(data)
    assert str(refused.value) == message


@given(PACKETS)
def test_what_is_written_is_read_back(packet: RtpPacket) -> None:
    assert parse(build(packet)) == packet


@given(st.binary(max_size=80))
def test_random_bytes_are_a_packet_or_a_protocol_error(data: bytes) -> None:
    try:
        packet = parse(data)
    except ProtocolError:
        return
    assert len(packet.payload) <= len(data) - 12
