"""When somebody is there: weekly hours, public holidays, closing days and special hours, in a time zone.

An interval belongs to the day on which it begins: `22:00-02:00` of a Friday is open until two on Saturday, even if
that is a holiday. Where the clocks change within an interval it stays one interval: it begins with the first moment
that the clock shows its beginning or later, and ends with the last one that shows less than its end.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from holidays import HolidayBase

DAY: Final = timedelta(days=1)
DAY_MINUTES: Final = 24 * 60
MINUTE: Final = timedelta(minutes=1)
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Hours(NamedTuple):
    """From a minute of the day to another; past 24 hours it ends on the next day."""

    start: int
    end: int

    def __str__(self) -> str:
        return f"{_clock(self.start)}-{_clock(self.end)}"


class YearlyDate(NamedTuple):
    """The same day every year."""

    month: int
    day: int


@dataclass(frozen=True, slots=True)
class ClosingDays:
    """From one date to another, both included, or the same day every year."""

    first: date | YearlyDate
    last: date | YearlyDate
    reason: str = ""

    def covers(self, day: date) -> bool:
        if isinstance(self.first, YearlyDate):
            return self.first == (day.month, day.day)
        return isinstance(self.last, date) and self.first <= day <= self.last


class State(NamedTuple):
    """Of a calendar at a moment. `reason` is a part of a sentence."""

    open: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Calendar:
    """Special hours outrank closing days, these outrank public holidays, and these the hours of the week."""

    name: str
    zone: ZoneInfo
    weekly: Mapping[int, tuple[Hours, ...]]
    """By weekday, 0 is Monday."""
    public_holidays: HolidayBase | None = None
    closing_days: tuple[ClosingDays, ...] = ()
    special: Mapping[date | YearlyDate, tuple[Hours, ...]] = field(default_factory=dict)

    def state(self, at: datetime) -> State:
        """Whether it is open at a moment (aware), and why."""
        at = at.astimezone(UTC)
        today = at.astimezone(self.zone).date()
        for day in (today, today - DAY):
            for hours in self.hours_on(day)[0]:
                if self._covers(day, hours, at):
                    return State(True, f"open, {_weekday(day)} {day.isoformat()} {hours}")
        return State(False, f"closed, {self._why_closed(today, at)}")

    def hours_on(self, day: date) -> tuple[tuple[Hours, ...], str]:
        """Of the intervals that begin on a day, and what makes it differ from others of the week."""
        special = self.special.get(day)
        if special is None:
            special = self.special.get(YearlyDate(day.month, day.day))
        if special is not None:
            return special, "special hours"
        for closing in self.closing_days:
            if closing.covers(day):
                return (), f"closing day {closing.reason or day.isoformat()}"
        if self.public_holidays is not None and (holiday := self.public_holidays.get(day)):
            return (), f"public holiday {holiday}"
        return self.weekly.get(day.weekday(), ()), ""

    def _covers(self, day: date, hours: Hours, at: datetime) -> bool:
        start, end = _wall(day, hours.start), _wall(day, hours.end)
        wall = at.astimezone(self.zone).replace(tzinfo=None, fold=0)
        if start <= wall < end:
            return True
        # The hour that comes twice in autumn, where the interval begins or ends within it: to the last minute's second
        # time. The end itself may be the first minute that comes twice, and closes at once.
        first = start.replace(tzinfo=self.zone, fold=0).astimezone(UTC)
        last_minute = (end - MINUTE).replace(tzinfo=self.zone, fold=1).astimezone(UTC)
        return first <= at < last_minute + MINUTE

    def _why_closed(self, day: date, at: datetime) -> str:
        hours, special = self.hours_on(day)
        if special and not hours:
            return special
        if not hours:
            return f"no hours on {_weekday(day)}"
        now = at.astimezone(self.zone)
        said = ", ".join(map(str, hours))
        return f"{_weekday(day)} {now:%H:%M} is outside {said}" + (f" ({special})" if special else "")


def _wall(day: date, minute: int) -> datetime:
    """What the clock shows."""
    return datetime.combine(day, time()) + timedelta(minutes=minute)


def _weekday(day: date) -> str:
    return WEEKDAYS[day.weekday()].capitalize()


def _clock(minute: int) -> str:
    if minute != DAY_MINUTES:
        minute %= DAY_MINUTES
    return f"{minute // 60:02}:{minute % 60:02}"
