"""Card numbers go, as people write and speech recognition hears them; other numbers stay."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.records.items import CallOpened, ResultReported, TranscriptSaid
from controller.records.redaction import CARD_REMOVED, redact


def kept(text: str) -> str:
    return redact(TranscriptSaid("c1", "t1", 0, "caller", text)).text


@pytest.mark.parametrize(
    "card",
    [
        "4111111111111111",
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "5555 5555 5555 4444",
        "3782 822463 10005",
        "6011 1111 1111 1117",
        "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
        "41 11, 11 11, 11 11, 11 11",
    ],
)
def test_cards_go(card: str) -> None:
    assert kept(f"It is {card}, until 12/27.") == f"It is {CARD_REMOVED}, until 12/27."


def test_what_stands_beside_a_card_stays() -> None:
    assert kept("4111 1111 1111 1111 12 and 5555555555554444.") == f"{CARD_REMOVED} 12 and {CARD_REMOVED}."


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1112",
        "+4111111111111111",
        "call 20261122-141507-7f3k9q",
        "030 12345678, or 0049 30 12345678",
        "order 1234567890123",
        "x4111111111111111",
        "",
    ],
)
def test_others_stay(text: str) -> None:
    item = TranscriptSaid("c1", "t1", 0, "caller", text)
    assert redact(item) is item


def test_data_of_a_result_at_any_depth() -> None:
    item = ResultReported(
        "c1", "r1", 0, "Paid", {"card": 4111111111111111, "seen": [{"4111111111111111": True}], "n": 7}
    )
    assert redact(item).data == {"card": CARD_REMOVED, "seen": [{CARD_REMOVED: True}], "n": 7}


def test_ids_and_numbers_are_no_text() -> None:
    opened = CallOpened("4111111111111111", datetime.now(UTC), "4111111111111111", None, None, "r")
    assert redact(opened) == opened


def test_what_postgres_cannot_hold_is_replaced() -> None:
    assert kept("a\0b") == "a\N{REPLACEMENT CHARACTER}b"


@given(st.text(alphabet="0123456789 -,.x+"))
def test_nothing_that_is_left_is_a_card(text: str) -> None:
    once = kept(text)
    assert kept(once) == once
