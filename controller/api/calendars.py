"""The hours of the calendars, day by day, as the routes file has them: for a week, or a year, to be looked at."""

from datetime import date, timedelta
from typing import Annotated, Final

from pydantic import Field

from controller.api.operations import Asked, Model, Nothing, Operation
from controller.api.parts import Parts
from controller.api.tokens import Role
from controller.routing.calendar import Calendar

DAYS_MAX: Final = 400
"""A year, and what is left of its last week."""


EARLIEST: Final = date(2000, 1, 1)
LATEST: Final = date(2100, 1, 1)
"""Beyond it nobody knows what is a holiday."""


class HoursQuery(Model):
    """Which days."""

    first: Annotated[date, Field(ge=EARLIEST, le=LATEST)]
    """Such as 2026-11-23."""
    days: Annotated[int, Field(ge=1, le=DAYS_MAX)] = 7


class OpenHours(Model):
    """Minutes of the day; past 1440 it ends on the next day."""

    start: int
    end: int


class Day(Model):
    """One day of a calendar."""

    day: date
    open: list[OpenHours]
    """None: closed."""
    reason: str
    """What makes it differ from others of the week: a public holiday, a closing day, special hours; empty: nothing."""


class CalendarHours(Model):
    """One calendar."""

    name: str
    time_zone: str
    days: list[Day]


class CalendarList(Model):
    """All of them. What is closed by switch is not in it: see /v1/closed."""

    calendars: list[CalendarHours]


async def show_hours(parts: Parts, asked: Asked[HoursQuery, Nothing]) -> CalendarList:
    days = [asked.query.first + timedelta(days=n) for n in range(asked.query.days)]
    calendars = parts.router.routes.calendars
    return CalendarList(calendars=[_hours(calendars[name], days) for name in sorted(calendars)])


def _hours(calendar: Calendar, days: list[date]) -> CalendarHours:
    return CalendarHours(name=calendar.name, time_zone=calendar.zone.key, days=[_day(calendar, day) for day in days])


def _day(calendar: Calendar, day: date) -> Day:
    hours, reason = calendar.hours_on(day)
    return Day(day=day, open=[OpenHours(start=one.start, end=one.end) for one in hours], reason=reason)


OPERATIONS = (
    Operation("GET", "/v1/hours", Role.READ, show_hours, "The hours of the calendars", CalendarList, query=HoursQuery),
)
