from datetime import UTC, datetime

from controller.guard.bans import Ban, shut_out
from tests.unit.api.conftest import Api

UNTIL = datetime(2030, 1, 1, tzinfo=UTC)


async def test_who_is_shut_out_and_let_in_again(api: Api) -> None:
    assert await api.json("GET", "/v1/bans", "read") == {"bans": [], "attempts": 0, "spared": 0}
    api.parts.guard.keep(lambda ledger: shut_out(ledger, Ban("198.51.100.7", UNTIL, 11)))
    shown = await api.json("GET", "/v1/bans", "read")
    assert shown["bans"] == [{"address": "198.51.100.7", "until": "2030-01-01T00:00:00Z", "attempts": 11}]
    await api.json("DELETE", "/v1/bans?address=198.51.100.7", "read", 403)
    await api.json("DELETE", "/v1/bans?address=somebody", "operate", 422)
    await api.json("DELETE", "/v1/bans?address=198.51.100.7", "operate", 204)
    await api.json("DELETE", "/v1/bans?address=198.51.100.7", "operate", 404)
    assert (await api.json("GET", "/v1/bans", "read"))["bans"] == []
