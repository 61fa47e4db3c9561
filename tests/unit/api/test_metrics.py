"""What is counted, and that every metric which a dashboard or an alert names is there."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from controller.api import metrics
from controller.api.metrics import Backlog, Gauges, Metrics
from controller.records.items import CallClosed, LogWritten, ResultReported, StepTaken, TransferChanged
from tests.unit.api.conftest import Api
from tests.unit.records.examples import START, closed, opened

DASHBOARDS = Path(__file__).parents[3] / "dashboards"
DOCS = Path(__file__).parents[3] / "docs/metrics.md"
SAMPLES = ("_bucket", "_count", "_sum")


def steps(*kinds: tuple[str, float, str], call_id: str = "c1") -> list[StepTaken]:
    return [StepTaken(call_id, position, at_ms, kind, detail) for position, (kind, at_ms, detail) in enumerate(kinds)]


def value(seen: Metrics, name: str, **labels: str) -> float | None:
    return seen.registry.get_sample_value(f"ari_controller_{name}", labels)


def test_a_call_from_its_arrival_to_its_end() -> None:
    seen = Metrics()
    said = ResultReported("c1", "r1", 1.0, "Booked")
    error = LogWritten("c1", "l1", 1.0, "error", "no")
    seen.observe(opened())
    for step in steps(("answered", 250, ""), ("first_audio_to_caller", 400, ""), ("answered", 900, "")):
        seen.observe(step)
    for item in (said, error, LogWritten("c1", "l2", 1.0, "info", "yes"), closed()):
        seen.observe(item)
    route = {"route": "reception"}
    assert value(seen, "calls_started_total", **route) == 1
    assert value(seen, "calls_total", **route, ending="bot_hung_up") == 1
    assert value(seen, "call_setup_seconds_sum", **route) == 0.25
    assert value(seen, "call_setup_seconds_count", **route) == 1
    assert value(seen, "first_audio_seconds_sum", **route) == pytest.approx(0.15)
    assert value(seen, "call_duration_seconds_sum", **route) == 65
    assert value(seen, "results_total", **route) == 1
    assert value(seen, "bot_log_errors_total", **route) == 1


def test_rungs_and_transfers() -> None:
    seen = Metrics()
    seen.observe(opened())
    gone = [
        ("rung_left", 1.0, "busy: full"),
        ("rung_left", 2.0, "dropped"),
        ("rung_left", 3.0, "a bot's own words: no"),
    ]
    for step in steps(*gone, ("command_failed", 6.0, "AnswerCaller: gone")):
        seen.observe(step)
    for number, state in enumerate(("dialling", "ringing", "no_answer", "ringing", "connected")):
        seen.observe(TransferChanged("c1", f"t{number}", 7.0, 1, "desk", state))
    for trigger, count in (("busy", 1), ("dropped", 1), ("other", 1)):
        assert value(seen, "ladder_triggers_total", route="reception", trigger=trigger) == count
    assert value(seen, "transfers_total", route="reception", outcome="no_answer") == 1
    assert value(seen, "transfers_total", route="reception", outcome="connected") == 1
    assert value(seen, "transfers_total", route="reception", outcome="ringing") is None
    assert value(seen, "command_failures_total", route="reception") == 1


def test_statistics_of_the_media() -> None:
    seen = Metrics()
    seen.observe(opened())
    statistics = {"packets_in": 500, "lost": 3, "mos": 4.3, "bot_response_ms": 700, "barge_in_ms": 30, "late": 0}
    seen.observe(CallClosed("c1", START + timedelta(seconds=10), "caller_hung_up", statistics=statistics))
    assert value(seen, "media_drops_total", route="reception", where="network") == 3
    assert value(seen, "media_drops_total", route="reception", where="late") is None
    assert value(seen, "media_packets_total", route="reception") == 500
    assert value(seen, "mos_sum", route="reception") == 4.3
    assert value(seen, "bot_response_seconds_sum", route="reception") == 0.7
    assert value(seen, "barge_in_seconds_sum", route="reception") == 0.03
    assert value(seen, "added_delay_seconds_count", route="reception") is None


def test_the_number_of_series_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "ROUTES_MAX", 2)
    monkeypatch.setattr(metrics, "CALLS_MAX", 3)
    seen = Metrics()
    for number in range(9):
        call = opened(f"c{number}")
        seen.observe(replace(call, route=f"route {number}"))
    seen.observe(CallClosed("c1", START, "invented"))
    seen.observe(CallClosed("c8", START, "failed"))
    assert value(seen, "calls_started_total", route="other") == 7
    assert value(seen, "calls_total", route="route 1", ending="other") == 1
    assert value(seen, "calls_total", route="other", ending="failed") == 1


def test_nothing_is_remembered_of_a_call_that_is_over() -> None:
    seen = Metrics()
    seen.observe(opened())
    seen.observe(steps(("answered", 1.0, ""))[0])
    seen.observe(closed())
    kept = [name for name, known in vars(seen).items() if isinstance(known, dict) and "c1" in known]
    assert not kept


def test_gauges() -> None:
    seen = Metrics()
    text = seen.render(Gauges(3, True, (0.25, 0.5), 7, 2, (Backlog("crm", 5, 1, 61.5),), 4, tasks=17)).decode()
    lines = (
        "calls_live 3.0",
        "asterisk_connected 1.0",
        "media_workers 2.0",
        'media_load{worker="1"} 0.5',
        "records_waiting 7.0",
        "records_lost_total 2.0",
        'outbox_waiting{target="crm"} 5.0',
        'outbox_dead{target="crm"} 1.0',
        'outbox_lag_seconds{target="crm"} 61.5',
        "event_readers 4.0",
        "tasks 17.0",
    )
    for line in lines:
        assert f"ari_controller_{line}\n" in text


def named(text: str) -> set[str]:
    found = set(re.findall(r"\bari_controller_[a-z_]+", text))
    return {name.removesuffix(next((end for end in SAMPLES if name.endswith(end)), "")) for name in found}


def there() -> set[str]:
    families = Metrics().registry.collect()
    return {f"{family.name}_total" if family.type == "counter" else family.name for family in families}


@pytest.mark.parametrize("file", ["grafana.json", "alerts.yml"])
def test_dashboards_and_alerts_name_what_is_there(file: str) -> None:
    text = (DASHBOARDS / file).read_text(encoding="utf-8")
    assert named(text) <= there()
    assert len(named(text)) > 8


def test_the_page_explains_every_metric_and_no_other() -> None:
    assert named(DOCS.read_text(encoding="utf-8")) == there()


def test_the_dashboard_is_one_that_grafana_reads() -> None:
    dashboard = json.loads((DASHBOARDS / "grafana.json").read_text(encoding="utf-8"))
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(ids)) == len(ids)
    assert named(json.dumps(dashboard)) == there(), "every metric is seen somewhere"


async def test_over_http(api: Api) -> None:
    await api.json("GET", "/metrics", "", 401)
    api.parts.metrics.observe(opened())
    async with api.ask("GET", "/metrics", "read") as answer:
        assert answer.headers["Content-Type"].startswith("text/plain")
        text = await answer.text()
    assert 'ari_controller_calls_started_total{route="reception"} 1.0' in text
    assert "ari_controller_asterisk_connected 1.0" in text
