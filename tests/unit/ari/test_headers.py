import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.ari import headers


@given(st.binary(max_size=headers.USER_TO_USER_BYTES_MAX))
def test_user_to_user_comes_back(content: bytes) -> None:
    assert headers.from_user_to_user(headers.user_to_user(content)) == content


@pytest.mark.parametrize(
    ("header", "content"),
    [
        ("48656c6c6f;encoding=hex", b"Hello"),
        ("48656C6C6F ; purpose=isdn-uui ; Encoding=HEX", b"Hello"),
        ("48656c6c6f", b"Hello"),
        ('"Hello";encoding=text', None),
        ("Hello;encoding=hex", None),
        ("", b""),
    ],
)
def test_user_to_user_as_others_write_it(header: str, content: bytes | None) -> None:
    assert headers.from_user_to_user(header) == content


def test_user_to_user_has_a_limit() -> None:
    with pytest.raises(ValueError, match="129 bytes"):
        headers.user_to_user(bytes(129))


def test_what_goes_out_with_a_call() -> None:
    variables = headers.outgoing(
        {"X-Call-Id": "c-1", "Diversion": "<sip:+49@x>;reason=deflection", "X-Empty": ""},
        caller_number="+491713920012", caller_name="Erika",
    )  # fmt: skip
    assert variables == {
        "PJSIP_HEADER(add,X-Call-Id)": "c-1",
        "PJSIP_HEADER(add,Diversion)": "<sip:+49@x>;reason=deflection",
        "CONNECTEDLINE(num)": "+491713920012",
        "CONNECTEDLINE(name)": "Erika",
        "CONNECTEDLINE(pres)": "allowed",
    }


def test_nothing_begins_another_header() -> None:
    variables = headers.outgoing({"X-Summary": "wants\r\nX-Evil: 1\x00"}, caller_number="1", caller_name="a\nb")
    assert variables["PJSIP_HEADER(add,X-Summary)"] == "wants  X-Evil: 1"
    assert variables["CONNECTEDLINE(name)"] == "a b"
    with pytest.raises(ValueError, match="no name of a SIP header"):
        headers.outgoing({"X-A)": "1"})
    with pytest.raises(ValueError, match="1001 bytes"):
        headers.outgoing({"X-A": "1" * 1001})


def test_headers_of_a_refer_are_part_of_the_address() -> None:
    assert headers.refer_target("sip:+4930@pbx.example") == "PJSIP/sip:+4930@pbx.example"
    given = {"User-to-User": "4865;encoding=hex", "X-Handoff-Id": "h 1&2"}
    target = headers.refer_target("sip:+4930@pbx.example:5060", given)
    assert target == ("PJSIP/<sip:+4930@pbx.example:5060?User-to-User=4865%3Bencoding%3Dhex&X-Handoff-Id=h%201%262>")


@pytest.mark.parametrize("uri", ["", "+4930", "tel:+4930", "sip:a@b>,x", "sip:a@b?X-Evil=1", "sip:a b@c", "sip:a,b@c"])
def test_what_nobody_can_be_referred_to(uri: str) -> None:
    with pytest.raises(ValueError, match="no address"):
        headers.refer_target(uri)
