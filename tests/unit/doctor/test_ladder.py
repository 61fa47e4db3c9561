"""SIP as a ladder: HEP read, arrows drawn, secrets masked."""

import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.doctor.ladder import hep
from controller.doctor.ladder.drawing import dialogs, draw, is_call, is_over
from controller.doctor.ladder.hep import Copied
from controller.doctor.sip_message import SipMessage, parse
from controller.errors import ProtocolError

CALLER, US, HUMAN = "198.51.100.7:5060", "10.0.0.2:5060", "203.0.113.9:5060"
SDP = "v=0\r\nc=IN IP4 198.51.100.7\r\nm=audio 4000 RTP/AVP 8 0\r\na=crypto:1 AES_CM_128 inline:GEHEIM123456|2^9\r\n"
DIGEST = 'Digest username="phone", realm="asterisk", nonce="1764/abc", response="d41d8cd98f00b204", uri="sip:x"'


def copied(at: float, source: str, target: str, first: str, *, method: str = "INVITE", body: str = "") -> Copied:
    headers = (("Call-ID", "abc@198.51.100.7"), ("CSeq", f"1 {method}"), ("From", "<sip:+491713920012@x>;tag=1"),
               ("To", "<sip:+493023125000@y>"), ("Authorization", DIGEST))  # fmt: skip
    return Copied(at, source, target, SipMessage(first, headers, body))


CALL = [
    copied(100.0, CALLER, US, "INVITE sip:+493023125000@y SIP/2.0", body=SDP),
    copied(100.002, US, CALLER, "SIP/2.0 180 Ringing"),
    copied(100.3, US, CALLER, "SIP/2.0 200 OK", body=SDP),
    copied(100.35, CALLER, US, "ACK sip:y SIP/2.0", method="ACK"),
    copied(104.0, US, CALLER, "BYE sip:x SIP/2.0", method="BYE"),
    copied(104.02, CALLER, US, "SIP/2.0 200 OK", method="BYE"),
]


def test_a_call_is_drawn() -> None:
    assert draw(CALL).splitlines() == [
        "Call-ID abc@198.51.100.7",
        "From    <sip:+491713920012@x>;tag=1",
        "To      <sip:+493023125000@y>",
        "",
        "                   198.51.100.7:5060                    10.0.0.2:5060",
        "   0.000                   |------- INVITE (PCMA,PCMU) ------>|",
        "   0.002                   |<--------- 180 Ringing -----------|",
        "   0.300                   |<------ 200 OK (PCMA,PCMU) -------|",
        "   0.350                   |-------------- ACK -------------->|",
        "   4.000                   |<------------- BYE ---------------|",
        "   4.020                   |------------- 200 OK ------------>|",
    ]


def test_it_fits_80_columns_with_many_parties_and_long_words() -> None:
    many = [
        *CALL,
        copied(105, US, HUMAN, f"SIP/2.0 480 {'x' * 90}"),
        copied(106, HUMAN, "192.0.2.1:1", "BYE sip:x SIP/2.0"),
    ]
    assert max(len(line) for line in draw(many).splitlines()) <= 80


def test_no_secret_is_shown() -> None:
    whole = draw(CALL, full=True)
    assert "INVITE sip:+493023125000@y SIP/2.0" in whole
    for secret in ("GEHEIM123456", "d41d8cd98f00b204", "1764/abc"):
        assert secret not in whole


def test_legs_are_told_apart_and_their_end_is_seen() -> None:
    other = Copied(99.0, US, HUMAN, SipMessage("OPTIONS sip:z SIP/2.0", (("Call-ID", "zzz"), ("CSeq", "1 OPTIONS"))))
    found = dialogs([*reversed(CALL), other])
    assert list(found) == ["zzz", "abc@198.51.100.7"]
    assert [is_call(dialog) for dialog in found.values()] == [False, True]
    assert (is_over(CALL), is_over(CALL[:-1])) == (True, False)
    assert not is_over([*CALL[:1], copied(100.1, US, CALLER, "SIP/2.0 401 Unauthorized")])
    assert is_over([*CALL[:1], copied(100.1, US, CALLER, "SIP/2.0 486 Busy Here")])


def chunk(kind: int, data: bytes) -> bytes:
    return struct.pack("!HHH", 0, kind, len(data) + 6) + data


def packet(sip: bytes, protocol: int = 1) -> bytes:
    chunks = (
        chunk(1, b"\x02"), chunk(2, b"\x11"), chunk(3, socket.inet_aton("198.51.100.7")),
        chunk(4, socket.inet_aton("10.0.0.2")), chunk(7, struct.pack("!H", 5060)), chunk(8, struct.pack("!H", 5061)),
        chunk(9, struct.pack("!I", 1_764_000_000)), chunk(10, struct.pack("!I", 250_000)), chunk(11, bytes([protocol])),
        chunk(12, struct.pack("!I", 1)), chunk(15, sip), chunk(17, b"abc"),
    )  # fmt: skip
    body = b"".join(chunks)
    return b"HEP3" + struct.pack("!H", len(body) + 6) + body


def test_hep_is_read() -> None:
    sip = b"BYE sip:x SIP/2.0\r\nCall-ID: abc\r\n\r\n"
    assert hep.read(packet(sip)) == Copied(1_764_000_000.25, "198.51.100.7:5060", "10.0.0.2:5061", parse(sip))


@pytest.mark.parametrize(
    "data", [b"", b"HEP3", packet(b"hello"), packet(b"BYE sip:x SIP/2.0\r\n\r\n", 5), packet(b"")[:30]]
)
def test_what_is_no_sip_in_hep(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        hep.read(data)


@given(st.binary(max_size=200))
def test_anything_is_read_or_refused(data: bytes) -> None:
    for content in (data, b"HEP3\x00\x00" + data):
        try:
            hep.read(content)
        except ProtocolError:
            continue
