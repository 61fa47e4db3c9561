"""The company's system and a collector of traces, beside a call."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from controller.records.store import CallDetail
from tests.integration.stack.bot import BotCall
from tests.unit.tracing.collector import Collector, collecting_spans
from tests.unit.webhooks.receiver import SECRET, Receiver, receiving


@dataclass
class Watched:
    """`routes` is to follow the last of a route's keys; `settings` are the controller's."""

    crm: Receiver
    traces: Collector

    @property
    def routes(self) -> str:
        return f"""webhooks = ["crm"]
keep = {{transcripts = false}}

[webhooks.crm]
url = "{self.crm.url}"
secret = {{env = "CRM_SECRET"}}
"""

    @property
    def settings(self) -> dict[str, str]:
        traced = {"OTEL_EXPORTER_OTLP_ENDPOINT": self.traces.url, "OTEL_BSP_SCHEDULE_DELAY": "100"}
        return {"CRM_SECRET": SECRET, **traced}

    def types(self) -> list[str]:
        """Of what the company's system was told."""
        return [message["type"] for message in self.crm.taken]

    async def saw_the_trace_of(self, record: CallDetail, call: BotCall) -> None:
        """Bot, webhooks and collector had the same trace, with a span for each part of the call."""
        _, trace, parent, _ = call.headers["traceparent"].split("-")
        assert call.start["metadata"]["traceparent"] == call.headers["traceparent"]
        parts = {"call", "rung", "ringing", "bot", "transfer", "human", "webhook"}
        await self.traces.until(lambda: parts <= set(self.traces.names(trace)))
        assert {span.trace_id.hex() for span in self.traces.spans} == {trace}
        whole = next(span for span in self.traces.spans if span.name == "call")
        assert (whole.span_id.hex(), whole.attributes[0].value.string_value) == (parent, record.summary.id)
        assert {sent.split("-")[1] for sent in self.crm.traceparents} == {trace}


@asynccontextmanager
async def watching() -> AsyncIterator[Watched]:
    async with receiving() as crm, collecting_spans() as traces:
        yield Watched(crm, traces)
