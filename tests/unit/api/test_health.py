from tests.unit.api.conftest import Api


async def test_ready(api: Api) -> None:
    assert (await api.json("GET", "/healthz", ""))["media_loads"] == [0.1]
    assert (await api.json("GET", "/readyz", ""))["ready"] is True


async def test_not_ready_is_no_reason_to_be_restarted(api: Api) -> None:
    api.health["ready"] = False
    assert (await api.json("GET", "/healthz", ""))["ready"] is False
    assert (await api.json("GET", "/readyz", "", 503))["ready"] is False


async def test_drained_by_an_admin_and_back(api: Api) -> None:
    await api.json("POST", "/v1/drain", "operate", 403)
    assert (await api.json("POST", "/v1/drain"))["draining"] is True
    assert (await api.json("GET", "/readyz", "", 503))["draining"] is True
    assert (await api.json("DELETE", "/v1/drain"))["draining"] is False
    assert (await api.json("GET", "/readyz", ""))["ready"] is True
