"""SIP as it is read and written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.doctor.sip_message import Media, SipMessage, answer, build, parse, read_sdp, write_sdp
from controller.errors import ProtocolError

INVITE = (
    b"INVITE sip:doctor@192.0.2.7 SIP/2.0\r\nv: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:a@x>;tag=1\r\n"
    b"To: <sip:doctor@192.0.2.7>\r\nCall-ID: abc\r\nCSeq: 7 INVITE\r\nX-Long: one\r\n two\r\n\r\nhi"
)


def test_a_request_is_read() -> None:
    message = parse(INVITE)
    assert (message.method, message.status, message.body) == ("INVITE", 0, "hi")
    assert (message.header("via"), message.header("x-long")) == ("SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1", "one two")
    assert message.header("Subject") == ""


def test_an_answer_belongs_to_its_request() -> None:
    told = parse(build(answer(parse(INVITE), 200, "OK", "mine", "<sip:doctor@192.0.2.7>", "v=0\r\n")))
    assert (told.status, told.method, told.header("To")) == (200, "INVITE", "<sip:doctor@192.0.2.7>;tag=mine")
    assert (told.header("Call-ID"), told.header("Content-Length"), told.body) == ("abc", "5", "v=0\r\n")


@pytest.mark.parametrize("data", [b"", b"hello", b"\x80\x00\x01\x02", b"GET / HTTP/1.1\r\n\r\n"])
def test_what_is_no_sip(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        parse(data)


@given(st.binary(max_size=300))
def test_anything_is_read_or_refused(data: bytes) -> None:
    for content in (data, b"SIP/2.0 200 OK\r\n" + data, b"BYE sip:x SIP/2.0\r\n" + data):
        try:
            message = parse(content)
        except ProtocolError:
            continue
        assert isinstance(message.status, int)
        read_sdp(message.body)


def test_sdp() -> None:
    assert read_sdp(write_sdp("192.0.2.7", 4000)) == Media("192.0.2.7", 4000, (0,), ("PCMU",))
    offered = (
        "v=0\r\nc=IN IP4 10.0.0.1\r\nm=audio 9 RTP/AVP 8 107\r\nc=IN IP4 10.0.0.2\r\na=rtpmap:107 opus/48000/2\r\n"
    )
    assert read_sdp(offered) == Media("10.0.0.1", 9, (8, 107), ("PCMA", "opus"))
    assert read_sdp("v=0\r\n") is None


def test_headers_by_their_short_names() -> None:
    assert SipMessage("BYE sip:x SIP/2.0", (("i", "abc"),)).header("Call-ID") == "abc"
