"""From `[calendars.NAME]` of routes.toml to a calendar."""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from itertools import pairwise
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from holidays import HolidayBase, country_holidays, list_supported_countries
from pydantic import Field, ValidationError

from controller.routing.calendar import DAY_MINUTES, WEEKDAYS, Calendar, ClosingDays, Hours, YearlyDate
from controller.routing.locate import Path
from controller.routing.problems import Findings, nearest
from controller.routing.tables import ClosingTable, Table

HOURS_MEND: Final = 'Write "09:00-12:30"; an end before the beginning is on the next day; all day is "00:00-24:00"'
DATE_MEND: Final = 'Write 2026-12-24, or "12-24" for every year'
HOLIDAY_LANGUAGE: Final = "en_US"
"""Of their names in reasons, where the library has it: the other words of a reason are English too."""

_HOURS: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)\s*-\s*([01]\d|2[0-4]):([0-5]\d)")
_DAYS: Final = re.compile(rf"({'|'.join(WEEKDAYS)})(?:-({'|'.join(WEEKDAYS)}))?")
_YEARLY: Final = re.compile(r"(\d\d)-(\d\d)")
_LEAP_YEAR: Final = 2000
"""In which every day exists."""


class HolidaysTable(Table):
    country: str
    region: str = ""


class CalendarTable(Table):
    """What is no weekday."""

    time_zone: str = ""
    public_holidays: HolidaysTable | None = None
    closed: list[Any] = Field(default=[])
    special: dict[str, Any] = Field(default={})


def read_calendar(name: str, raw: Mapping[str, Any], zone: ZoneInfo | None, findings: Findings) -> Calendar | None:
    """None where it has problems; they are among the findings. `zone`: where it names none."""
    return _Reading(name, zone, findings).read(raw)


def zone_of(name: str, path: Path, findings: Findings) -> ZoneInfo | None:
    """A time zone of the IANA database."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        mend = nearest(name, available_timezones(), 'Write it as in "Europe/Berlin"')
        findings.add(path, f"there is no time zone {name!r}", mend)
        return None


class _Reading:
    def __init__(self, name: str, default_zone: ZoneInfo | None, findings: Findings) -> None:
        self._name = name
        self._path: Path = ("calendars", name)
        self._default_zone = default_zone
        self._findings = findings

    def read(self, raw: Mapping[str, Any]) -> Calendar | None:
        before = len(self._findings.problems)
        weekly = self._weekly({key: value for key, value in raw.items() if _DAYS.fullmatch(key)})
        others = {key: value for key, value in raw.items() if not _DAYS.fullmatch(key)}
        for key in others.keys() - CalendarTable.model_fields:
            mend = nearest(key, [*CalendarTable.model_fields, *WEEKDAYS, "mon-fri", "sat-sun"])
            self._findings.add((*self._path, key), "this key is not known", mend)
            del others[key]
        try:
            table = CalendarTable.model_validate(others)
        except ValidationError as error:
            self._findings.add_all(self._path, CalendarTable, error)
            return None
        zone = self._zone(table)
        holidays = self._holidays(table.public_holidays) if table.public_holidays else None
        closing = tuple(self._closing(table.closed))
        special = self._special(table.special)
        if zone is None or len(self._findings.problems) > before:
            return None
        return Calendar(self._name, zone, weekly, holidays, closing, special)

    def _zone(self, table: CalendarTable) -> ZoneInfo | None:
        if table.time_zone:
            return zone_of(table.time_zone, (*self._path, "time_zone"), self._findings)
        if self._default_zone is None:
            self._findings.add(
                self._path, "has no time zone", 'Write time_zone = "Europe/Berlin" here or in [defaults]'
            )
        return self._default_zone

    def _weekly(self, days: Mapping[str, Any]) -> dict[int, tuple[Hours, ...]]:
        """A day outranks a span of days, and a shorter span a longer one."""
        weekly: dict[int, tuple[Hours, ...]] = {}
        for key in sorted(days, key=lambda key: -len(_days(key))):
            hours = self._hours_of(days[key], (*self._path, key))
            weekly.update(dict.fromkeys(_days(key), hours))
        return weekly

    def _hours_of(self, value: Any, path: Path) -> tuple[Hours, ...]:
        if not isinstance(value, list):
            self._findings.add(path, "hours are a list", 'Write ["09:00-12:30", "13:30-18:00"], or [] for closed')
            return ()
        found = [self._hours(one, (*path, index)) for index, one in enumerate(value)]
        hours = sorted(one for one in found if one)
        for one, other in pairwise(hours):
            if other.start < one.end:
                self._findings.add(path, f"{one} and {other} overlap", "Let one end before the other begins")
        return tuple(hours)

    def _hours(self, value: Any, path: Path) -> Hours | None:
        match = _HOURS.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            self._findings.add(path, f"{value!r} are no hours", HOURS_MEND)
            return None
        start, end = int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])
        if start == end or end > DAY_MINUTES:
            self._findings.add(path, f"{value!r} are no hours", HOURS_MEND)
            return None
        return Hours(start, end if end > start else end + DAY_MINUTES)

    def _holidays(self, table: HolidaysTable) -> HolidayBase | None:
        path = (*self._path, "public_holidays")
        countries = list_supported_countries()
        if table.country not in countries:
            mend = nearest(table.country, countries, 'Write its two capital letters, such as "DE"')
            self._findings.add((*path, "country"), f"no public holidays are known of {table.country!r}", mend)
            return None
        regions = countries[table.country]
        if table.region and table.region not in regions:
            mend = nearest(table.region, regions)
            self._findings.add((*path, "region"), f"{table.country} has no region {table.region!r}", mend)
            return None
        found = country_holidays(table.country, subdiv=table.region or None)
        if HOLIDAY_LANGUAGE in found.supported_languages:
            found = country_holidays(table.country, subdiv=table.region or None, language=HOLIDAY_LANGUAGE)
        return found

    def _closing(self, values: list[Any]) -> Iterator[ClosingDays]:
        for index, value in enumerate(values):
            path = (*self._path, "closed", index)
            if isinstance(value, dict):
                try:
                    table = ClosingTable.model_validate(value)
                except ValidationError as error:
                    self._findings.add_all(path, ClosingTable, error)
                    continue
                last = table.to or table.from_
                if last < table.from_:
                    self._findings.add(path, "it ends before it begins", "Exchange from and to")
                yield ClosingDays(table.from_, last, table.reason)
            elif day := self._day(value, path):
                yield ClosingDays(day, day)

    def _special(self, raw: Mapping[str, Any]) -> dict[date | YearlyDate, tuple[Hours, ...]]:
        special = {}
        for key, value in raw.items():
            path = (*self._path, "special", key)
            day = self._day(key, path)
            hours = self._hours_of(value, path)
            if day:
                special[day] = hours
        return special

    def _day(self, value: Any, path: Path) -> date | YearlyDate | None:
        try:
            if isinstance(value, date) and not isinstance(value, datetime):
                return value
            if isinstance(value, str) and (yearly := _YEARLY.fullmatch(value)):
                date(_LEAP_YEAR, int(yearly[1]), int(yearly[2]))
                return YearlyDate(int(yearly[1]), int(yearly[2]))
            if isinstance(value, str):
                return date.fromisoformat(value)
        except ValueError:
            pass
        self._findings.add(path, f"{value!s} is no date", DATE_MEND)
        return None


def _days(key: str) -> list[int]:
    """Weekdays; `sat-mon` are three."""
    first, _, last = key.partition("-")
    start = WEEKDAYS.index(first)
    count = (WEEKDAYS.index(last or first) - start) % 7 + 1
    return [(start + step) % 7 for step in range(count)]
