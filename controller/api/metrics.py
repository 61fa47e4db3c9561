"""Metrics, made from what is written about calls and from what the parts say of themselves.

`Metrics.observe` sees every item on its way into the records: nothing else in the code has to count. Labels are routes
and closed vocabularies; whatever is beyond becomes `other`, so that no caller and no bot can make series.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from controller.call.vocabulary import Ending, TransferOutcome
from controller.records import items
from controller.records.outbox import TargetState
from controller.routing.trigger import Trigger

PREFIX: Final = "ari_controller"
OTHER: Final = "other"
ROUTES_MAX: Final = 500
"""Values of the label `route`; more would be a catalogue, not a dashboard."""
CALLS_MAX: Final = 20_000
"""Calls whose route is remembered while they last: as many as a controller can have, with room to spare."""

SECONDS: Final = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30)
"""From a frame to the patience of a caller."""
LENGTHS: Final = (5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600)

OUTCOMES: Final = frozenset(TransferOutcome)
"""States of a transfer with which it is over."""

DROPS: Final[Mapping[str, str]] = {
    "lost": "network",
    "late": "late",
    "audio_frames_dropped_to_bot": "to_bot",
    "audio_frames_dropped_to_asterisk": "to_asterisk",
}
"""Statistics of a call that count frames which nobody heard, and where they were lost."""

TIMES: Final[Mapping[str, str]] = {
    "bot_response_ms": "bot_response",
    "barge_in_ms": "barge_in",
    "added_delay_ms": "added_delay",
}
"""Statistics of a call that are times in ms, and their histograms."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """What a target of webhooks has still to get. `lag_seconds`: the age of the oldest message."""

    target: str
    waiting: int
    dead: int
    lag_seconds: float

    @classmethod
    def of(cls, state: TargetState, now: datetime) -> "Backlog":
        lag = (now - state.oldest).total_seconds() if state.oldest else 0.0
        return cls(state.target, state.waiting, state.dead, max(0.0, lag))


@dataclass(frozen=True, slots=True)
class Gauges:
    """What is so just now, asked for when somebody looks."""

    live_calls: int = 0
    asterisk_connected: bool = False
    media_loads: tuple[float, ...] = ()
    """Of the connected workers, each of one core."""
    records_waiting: int = 0
    records_lost: int = 0
    outbox: tuple[Backlog, ...] = ()
    event_readers: int = 0
    sip_banned: int = 0
    sip_attempts: int = 0
    sip_spared: int = 0
    tasks: int = 0
    records_on_disk: int = 0
    records_on_disk_bytes: int = 0


class Metrics:
    """All of them, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._routes: dict[str, str] = {}
        """Of the calls in progress, by call."""
        self._route_names: set[str] = set()
        self._begun = self._counter("calls_started_total", "Calls that arrived or were placed", "route")
        self._ended = self._counter("calls_total", "Calls that ended", "route", "ending")
        self._triggers = self._counter("ladder_triggers_total", "Rungs that were left", "route", "trigger")
        self._transfers = self._counter("transfers_total", "Ways to a human that ended", "route", "outcome")
        self._results = self._counter("results_total", "Results that bots reported", "route")
        self._bot_errors = self._counter("bot_log_errors_total", "Errors that bots logged", "route")
        self._packets = self._counter("media_packets_total", "Packets from Asterisk", "route")
        self._drops = self._counter("media_drops_total", "Frames that were not heard", "route", "where")
        self._failures = self._counter("command_failures_total", "What Asterisk would not do", "route")
        self._setup = self._histogram("call_setup_seconds", "From the arrival to the answer", SECONDS)
        self._first_word = self._histogram("first_audio_seconds", "From the answer to the first sound", SECONDS)
        self._lengths = self._histogram("call_duration_seconds", "From the arrival to the end", LENGTHS)
        self._mos = self._histogram("mos", "How the caller sounded to the bot", (1, 2, 2.5, 3, 3.5, 3.8, 4, 4.2, 4.5))
        self._times = {
            "bot_response": self._histogram("bot_response_seconds", "From the caller's last word to the bot", SECONDS),
            "barge_in": self._histogram("barge_in_seconds", "From the caller's word to the bot's silence", SECONDS),
            "added_delay": self._histogram("added_delay_seconds", "What the media worker adds to audio", SECONDS),
        }
        self._answered: dict[str, float] = {}
        """When calls in progress were answered, in ms since their arrival."""
        self._started: dict[str, float] = {}
        """When they arrived, as a POSIX time."""
        self._now = _Now()
        self.registry.register(self._now)

    def render(self, now: Gauges) -> bytes:
        """In Prometheus' text format."""
        self._now.gauges = now
        return generate_latest(self.registry)

    def observe(self, item: items.Item) -> None:
        """One thing that is written about a call."""
        match item:
            case items.CallOpened():
                self._open(item)
            case items.StepTaken():
                self._step(item, self._route(item.call_id))
            case items.TransferChanged(state=state) if state in OUTCOMES:
                self._transfers.labels(self._route(item.call_id), state).inc()
            case items.ResultReported():
                self._results.labels(self._route(item.call_id)).inc()
            case items.LogWritten(level="error"):
                self._bot_errors.labels(self._route(item.call_id)).inc()
            case items.CallClosed():
                self._close(item, self._route(item.call_id))

    # --- what happens to a call -----------------------------------------------------------------------------

    def _open(self, call: items.CallOpened) -> None:
        if call.route in self._route_names or len(self._route_names) < ROUTES_MAX:
            self._route_names.add(call.route)
            route = call.route
        else:
            route = OTHER
        if len(self._routes) < CALLS_MAX:
            self._routes[call.call_id] = route
            self._started[call.call_id] = call.started_at.timestamp()
        self._begun.labels(route).inc()

    def _step(self, step: items.StepTaken, route: str) -> None:
        word, _, _ = step.detail.partition(":")
        match step.kind:
            case "answered" if step.call_id not in self._answered and step.call_id in self._routes:
                self._answered[step.call_id] = step.at_ms
                self._setup.labels(route).observe(step.at_ms / 1000)
            case "first_audio_to_caller" if step.call_id in self._answered:
                self._first_word.labels(route).observe(max(0.0, step.at_ms - self._answered[step.call_id]) / 1000)
            case "rung_left":
                self._triggers.labels(route, _known(word, Trigger)).inc()
            case "command_failed":
                self._failures.labels(route).inc()

    def _close(self, call: items.CallClosed, route: str) -> None:
        self._ended.labels(route, _known(call.ending, Ending)).inc()
        started = self._started.pop(call.call_id, None)
        if started is not None:
            self._lengths.labels(route).observe(max(0.0, call.ended_at.timestamp() - started))
        self._routes.pop(call.call_id, None)
        self._answered.pop(call.call_id, None)
        self._statistics(call.statistics, route)

    def _statistics(self, statistics: Mapping[str, int | float], route: str) -> None:
        if statistics.get("packets_in"):
            self._packets.labels(route).inc(statistics["packets_in"])
            if "mos" in statistics:
                self._mos.labels(route).observe(statistics["mos"])
        for name, where in DROPS.items():
            if statistics.get(name, 0) > 0:
                self._drops.labels(route, where).inc(statistics[name])
        for name, histogram in TIMES.items():
            if name in statistics:
                self._times[histogram].labels(route).observe(statistics[name] / 1000)

    def _route(self, call_id: str) -> str:
        return self._routes.get(call_id, OTHER)

    # --- making them ----------------------------------------------------------------------------------------

    def _counter(self, name: str, what: str, *labels: str) -> Counter:
        return Counter(f"{PREFIX}_{name}", what, labels, registry=self.registry)

    def _histogram(self, name: str, what: str, buckets: Iterable[float]) -> Histogram:
        return Histogram(f"{PREFIX}_{name}", what, ("route",), buckets=tuple(buckets), registry=self.registry)


class _Now(Collector):
    """Gauges as they were when somebody looked last."""

    def __init__(self) -> None:
        self.gauges = Gauges()

    def collect(self) -> Iterator[Metric]:
        now = self.gauges
        yield _gauge("calls_live", "Calls in progress", now.live_calls)
        yield _gauge("asterisk_connected", "Whether Asterisk's event stream is open", now.asterisk_connected)
        yield _gauge("media_workers", "Connected media workers", len(now.media_loads))
        loads = ((str(number), load) for number, load in enumerate(now.media_loads))
        yield _gauges("media_load", "What a worker uses of one core", "worker", loads)
        yield _gauge("tasks", "Asyncio tasks of the controller", now.tasks)
        yield _gauge("records_waiting", "Items not yet in the database", now.records_waiting)
        yield _gauge("records_on_disk", "Of them, those that wait on disk", now.records_on_disk)
        yield _gauge("records_on_disk_bytes", "Their bytes", now.records_on_disk_bytes)
        yield CounterMetricFamily(f"{PREFIX}_records_lost", "Items that never got there", value=now.records_lost)
        waiting = ((one.target, one.waiting) for one in now.outbox)
        yield _gauges("outbox_waiting", "Webhook messages not yet delivered", "target", waiting)
        dead = ((one.target, one.dead) for one in now.outbox)
        yield _gauges("outbox_dead", "Webhook messages given up", "target", dead)
        lag = ((one.target, one.lag_seconds) for one in now.outbox)
        yield _gauges("outbox_lag_seconds", "Age of the oldest undelivered webhook message", "target", lag)
        yield _gauge("event_readers", "Subscribers of the live events", now.event_readers)
        yield _gauge("sip_banned", "Addresses that are shut out of the SIP port", now.sip_banned)
        yield CounterMetricFamily(f"{PREFIX}_sip_attempts", "SIP requests not let in", value=now.sip_attempts)
        yield CounterMetricFamily(f"{PREFIX}_sip_spared", "Guesses from known addresses", value=now.sip_spared)


def _gauges(name: str, what: str, label: str, values: Iterable[tuple[str, float]]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"{PREFIX}_{name}", what, labels=[label])
    for labelled, value in values:
        family.add_metric([labelled], value)
    return family


def _gauge(name: str, what: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"{PREFIX}_{name}", what, value=float(value))


def _known(word: str, vocabulary: Any) -> str:
    return word if word in set(vocabulary) else OTHER
