"""Hours, day by day, as the file has them."""

from tests.unit.api.conftest import Api


async def test_a_week(api: Api) -> None:
    said = await api.json("GET", "/v1/hours?first=2026-11-23&days=7", "read")
    (office,) = said["calendars"]
    assert (office["name"], office["time_zone"]) == ("office", "Europe/Berlin")
    monday, *_, sunday = office["days"]
    assert monday == {"day": "2026-11-23", "open": [{"start": 540, "end": 1080}], "reason": ""}
    assert sunday == {"day": "2026-11-29", "open": [], "reason": ""}


async def test_a_year_and_no_more(api: Api) -> None:
    said = await api.json("GET", "/v1/hours?first=2026-01-01&days=365", "read")
    assert [day["day"] for day in said["calendars"][0]["days"]][-1] == "2026-12-31"
    for query in (
        "",
        "?first=yesterday",
        "?first=2026-01-01&days=401",
        "?first=9999-12-31&days=9",
        "?first=2026-13-01",
    ):
        await api.json("GET", f"/v1/hours{query}", "read", 422)
