"""Records and files."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from controller.doctor.checks.asterisk import SKEW_SECONDS_MAX
from controller.doctor.finding import Area, Fault, Finding, fault, good, hint, skipped, warning

FREE_BYTES_MIN: Final = 200 * 1024 * 1024
"""Half a day of recordings of one line; with less SQLite and Asterisk soon fail in mid-call."""
FREE_SHARE_MIN: Final = 0.05
FREE_BYTES_ENOUGH: Final = 5 * 1024 * 1024 * 1024
"""On a large disk five per cent are plenty."""
MEGABYTE: Final = 1024 * 1024


class Schema(StrEnum):
    """Of the database, against what this version knows."""

    MISSING = "missing"
    OLDER = "older"
    CURRENT = "current"
    NEWER = "newer"


@dataclass(frozen=True, slots=True)
class RecordsSeen:
    """`url` without its password. `problem`: why it cannot be opened, or not be written."""

    url: str
    problem: str = ""
    schema: Schema = Schema.CURRENT
    revision: str = ""
    ahead_seconds: float = 0.0
    """The database's clock before ours."""


@dataclass(frozen=True, slots=True)
class FolderSeen:
    """`problem`: why nothing can be written there."""

    setting: str
    path: str
    problem: str = ""
    free_bytes: int = 0
    total_bytes: int = 0


def records(seen: RecordsSeen) -> Iterator[Finding]:
    if seen.problem:
        mend = "Name a file that can be written, or start Postgres and correct user, password and host"
        problem = f"{seen.url} cannot be used: {seen.problem}"
        yield fault(Area.RECORDS, Fault.RECORDS_UNUSABLE, problem, mend, "DATABASE_URL")
    elif seen.schema is Schema.NEWER:
        problem = f"{seen.url} was written by a newer ari-controller (schema {seen.revision})"
        mend = "Upgrade ari-controller, or name another database"
        yield fault(Area.RECORDS, Fault.RECORDS_NEWER, problem, mend, "DATABASE_URL")
    elif seen.schema is Schema.OLDER:
        problem = f"{seen.url} has the schema of an older ari-controller ({seen.revision})"
        yield hint(Area.RECORDS, Fault.RECORDS_OLDER, problem, "The next start of the controller mends it")
    elif seen.schema is Schema.MISSING:
        yield skipped(Area.RECORDS, f"{seen.url} is not there yet: the controller's first start makes it")
    else:
        yield good(Area.RECORDS, f"{seen.url} can be read and written")
    if abs(seen.ahead_seconds) > SKEW_SECONDS_MAX:
        problem = f"the database's clock is {seen.ahead_seconds:+.0f} s off ours"
        yield warning(Area.CLOCK, Fault.CLOCK_DIFFERS, problem, "Let a time service keep both", "DATABASE_URL")


def waiting(count: int) -> Iterator[Finding]:
    """What the controller could not write yet."""
    if count > 1000:
        problem = f"{count} facts about calls wait to be written"
        mend = "The database is too slow, locked or away: the controller's log says why"
        yield warning(Area.RECORDS, Fault.RECORDS_WAITING, problem, mend, "DATABASE_URL")


def folder(seen: FolderSeen) -> Iterator[Finding]:
    needed = max(FREE_BYTES_MIN, min(int(FREE_SHARE_MIN * seen.total_bytes), FREE_BYTES_ENOUGH))
    free = f"{seen.free_bytes / MEGABYTE:,.0f} MB free"
    if seen.problem:
        problem = f"nothing can be written to {seen.path} ({seen.problem})"
        mend = f"Make {seen.path} a folder of the controller's user, or correct {seen.setting}"
        yield fault(Area.DISK, Fault.FOLDER_UNUSABLE, problem, mend, seen.setting)
    elif seen.free_bytes < FREE_BYTES_MIN:
        mend = "Make room; KEEP_RECORDINGS_DAYS and KEEP_CALLS_DAYS remove what is old"
        yield fault(Area.DISK, Fault.DISK_FULL, f"{seen.path}: {free}", mend, seen.setting)
    elif seen.free_bytes < needed:
        mend = "Make room; KEEP_RECORDINGS_DAYS and KEEP_CALLS_DAYS remove what is old"
        yield warning(Area.DISK, Fault.DISK_FULL, f"{seen.path}: {free}", mend, seen.setting)
    else:
        yield good(Area.DISK, f"{seen.path}: {free}", seen.setting)
