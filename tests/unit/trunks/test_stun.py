"""STUN's question and answers: the vectors of RFC 5769, and what comes from elsewhere."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.errors import ProtocolError
from controller.trunks import stun

TRANSACTION = bytes.fromhex("b7e7a701bc34d686fa87dfae")
# RFC 5769, 2.2: software, XOR-MAPPED-ADDRESS 192.0.2.1:32853, integrity, fingerprint.
SAMPLE = bytes.fromhex(
    "0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000080001a147e112a643"
    "000800142b91f599fd9e90c38c7489f92af9ba53f06be7d780280004c07d4c96"
)
SAMPLE_IPV6 = bytes.fromhex(
    "010100482112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000140002a147"
    "0113a9faa5d3f179bc25f4b5bed2b9d900080014a382954e4be67bf11784c97c8292c275bfe3ed4180280004c8fb0b4c"
)


def answer(attributes: str, kind: str = "0101", cookie: str = "2112a442", transaction: bytes = TRANSACTION) -> bytes:
    content = bytes.fromhex(attributes)
    return bytes.fromhex(f"{kind}{len(content):04x}{cookie}") + transaction + content


def test_the_question() -> None:
    assert stun.question(TRANSACTION).hex() == "000100002112a442" + TRANSACTION.hex()


def test_the_sample_of_the_rfc() -> None:
    assert stun.answered(SAMPLE, TRANSACTION) == "192.0.2.1"


def test_an_answer_in_ipv6_is_none_that_asterisk_could_tell() -> None:
    with pytest.raises(ProtocolError, match="no IPv4 address"):
        stun.answered(SAMPLE_IPV6, TRANSACTION)


def test_a_server_of_rfc_3489() -> None:
    assert stun.answered(answer("000100080001c31bcb00710780200008000100000000ffff"), TRANSACTION) == "203.0.113.7"


def test_a_refusal() -> None:
    with pytest.raises(ProtocolError, match="refuses"):
        stun.answered(answer("0009000400000401", kind="0111"), TRANSACTION)


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        SAMPLE[:19],
        SAMPLE[:-1],
        answer("000100080001c31bcb007107", transaction=bytes(12)),
        answer("000100080001c31bcb007107", cookie="00000000"),
        answer("000100080001c31bcb007107", kind="0001"),
    ],
    ids=["nothing", "half a header", "cut off", "of another question", "no STUN", "a question"],
)
def test_what_is_no_answer_is_passed_over(datagram: bytes) -> None:
    assert stun.answered(datagram, TRANSACTION) is None


@given(st.binary(max_size=100))
def test_no_content_does_any_harm(content: bytes) -> None:
    with suppress(ProtocolError):
        assert stun.answered(answer(content.hex()), TRANSACTION)
