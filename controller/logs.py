"""How we log: one line an event, for people (`text`) or for machines (`json`), to standard error."""

import logging
import sys
from typing import Literal

import structlog


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
            structlog.processors.TimeStamper(fmt="%H:%M:%S.%f" if people else "iso", utc=not people),
            structlog.processors.StackInfoRenderer(),
            *([] if people else [for_programs]),
            for_people if people else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
