"""Opening hours, held against an oracle that looks at every minute on the clock."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.routing.calendar import Calendar, Hours
from tests.unit.routing.files import routes_of

MINUTE = timedelta(minutes=1)
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC", "Asia/Kolkata")
CHANGES = {
    "Europe/Berlin": (date(2026, 3, 29), date(2026, 10, 25)),
    "America/New_York": (date(2026, 3, 8), date(2026, 11, 1)),
    "Australia/Lord_Howe": (date(2026, 4, 5), date(2026, 10, 4)),
    "UTC": (date(2026, 3, 29),),
    "Asia/Kolkata": (date(2026, 3, 29),),
}


def calendar(text: str) -> Calendar:
    routes = routes_of(f'[calendars.c]\n{text}\n[[routes]]\nname = "r"\nladder = [{{busy = 486}}]')
    return routes.calendars["c"]


BERLIN = calendar(
    """
    time_zone = "Europe/Berlin"
    mon-fri = ["09:00-12:30", "13:30-18:00"]
    fri = ["09:00-15:00", "22:00-02:00"]
    public_holidays = {country = "DE", region = "BE"}
    closed = ["12-24", 2026-05-15, {from = 2026-07-27, to = 2026-08-07, reason = "company holidays"}]
    [calendars.c.special]
    2026-12-23 = ["09:00-12:00"]
    2026-12-25 = ["10:00-11:00"]
    12-31 = []
    """
)


@pytest.mark.parametrize(
    ("at", "is_open", "reason"),
    [
        ("2026-11-24T09:00+01:00", True, "open, Tue 2026-11-24 09:00-12:30"),
        ("2026-11-24T12:29:59+01:00", True, "open, Tue 2026-11-24 09:00-12:30"),
        ("2026-11-24T12:30+01:00", False, "closed, Tue 12:30 is outside 09:00-12:30, 13:30-18:00"),
        ("2026-11-24T11:29+00:00", True, "open, Tue 2026-11-24 09:00-12:30"),
        ("2026-11-24T17:00+00:00", False, "closed, Tue 18:00 is outside 09:00-12:30, 13:30-18:00"),
        ("2026-11-27T16:00+01:00", False, "closed, Fri 16:00 is outside 09:00-15:00, 22:00-02:00"),
        ("2026-11-28T01:59+01:00", True, "open, Fri 2026-11-27 22:00-02:00"),
        ("2026-11-28T02:00+01:00", False, "closed, no hours on Sat"),
        ("2026-05-01T23:00+02:00", False, "closed, public holiday Labor Day"),
        ("2026-05-02T01:00+02:00", False, "closed, no hours on Sat"),
        ("2026-12-24T10:00+01:00", False, "closed, closing day 2026-12-24"),
        ("2027-12-24T10:00+01:00", False, "closed, closing day 2027-12-24"),
        ("2026-05-15T10:00+02:00", False, "closed, closing day 2026-05-15"),
        ("2026-08-07T10:00+02:00", False, "closed, closing day company holidays"),
        ("2026-08-08T10:00+02:00", False, "closed, no hours on Sat"),
        ("2026-12-23T13:00+01:00", False, "closed, Wed 13:00 is outside 09:00-12:00 (special hours)"),
        ("2026-12-25T10:30+01:00", True, "open, Fri 2026-12-25 10:00-11:00"),
        ("2029-12-31T10:30+01:00", False, "closed, special hours"),
        ("2026-03-09T10:00+01:00", True, "open, Mon 2026-03-09 09:00-12:30"),
    ],
)
def test_of_an_office(at: str, is_open: bool, reason: str) -> None:
    state = BERLIN.state(datetime.fromisoformat(at))
    assert (state.reason, state.open) == (reason, is_open)


def test_a_holiday_of_another_region_is_none() -> None:
    zone = 'time_zone = "Europe/Berlin"\nmon-sun = ["00:00-24:00"]\n'
    bavaria = calendar(zone + 'public_holidays = {country = "DE", region = "BY"}')
    epiphany = datetime(2026, 1, 6, 10, tzinfo=UTC)
    assert bavaria.state(epiphany).reason == "closed, public holiday Epiphany"
    assert BERLIN.state(epiphany).open


def test_a_shift_that_began_before_a_holiday_goes_on_into_it() -> None:
    """Of the night before German Unity Day, and of its own."""
    night = calendar('time_zone = "Europe/Berlin"\nmon-sun = ["22:00-02:00"]\npublic_holidays = {country = "DE"}')
    assert night.state(datetime.fromisoformat("2026-10-03T01:30+02:00")).open
    assert not night.state(datetime.fromisoformat("2026-10-03T22:30+02:00")).open
    assert not night.state(datetime.fromisoformat("2026-10-04T01:30+02:00")).open


@cache
def clock(zone: str, around: date) -> list[tuple[datetime, datetime]]:
    """Every minute of three days, and what the clock on the wall shows."""
    start = datetime(around.year, around.month, around.day, tzinfo=UTC) - timedelta(days=1, hours=14)
    minutes = [start + MINUTE * count for count in range(4 * 24 * 60)]
    return [(minute, minute.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)) for minute in minutes]


def oracle(zone: str, day: date, hours: Hours) -> set[datetime]:
    """From the first minute that the clock shows within the hours to the last."""
    midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - what the clock shows
    start, end = midnight + MINUTE * hours.start, midnight + MINUTE * hours.end
    shown = [minute for minute, wall in clock(zone, day) if start <= wall < end]
    if not shown:
        return set()
    return {minute for minute, _ in clock(zone, day) if shown[0] <= minute <= shown[-1]}


@given(
    zone=st.sampled_from(ZONES),
    which=st.integers(0, 1),
    start=st.integers(0, 24 * 60 - 1),
    length=st.integers(1, 24 * 60 - 1),
    offset=st.integers(-1, 0),
    data=st.data(),
)
def test_every_minute_around_the_change_of_the_clocks(
    zone: str, which: int, start: int, length: int, offset: int, data: st.DataObject
) -> None:
    changes = CHANGES[zone]
    day = changes[which % len(changes)] + timedelta(days=offset)
    hours = Hours(start, start + length)
    office = Calendar("c", ZoneInfo(zone), {}, special={day: (hours,)})
    expected = oracle(zone, day, hours)
    edges = [edge + MINUTE * step for edge in (min(expected), max(expected)) for step in (-1, 0, 1)] if expected else []
    others = data.draw(st.lists(st.sampled_from([minute for minute, _ in clock(zone, day)]), max_size=20))
    nights = [minute for minute, wall in clock(zone, changes[0]) if 0 <= wall.hour <= 3][::7]
    for at in (*edges, *others, *nights):
        assert office.state(at).open == (at in expected), (at, hours)


def test_the_hour_that_comes_twice() -> None:
    """Open until half past two of the night in which two comes twice: until the second one, without a gap."""
    night = calendar('time_zone = "Europe/Berlin"\nsat = ["22:00-02:30"]\nsun = ["08:00-12:00"]')
    states = [night.state(datetime(2026, 10, 25, 0, tzinfo=UTC) + MINUTE * 10 * count).open for count in range(12)]
    assert states == [True] * 9 + [False] * 3


def test_hours_that_end_where_the_clock_is_turned_back_to_end_the_first_time() -> None:
    """Lord Howe Island turns it back by half an hour, from two to half past one."""
    night = calendar('time_zone = "Australia/Lord_Howe"\nsun = ["00:00-01:30"]')
    states = [night.state(datetime(2026, 4, 4, 14, 20, tzinfo=UTC) + MINUTE * 10 * count).open for count in range(6)]
    assert states == [True] + [False] * 5


def test_the_hour_that_never_comes() -> None:
    night = calendar('time_zone = "Europe/Berlin"\nsun = ["02:30-04:00"]')
    states = [night.state(datetime(2026, 3, 29, 0, 30, tzinfo=UTC) + MINUTE * 10 * count).open for count in range(10)]
    assert states == [False] * 3 + [True] * 6 + [False]


def test_hours_are_written_as_they_were() -> None:
    assert str(Hours(0, 24 * 60)) == "00:00-24:00"
    assert str(Hours(22 * 60, 26 * 60)) == "22:00-02:00"


def test_why_a_day_is_as_it_is() -> None:
    assert BERLIN.hours_on(date(2026, 12, 24)) == ((), "closing day 2026-12-24")
    assert BERLIN.hours_on(date(2026, 8, 3)) == ((), "closing day company holidays")
    assert BERLIN.hours_on(date(2026, 10, 3)) == ((), "public holiday German Unity Day")
    assert BERLIN.hours_on(date(2026, 12, 25)) == ((Hours(600, 660),), "special hours")
    assert BERLIN.hours_on(date(2026, 11, 23)) == ((Hours(540, 750), Hours(810, 1080)), "")
