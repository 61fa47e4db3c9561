"""What somebody has closed for now, by command or API, until a time that they named."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

ALL: Final = ""
"""Instead of the name of a calendar."""


_CLOCK: Final = re.compile(r"(\d{1,2}):(\d\d)")


def parse_until(text: str, now: datetime, zone: ZoneInfo) -> datetime:
    """The end that somebody names: `18:00` is the next time that it is six, a date the beginning of that day.

    `now` is aware. Raises ValueError for what is no time, or is over.
    """
    local = now.astimezone(zone)
    clock = _CLOCK.fullmatch(text)
    try:
        if clock:
            until = local.replace(hour=int(clock[1]), minute=int(clock[2]), second=0, microsecond=0, fold=0)
            return until if until.astimezone(UTC) > now else until + timedelta(days=1)
        until = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no time") from error
    until = until if until.tzinfo else until.replace(tzinfo=zone)
    if until.astimezone(UTC) <= now:
        raise ValueError(f"{until:%Y-%m-%d %H:%M} is over")
    return until


@dataclass(frozen=True, slots=True)
class Closure:
    """`calendar` is closed until a moment (aware)."""

    calendar: str
    until: datetime
    reason: str = ""

    def words(self, zone: ZoneInfo) -> str:
        until = f"{self.until.astimezone(zone):%Y-%m-%d %H:%M}"
        return f"closed by switch until {until}" + (f": {self.reason}" if self.reason else "")


@dataclass(frozen=True, slots=True)
class Closures:
    """All of them, by calendar."""

    by_calendar: Mapping[str, Closure] = field(default_factory=dict)

    def at(self, calendar: str, moment: datetime) -> Closure | None:
        """What closes a calendar at a moment, if anything: of several the one that lasts longest."""
        found = [self.by_calendar.get(name) for name in {calendar, ALL}]
        current = [closure for closure in found if closure is not None and moment < closure.until]
        return max(current, key=lambda closure: closure.until, default=None)

    def closed(self, closure: Closure) -> "Closures":
        """With one more, in place of an earlier one of the same calendar."""
        return Closures({**self.by_calendar, closure.calendar: closure})

    def opened(self, calendar: str) -> "Closures":
        """Without that of a calendar, or without any."""
        if calendar == ALL:
            return Closures()
        return Closures({name: closure for name, closure in self.by_calendar.items() if name != calendar})

    def current(self, moment: datetime) -> "Closures":
        """Without those that are over."""
        return Closures({name: closure for name, closure in self.by_calendar.items() if moment < closure.until})
