"""How we log: one line an event, for people (`text`) or for machines (`json`), to standard error."""

import contextlib
import logging
import sys
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal, TextIO, cast

import structlog

WORSE_KEPT_MAX: Final = 50
"""Warnings and errors: what somebody reads who asks what is wrong."""
DETAIL_LETTERS_MAX: Final = 300

_NOT_SHOWN: Final = frozenset({"event", "level", "mend", "timestamp", "exc_info", "stack", "stack_info", "exception"})


@dataclass(frozen=True, slots=True)
class Worse:
    """A line of the log that is a warning or an error, without its traceback."""

    at: datetime
    level: str
    what: str
    mend: str
    details: Mapping[str, str]


LATEST: Final[deque[Worse]] = deque(maxlen=WORSE_KEPT_MAX)
"""Of this process, oldest first."""


class _StandardError:
    """For loggers. A line for which there is no room, where this is a file on a full disk, is lost.

    Whoever logs is in the middle of a call, which is not to end for that.
    """

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError):
            sys.stderr.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            sys.stderr.flush()


def remember(_logger: Any, _method: str, line: Any) -> Any:
    """A structlog processor: keeps what somebody may have to mend."""
    if line.get("level") in {"warning", "error", "critical"}:
        details = {name: str(value)[:DETAIL_LETTERS_MAX] for name, value in line.items() if name not in _NOT_SHOWN}
        LATEST.append(Worse(datetime.now(UTC), line["level"], str(line["event"]), str(line.get("mend", "")), details))
    return line


def configure(level: str, log_format: Literal["text", "json"]) -> None:
    """Set up structlog for the whole process. `level`: debug, info, warning or error."""
    people = log_format == "text"
    # Without the variables of the functions that a traceback goes through: secrets are among them.
    traceback = structlog.dev.RichTracebackFormatter(show_locals=False)
    for_people = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), pad_event_to=24, exception_formatter=traceback
    )
    for_programs = structlog.processors.ExceptionRenderer(
        structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            remember,
            structlog.processors.TimeStamper(fmt="%H:%M:%S.%f" if people else "iso", utc=not people),
            structlog.processors.StackInfoRenderer(),
            *([] if people else [for_programs]),
            for_people if people else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", _StandardError())),
        cache_logger_on_first_use=True,
    )
