"""Requests of ours as spans: a header for the one who is asked, and how it went."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from controller.tracing.identity import TRACEPARENT, of_call, span_id, trace_id, traceparent
from controller.tracing.spans import Span

Export = Callable[[Span], None]
"""Must return at once."""


@dataclass(slots=True)
class Request:
    """One that is under way."""

    headers: dict[str, str]
    """To be sent with it."""
    error: str = ""
    """To be set where it failed."""
    attributes: dict[str, str | int | float] = field(default_factory=dict)


class Tracer:
    """Without `export` nothing is traced, and nobody is told of traces."""

    def __init__(self, export: Export | None = None) -> None:
        self.export = export

    def metadata(self, call_id: str) -> dict[str, str]:
        """What a bot is told of the trace."""
        return {TRACEPARENT: of_call(call_id)} if self.export else {}

    @contextmanager
    def request(self, name: str, call_id: str, **attributes: str) -> Iterator[Request]:
        """For as long as it takes."""
        if self.export is None:
            yield Request({})
            return
        # A random part: a message that is sent again is another span.
        own = span_id(call_id, name, secrets.token_hex(8))
        request = Request({TRACEPARENT: traceparent(call_id, own)}, attributes=dict(attributes))
        began = datetime.now(UTC)
        try:
            yield request
        except BaseException as error:
            request.error = request.error or type(error).__name__
            raise
        finally:
            ended = max(began, datetime.now(UTC))
            trace, parent = trace_id(call_id), span_id(call_id)
            told = Span(name, trace, own, parent, began, ended, request.attributes, request.error, outgoing=True)
            self.export(told)


NO_TRACER: Final = Tracer()
