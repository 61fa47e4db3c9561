"""Routes as they are shown, where a call would go, and the switch that closes."""

import errno
import os
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from controller import closures_file
from tests.unit.api.conftest import Api

SALES = "+493023125200"
MONDAY = "2026-11-23T10:00:00+01:00"
SUNDAY = "2026-11-22T10:00:00+01:00"


def in_an_hour() -> str:
    return (datetime.now(UTC) + timedelta(hours=1)).isoformat()


async def decide(api: Api, **question: Any) -> Any:
    return await api.json("POST", "/v1/routes/decide", "read", json=question)


async def test_the_routes(api: Api) -> None:
    said = await api.json("GET", "/v1/routes", "read")
    assert said["source"].endswith("routes.toml")
    assert said["calendars"] == ["office"]
    sales = said["routes"][0]
    assert [rung["kind"] for rung in sales["ladder"]] == ["bot", "human"]
    assert sales["ladder"][0]["hours"] == "office"
    assert sales["ladder"][1]["on"] == ["closed"]


@pytest.mark.parametrize(("at", "is_open"), [(MONDAY, True), (SUNDAY, False)])
async def test_where_a_call_would_go(api: Api, at: str, is_open: bool) -> None:
    decided = await decide(api, to_number=SALES, at=at)
    assert decided["route"] == "sales"
    assert decided["reason"] == "number dialled +49302312520*"
    bot, human = decided["ladder"]
    assert (bot["closed"] is None) == is_open
    assert human["closed"] is None


async def test_the_default_route_is_for_all_others(api: Api) -> None:
    assert (await decide(api))["route"] == "default"
    assert (await decide(api, to_number="+4940999", forwarded_from="x", headers={"X-A": "b"}))["route"] == "default"


async def test_a_time_without_its_zone(api: Api) -> None:
    await api.json("POST", "/v1/routes/decide", "read", 422, json={"at": "2026-11-23T10:00:00"})


async def test_closing_and_opening(api: Api) -> None:
    assert await api.json("GET", "/v1/closed", "read") == {"closed": []}
    wanted = {"until": in_an_hour(), "reason": "Water damage", "calendar": "office"}
    (closed,) = (await api.json("PUT", "/v1/closed", "operate", json=wanted))["closed"]
    assert (closed["calendar"], closed["reason"]) == ("office", "Water damage")
    bot, _ = (await decide(api, to_number=SALES))["ladder"]
    assert "Water damage" in bot["closed"]
    assert await api.json("GET", "/v1/closed", "read") == {"closed": [closed]}
    assert await api.json("DELETE", "/v1/closed?calendar=office", "operate") == {"closed": []}


async def test_closing_everything(api: Api) -> None:
    await api.json("PUT", "/v1/closed", "operate", json={"until": in_an_hour()})
    bot, _ = (await decide(api, to_number=SALES))["ladder"]
    assert bot["closed"]
    assert await api.json("DELETE", "/v1/closed", "operate") == {"closed": []}


@pytest.mark.parametrize(
    ("wanted", "where"),
    [
        ({"until": "2020-01-01T00:00:00Z"}, "until"),
        ({"until": "2120-01-01T00:00:00"}, "until"),
        ({"until": "2120-01-01T00:00:00Z", "calendar": "offfice"}, "calendar"),
    ],
)
async def test_what_cannot_be_closed(api: Api, wanted: dict[str, str], where: str) -> None:
    said = await api.json("PUT", "/v1/closed", "operate", 422, json=wanted)
    assert said["mistakes"][0]["where"] == where
    assert await api.json("GET", "/v1/closed", "read") == {"closed": []}


async def test_who_only_reads_closes_nothing(api: Api) -> None:
    await api.json("PUT", "/v1/closed", "read", 403, json={"until": in_an_hour()})
    await api.json("DELETE", "/v1/closed", "read", 403)


async def test_what_cannot_be_kept_is_said_with_its_reason(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(closures_file, "replace", full)
    said = await api.json("PUT", "/v1/closed", "operate", 503, json={"until": in_an_hour()})
    assert "No space left on device" in said["detail"]
    assert "CLOSED_FILE" in said["detail"]
    assert await api.json("GET", "/v1/closed", "read") == {"closed": []}
