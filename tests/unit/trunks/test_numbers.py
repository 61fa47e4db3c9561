"""Numbers as carriers write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.routing.numbers import normalise
from controller.trunks.numbers import Arrived, arrived, form_of, send, write
from controller.trunks.trunk import NumberForm, Trunk, Way

BERLIN = "+493023125000"
FORMS = {
    BERLIN: NumberForm.PLUS,
    "493023125000": NumberForm.DIGITS,
    "00493023125000": NumberForm.INTERNATIONAL,
    "03023125000": NumberForm.NATIONAL,
    "100": NumberForm.OTHER,
    "reception": NumberForm.OTHER,
}


def trunk(**fields: object) -> Trunk:
    return Trunk("carrier", Way.PEER, "h", country="DE", **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(("number", "form"), FORMS.items())
def test_forms(number: str, form: NumberForm) -> None:
    assert form_of(number) is form


@pytest.mark.parametrize("form", [one for one in NumberForm if one is not NumberForm.OTHER])
def test_what_is_written_in_a_form_has_it_and_is_understood(form: NumberForm) -> None:
    written = write(BERLIN, form)
    assert form_of(written) is form
    assert normalise(written, "DE") == BERLIN


def test_national_is_for_numbers_at_home_only() -> None:
    at_home = trunk(send_as=NumberForm.NATIONAL)
    assert send(BERLIN, at_home) == "03023125000"
    assert send("+431234567890", at_home) == "00431234567890"
    assert send("100", at_home) == "100"
    assert send(BERLIN, trunk()) == BERLIN


@pytest.mark.parametrize("text", list(FORMS)[:4])
def test_any_form_is_understood_and_another_than_expected_is_named(text: str) -> None:
    assert arrived(text, trunk()) == Arrived(BERLIN)
    expected = arrived(text, trunk(arrive_as=NumberForm.PLUS))
    assert expected.number == BERLIN
    assert bool(expected.oddity) == (text != BERLIN)


def test_the_end_of_a_number_is_enough_where_it_is_one_number() -> None:
    ours = trunk(numbers=(BERLIN, "+493023125010"))
    assert arrived("5000", ours) == Arrived(BERLIN, f"'5000' came for {BERLIN}: only its end")
    assert arrived("23125010", ours).number == "+493023125010"
    ambiguous = trunk(numbers=(BERLIN, "+494023125000"))
    assert arrived("5000", ambiguous) == Arrived("5000", "'5000' is none of the numbers of trunk carrier")
    assert arrived("00", ours).number == "00"


def test_a_block_of_numbers() -> None:
    ours = trunk(numbers=("+4930231250*",))
    assert arrived("03023125042", ours) == Arrived("+493023125042")
    assert arrived("03099999999", ours).oddity == "'03099999999' is none of the numbers of trunk carrier"


@given(st.text(max_size=40))
def test_nothing_that_arrives_does_harm(text: str) -> None:
    arrived(text, trunk(numbers=(BERLIN,), arrive_as=NumberForm.PLUS))
    form_of(text)
