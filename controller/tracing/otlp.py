"""Spans on their way to a collector: OpenTelemetry's own SDK, in its own thread."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

import structlog
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from controller.tracing.spans import Span

CLOSE_SECONDS: Final = 3.0
"""For what is waiting to be sent when we stop."""

SCOPE: Final = InstrumentationScope("ari-controller")

log = structlog.get_logger(__name__)


class Collector:
    """Where spans go. Nothing here waits: what the collector does not take in time is dropped by the SDK."""

    def __init__(self, endpoint: str, headers: dict[str, str], node: str) -> None:
        name = os.environ.get("OTEL_SERVICE_NAME") or "ari-controller"
        # With what OTEL_RESOURCE_ATTRIBUTES says.
        self._resource = Resource.create({"service.name": name, "service.instance.id": node})
        url = f"{endpoint.rstrip('/')}/v1/traces"
        self._processor = BatchSpanProcessor(OTLPSpanExporter(endpoint=url, headers=headers))

    def export(self, span: Span) -> None:
        self._processor.on_end(to_sdk(span, self._resource))

    async def close(self) -> None:
        """Send what is waiting, for so long at most."""
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await asyncio.to_thread(self._processor.shutdown)
        except TimeoutError:
            log.warning("spans not sent before the end", setting="OTEL_EXPORTER_OTLP_ENDPOINT")


def to_sdk(span: Span, resource: Resource) -> ReadableSpan:
    """As the SDK knows it."""
    return ReadableSpan(
        name=span.name,
        context=_context(span.trace, span.id),
        parent=None if span.parent is None else _context(span.trace, span.parent),
        resource=resource,
        attributes=dict(span.attributes),
        events=[Event(name, timestamp=_nanoseconds(at)) for at, name in span.events],
        kind=SpanKind.CLIENT if span.outgoing else SpanKind.SERVER if span.parent is None else SpanKind.INTERNAL,
        status=Status(StatusCode.ERROR, span.error) if span.error else Status(),
        start_time=_nanoseconds(span.began),
        end_time=_nanoseconds(span.ended),
        instrumentation_scope=SCOPE,
    )


def _context(trace: int, span: int) -> SpanContext:
    return SpanContext(trace, span, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))


def _nanoseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000) * 1_000


@asynccontextmanager
async def collecting(endpoint: str, headers: str, node: str) -> AsyncIterator[Collector]:
    """`headers`: `name=value` pairs, comma separated."""
    pairs = (pair.partition("=") for pair in headers.split(",") if "=" in pair)
    collector = Collector(endpoint, {name.strip(): value.strip() for name, _, value in pairs}, node)
    try:
        yield collector
    finally:
        await collector.close()
