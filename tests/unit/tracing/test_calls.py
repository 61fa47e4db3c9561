"""A call that is over is one trace at a real collector; a request of ours is a span of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from controller.config import load
from controller.errors import SettingError
from controller.records.store import RecordStore
from controller.reporting import tracing
from controller.tracing.calls import trace_calls
from controller.tracing.identity import of_call, span_id, trace_id
from controller.tracing.spans import Span
from controller.tracing.tracer import NO_TRACER, Tracer
from tests.unit.records.conftest import kind, sqlite_url
from tests.unit.records.examples import closed, opened, whole_call
from tests.unit.tracing.collector import Collector, collecting_spans

__all__ = ["kind", "sqlite_url"]

TRACE = f"{trace_id('c1'):032x}"


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    async with collecting_spans() as collector:
        yield collector


@asynccontextmanager
async def traced(url: str, tracer: Tracer) -> AsyncIterator[RecordStore]:
    store = await RecordStore.open(url)
    task = asyncio.create_task(trace_calls(store, tracer))
    await asyncio.sleep(0)
    try:
        yield store
    finally:
        task.cancel()
        await asyncio.wait([task])
        await store.close()


def noting(tracer: Tracer, names: list[str]) -> Tracer:
    """The same, and the names of what it exports."""

    def export(span: Span) -> None:
        names.append(span.name)
        if tracer.export:
            tracer.export(span)

    return Tracer(export)


async def until(names: list[str]) -> None:
    """Until a call has been exported: all of its spans go in one turn."""
    async with asyncio.timeout(10):
        while "call" not in names:  # noqa: ASYNC110 - the tracer tells nobody
            await asyncio.sleep(0.01)


def settings(collector: Collector, **more: str) -> dict[str, str]:
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": f"{collector.url}/", **more}


async def test_a_call_is_one_trace(sqlite_url: str, collector: Collector) -> None:
    headers = {"OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer t0ken, x-tenant=a", "NODE_NAME": "berlin"}
    exported: list[str] = []
    async with (
        tracing(load(settings(collector, **headers))) as sending,
        traced(sqlite_url, noting(sending, exported)) as store,
    ):
        await store.write(whole_call()[:-1])
        await store.write([closed()])
        with sending.request("webhook", "c1", target="crm") as request:
            request.error = "HTTP 500"
        await until(exported)
    await collector.until(lambda: len(collector.names(TRACE)) == 4)
    spans = {span.name: span for span in collector.spans}
    assert set(spans) == {"call", "ringing", "bot", "webhook"}
    call, webhook = spans["call"], spans["webhook"]
    assert (call.trace_id.hex(), call.span_id.hex(), call.parent_span_id) == (TRACE, f"{span_id('c1'):016x}", b"")
    assert {span.parent_span_id for name, span in spans.items() if name != "call"} == {call.span_id}
    assert (call.end_time_unix_nano - call.start_time_unix_nano) == 65_000_000_000
    assert call.kind == call.SPAN_KIND_SERVER
    assert webhook.kind == webhook.SPAN_KIND_CLIENT
    assert webhook.status.message == "HTTP 500"
    assert request.headers["traceparent"] == f"00-{TRACE}-{webhook.span_id.hex()}-01"
    assert collector.resources[0]["service.name"] == "ari-controller"
    assert collector.resources[0]["service.instance.id"] == "berlin"
    assert (collector.headers[0]["authorization"], collector.headers[0]["x-tenant"]) == ("Bearer t0ken", "a")


async def test_a_call_that_lasts_is_not_told_yet(sqlite_url: str) -> None:
    told: list[str] = []
    async with traced(sqlite_url, Tracer(lambda span: told.append(span.name))) as store:
        await store.write([opened("c2")])
        await store.write(whole_call())
        await until(told)
    assert told.count("call") == 1


async def test_a_collector_that_is_not_there_costs_nothing(sqlite_url: str) -> None:
    away = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}
    async with tracing(load(away)) as tracer, traced(sqlite_url, tracer) as store:
        await store.write(whole_call())
        assert tracer.metadata("c1") == {"traceparent": of_call("c1")}


async def test_nothing_is_traced_without_a_collector() -> None:
    async with tracing(load({})) as tracer:
        assert tracer is NO_TRACER
    assert tracer.metadata("c1") == {}
    with tracer.request("webhook", "c1") as request:
        assert request.headers == {}


def test_a_request_that_breaks_is_a_span_all_the_same() -> None:
    told: list[str] = []
    tracer = Tracer(lambda span: told.append(f"{span.name}: {span.error}"))
    with pytest.raises(TimeoutError), tracer.request("context", "c1"):
        raise TimeoutError
    assert told == ["context: TimeoutError"]


async def test_a_collector_without_the_library_is_a_mistake_of_the_settings(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "controller.tracing.otlp", None)
    with pytest.raises(SettingError, match="ari-controller"):
        async with tracing(load(settings(collector))):
            pass
