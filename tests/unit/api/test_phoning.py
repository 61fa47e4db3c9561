"""Calls from the page: who is given an account, for how long, and that SIP gets through."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from controller.api import softphone
from controller.api.softphone import PHONES_MAX
from controller.ari.events import CallerID, Channel, DialplanCEP
from controller.errors import AsteriskError
from tests.unit.api.conftest import SECRETS, Api
from tests.unit.api.fakes import FakeExchange, answering

OPERATE = {"Authorization": f"Bearer {SECRETS['operate']}"}


@pytest.fixture
async def asterisk(exchange: FakeExchange) -> AsyncIterator[FakeExchange]:
    async with answering(exchange):
        yield exchange


def channel(name: str) -> Channel:
    nobody = CallerID("", "")
    return Channel(name, name, "Up", nobody, nobody, DialplanCEP("from-phone", "1", ""), "")


async def gone(exchange: FakeExchange) -> None:
    """Until nothing is left in Asterisk."""
    async with asyncio.timeout(5):
        await exchange.cleared.wait()


async def test_an_account_of_ones_own_for_one_call(api: Api, asterisk: FakeExchange) -> None:
    account = await api.json("POST", "/v1/softphone", "operate", 201)
    assert account["number"] == "+493023125000"
    assert asterisk.objects["auth", "browser-1"]["password"] == account["password"]
    endpoint = asterisk.objects["endpoint", account["user"]]
    assert (endpoint["webrtc"], endpoint["context"]) == ("yes", "from-phone")
    url = f"{api.url}/v1/softphone/sip?user={account['user']}"
    async with api.session.ws_connect(url, headers=OPERATE, protocols=("sip",)) as socket:
        assert socket.protocol == "sip"
        await socket.send_str("INVITE")
        assert await socket.receive_str(timeout=5) == "sip: INVITE"
        # What one browser uses is no other's.
        await api.json("GET", f"/v1/softphone/sip?user={account['user']}", "operate", 404)
        assert asterisk.objects
        ours, others = channel("PJSIP/browser-1-0000002a"), channel("PJSIP/browser-10-0000002b")
        asterisk.calling = [ours, others]
    await gone(asterisk)
    assert asterisk.calling == [others]


async def test_another_persons_account_is_not_ones_own(api: Api, asterisk: FakeExchange) -> None:
    account = await api.json("POST", "/v1/softphone", "operate", 201)
    await api.json("GET", f"/v1/softphone/sip?user={account['user']}", "admin", 404)
    await api.json("GET", "/v1/softphone/sip?user=phone", "operate", 404)
    await api.json("POST", "/v1/softphone", "read", 403)
    await api.json("POST", "/v1/softphone", "", 401)
    await api.json("GET", f"/v1/softphone/sip?user={account['user']}", "operate", 426)
    assert asterisk.objects


async def test_an_account_that_nobody_uses_goes(
    api: Api, asterisk: FakeExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(softphone, "UNUSED_SECONDS", 0.01)
    account = await api.json("POST", "/v1/softphone", "operate", 201)
    await gone(asterisk)
    await api.json("GET", f"/v1/softphone/sip?user={account['user']}", "operate", 404)


async def test_there_is_an_end_to_accounts(api: Api) -> None:
    users = {(await api.json("POST", "/v1/softphone", "operate", 201))["user"] for _ in range(PHONES_MAX)}
    assert len(users) == PHONES_MAX
    await api.json("POST", "/v1/softphone", "operate", 409)


async def test_an_asterisk_that_gives_none(api: Api, exchange: FakeExchange) -> None:
    exchange.refusal = AsteriskError("PUT /asterisk/config", 403, "Forbidden")
    said = await api.json("POST", "/v1/softphone", "operate", 503)
    assert "Forbidden" in said["detail"]
    exchange.refusal = None
    account = await api.json("POST", "/v1/softphone", "operate", 201)
    assert account["user"] == "browser-1"
    # Asterisk cannot be reached: the WebSocket ends, and the account with it.
    url = f"{api.url}/v1/softphone/sip?user=browser-1"
    async with api.session.ws_connect(url, headers=OPERATE) as socket:
        assert (await socket.receive(timeout=5)).type is aiohttp.WSMsgType.CLOSE
    await gone(exchange)


async def test_an_account_that_hears_one_call(api: Api, asterisk: FakeExchange) -> None:
    call_id = api.calls.calls[0].id
    account = await api.json("POST", f"/v1/calls/{call_id}/listen", "operate", 201)
    assert account["number"] == call_id
    channel = f"PJSIP/{account['user']}-00000001"
    assert api.parts.softphones.who_listens(channel, call_id) == "operate-person"
    assert not api.parts.softphones.who_listens(channel, "20261122-163012-zzzzzz")
    assert not api.parts.softphones.who_listens("PJSIP/phone-00000001", call_id)
    other = await api.json("POST", "/v1/softphone", "operate", 201)
    assert not api.parts.softphones.who_listens(f"PJSIP/{other['user']}-00000002", call_id)
    await api.json("POST", f"/v1/calls/{call_id}/listen", "read", 403)
    await api.json("POST", "/v1/calls/20261122-163012-zzzzzz/listen", "operate", 404)
    assert ("endpoint", account["user"]) in asterisk.objects
