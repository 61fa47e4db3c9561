from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from controller.routing.closures import ALL, Closure, Closures, parse_until

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 24, 16, 30, tzinfo=UTC)  # 17:30 in Berlin
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("18:00", "2026-11-24T18:00+01:00"),
        ("17:30", "2026-11-25T17:30+01:00"),
        ("7:05", "2026-11-25T07:05+01:00"),
        ("2026-12-24", "2026-12-24T00:00+01:00"),
        ("2026-12-24T18:00", "2026-12-24T18:00+01:00"),
        ("2026-12-24 18:00", "2026-12-24T18:00+01:00"),
        ("2027-07-01T18:00", "2027-07-01T18:00+02:00"),
        ("2026-12-24T18:00Z", "2026-12-24T18:00+00:00"),
    ],
)
def test_until(text: str, until: str) -> None:
    assert parse_until(text, NOW, BERLIN) == datetime.fromisoformat(until)


@pytest.mark.parametrize("text", ["", "soon", "25:00", "2026-11-24T17:30", "2026-11-23", "18"])
def test_no_until(text: str) -> None:
    with pytest.raises(ValueError, match=r"is (no time|over)"):
        parse_until(text, NOW, BERLIN)


def test_the_one_that_lasts_longest_counts() -> None:
    office, everything = Closure("office", NOW + HOUR), Closure(ALL, NOW + 2 * HOUR)
    closures = Closures().closed(office).closed(everything)
    assert closures.at("office", NOW) == everything
    assert closures.at("shop", NOW) == everything
    assert closures.opened("office").at("shop", NOW + 2 * HOUR) is None
    assert Closures().closed(office).at("shop", NOW) is None
    assert Closures().closed(office).at("office", NOW + HOUR) is None


def test_closing_again_replaces_and_what_is_over_is_dropped() -> None:
    closures = Closures().closed(Closure("office", NOW)).closed(Closure("office", NOW + HOUR, "training"))
    assert [closure.reason for closure in closures.by_calendar.values()] == ["training"]
    assert closures.current(NOW) == closures
    assert closures.current(NOW + HOUR) == Closures()


def test_in_words() -> None:
    assert Closure("office", NOW, "training").words(BERLIN) == "closed by switch until 2026-11-24 17:30: training"
    assert Closure("office", NOW).words(BERLIN) == "closed by switch until 2026-11-24 17:30"
