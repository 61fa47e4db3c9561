import pytest

from controller.routing.numbers import country_of, normalise


@pytest.mark.parametrize(
    ("number", "country", "expected"),
    [
        ("+49 (30) 23125-000", "", "+493023125000"),
        ("030/23125000", "DE", "+493023125000"),
        ("0049 30 23125000", "DE", "+493023125000"),
        ("0049 30 23125000", "", "+493023125000"),
        ("00493023125000", "GB", "+493023125000"),
        ("011493023125000", "US", "+493023125000"),
        ("493023125000", "DE", "+493023125000"),
        ("493023125000", "", "+493023125000"),
        ("(202) 555-0123", "US", "+12025550123"),
        ("01632 960123", "GB", "01632960123"),
        ("030 23125000", "", "03023125000"),
        ("100", "DE", "100"),
        ("112345", "AT", "112345"),
        ("alice", "DE", "alice"),
        ("", "DE", ""),
        (" anonymous ", "DE", ""),
        ("Restricted", "", ""),
    ],
)
def test_one_form(number: str, country: str, expected: str) -> None:
    assert normalise(number, country) == expected
    assert normalise(expected, country) == expected


@pytest.mark.parametrize(
    ("number", "country"),
    [
        ("+493023125000", "DE"),
        ("+12025550123", "US"),
        ("+14165550123", "CA"),
        ("+43720880000", "AT"),
        ("100", ""),
        ("", ""),
    ],
)
def test_the_country(number: str, country: str) -> None:
    assert country_of(number) == country
