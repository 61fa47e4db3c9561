"""Signing in at the page: the cookie, the session, and what somebody else's page cannot do with it."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from typing import Any

import aiohttp
import pytest

from controller.api import events, sessions, softphone
from controller.api.accounts import ATTEMPTS_AT_ONCE
from controller.api.sessions import COOKIE, SESSION_HOURS, Sessions
from controller.api.tokens import Role
from controller.api.users import User, Users
from controller.records.items import CallOpened
from tests.unit.api.conftest import Api
from tests.unit.api.fakes import LIVE, FakeExchange, answering

PASSWORD = "correct horse"
ENDED = {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED}
HANGUP = f"/v1/calls/{LIVE.id}/hangup"


@pytest.fixture
def users(api: Api) -> Users:
    api.parts.accounts.users.add("anna", Role.OPERATE, PASSWORD)
    return api.parts.accounts.users


async def sign_in(api: Api, name: str = "anna", password: str = PASSWORD, **options: Any) -> aiohttp.ClientResponse:
    answer: aiohttp.ClientResponse = await api.ask(
        "POST", "/v1/session", "", json={"name": name, "password": password}, **options
    )
    await answer.read()
    return answer


async def signed_in(api: Api) -> tuple[dict[str, str], dict[str, str]]:
    """The headers of a browser that is signed in: with the cookie alone, and with the session's token too."""
    answer = await sign_in(api)
    assert answer.status == 200, await answer.text()
    cookie = {"Cookie": f"{COOKIE}={answer.cookies[COOKIE].value}"}
    # What is tested is sent by hand.
    api.session.cookie_jar.clear()
    return cookie, {**cookie, "X-CSRF-Token": (await answer.json())["csrf_token"]}


@pytest.mark.usefixtures("users")
async def test_a_session_may_what_its_user_may_and_the_record_has_their_name(api: Api) -> None:
    cookie, whole = await signed_in(api)
    said = await api.json("GET", "/v1/session", "", headers=cookie)
    assert (said["name"], said["role"], said["csrf_token"]) == ("anna", "operate", whole["X-CSRF-Token"])
    await api.json("GET", "/v1/calls?live=true", "", headers=cookie)
    await api.json("POST", HANGUP, "", 202, headers=whole)
    assert api.calls.asked == [("hang_up", LIVE.id, "anna")]
    await api.json("GET", "/v1/events?raw=true", "", 403, headers=cookie)


@pytest.mark.usefixtures("users")
async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(api: Api) -> None:
    morsel = SimpleCookie((await sign_in(api)).headers["Set-Cookie"])[COOKIE]
    assert morsel["httponly"]
    assert morsel["samesite"] == "Strict"
    assert morsel["path"] == "/"
    assert not morsel["secure"]
    behind_tls = await sign_in(api, headers={"X-Forwarded-Proto": "https"})
    assert SimpleCookie(behind_tls.headers["Set-Cookie"])[COOKIE]["secure"]


@pytest.mark.usefixtures("users")
async def test_another_page_can_do_nothing_with_the_cookie(api: Api) -> None:
    cookie, whole = await signed_in(api)
    elsewhere = {"Origin": "http://localhost:9"}
    await api.json("POST", HANGUP, "", 403, headers=cookie)
    await api.json("POST", HANGUP, "", 403, headers={**cookie, "X-CSRF-Token": "a" * 43})
    await api.json("POST", HANGUP, "", 403, headers={**whole, **elsewhere})
    await api.json("GET", "/v1/events/ws", "", 403, headers={**cookie, **elsewhere})
    assert (await sign_in(api, headers=elsewhere)).status == 403
    assert not api.calls.asked
    await api.json("POST", HANGUP, "", 202, headers={**whole, "Origin": api.url})


@pytest.mark.usefixtures("users")
async def test_a_bearer_token_outranks_the_cookie_and_needs_nothing_else(api: Api) -> None:
    cookie, _ = await signed_in(api)
    await api.json("POST", HANGUP, "operate", 202, headers=cookie)
    assert api.calls.asked == [("hang_up", LIVE.id, "operate-person")]
    said = await api.json("GET", "/v1/session", "read", headers=cookie)
    assert said == {"name": "read-person", "role": "read", "csrf_token": "", "expires_at": None}
    await api.json("GET", "/v1/session", "", 401, headers={**cookie, "Authorization": "Bearer wrong"})


async def test_signing_out_ends_it(api: Api, users: Users) -> None:
    cookie, whole = await signed_in(api)
    await api.json("DELETE", "/v1/session", "", 403, headers=cookie)
    await api.json("DELETE", "/v1/session", "", 204, headers=whole)
    await api.json("GET", "/v1/session", "", 401, headers=cookie)
    cookie, _ = await signed_in(api)
    users.add("anna", Role.READ, "another " + PASSWORD)
    await api.json("GET", "/v1/session", "", 401, headers=cookie)


async def test_a_removed_user_is_out_at_once(api: Api, users: Users) -> None:
    cookie, _ = await signed_in(api)
    users.remove("anna")
    await api.json("GET", "/v1/session", "", 401, headers=cookie)
    assert (await sign_in(api)).status == 401


@pytest.mark.usefixtures("users")
async def test_a_wrong_name_and_a_wrong_password_are_told_alike(api: Api) -> None:
    answers = [await sign_in(api, "anna", "wrong"), await sign_in(api, "nobody")]
    assert [answer.status for answer in answers] == [401, 401]
    details = [(await answer.json(content_type=None))["detail"] for answer in answers]
    assert details[0] == details[1]


@pytest.mark.usefixtures("users")
async def test_guessing_has_an_end(api: Api) -> None:
    # Twice as many as needed: on a slow machine some more are allowed meanwhile.
    answers = [await sign_in(api, password="wrong") for _ in range(2 * ATTEMPTS_AT_ONCE)]
    statuses = [answer.status for answer in answers]
    assert statuses[:ATTEMPTS_AT_ONCE] == [401] * ATTEMPTS_AT_ONCE
    assert set(statuses) == {401, 429}
    refused = next(answer for answer in answers if answer.status == 429)
    assert int(refused.headers["Retry-After"]) > 0


def test_a_session_ends_by_itself(users: Users) -> None:
    now = datetime(2026, 11, 22, 14, tzinfo=UTC)
    anna = users.find("anna")
    assert anna
    opened = Sessions(users)
    secret, _ = opened.open(anna, now)
    assert opened.find(secret, now + timedelta(hours=SESSION_HOURS, seconds=-1))
    assert opened.find(secret, now + timedelta(hours=SESSION_HOURS)) is None
    assert opened.stands(secret), "for a call that goes on"
    opened.close(secret)
    assert not opened.stands(secret)


def test_the_oldest_session_makes_room(users: Users, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "SESSIONS_MAX", 2)
    now = datetime(2026, 11, 22, 14, tzinfo=UTC)
    anna = users.find("anna")
    assert isinstance(anna, User)
    opened = Sessions(users)
    secrets = [opened.open(anna, now)[0] for _ in range(3)]
    assert [opened.find(secret, now) is not None for secret in secrets] == [False, True, True]


def removed(users: Users) -> None:
    users.remove("anna")


def signed_out(users: Users) -> None:
    """By the administrator, who gave her another password."""
    users.add("anna", Role.OPERATE, "another password")


@pytest.mark.parametrize("end", [removed, signed_out])
async def test_an_open_stream_ends_with_its_session(
    api: Api, users: Users, end: Callable[[Users], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "HEARTBEAT_SECONDS", 0.05)
    cookie, _ = await signed_in(api)
    socket = await api.session.ws_connect(f"{api.url}/v1/events/ws", headers=cookie, autoclose=False, autoping=False)
    async with api.ask("GET", "/v1/events", "", headers=cookie) as stream:
        await stream.content.readuntil(b"still here")
        end(users)
        async with asyncio.timeout(30):
            await stream.content.read()
            while (await socket.receive()).type not in ENDED:
                pass


async def test_nothing_is_told_after_the_removal(api: Api, users: Users) -> None:
    cookie, _ = await signed_in(api)
    async with api.ask("GET", "/v1/events", "", headers=cookie) as stream:
        await stream.content.readuntil(b"\n\n")
        users.remove("anna")
        await api.store.write([CallOpened("c", datetime.now(UTC), None, None, None, "sales")])
        async with asyncio.timeout(30):
            assert await stream.content.read() == b""


@pytest.mark.usefixtures("users")
async def test_a_call_outlasts_the_day_for_which_one_signs_in(
    api: Api, exchange: FakeExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(softphone, "LOOK_SECONDS", 0.05)
    cookie, whole = await signed_in(api)
    account = await api.json("POST", "/v1/softphone", "", 201, headers=whole)
    async with answering(exchange):
        url = f"{api.url}/v1/softphone/sip?user={account['user']}"
        async with api.session.ws_connect(url, headers=whole, protocols=("sip",), autoclose=False) as phone:
            # Whoever opens another session later than that finds this one over.
            monkeypatch.setattr(sessions.Sessions, "find", lambda *_: None)
            await api.json("GET", "/v1/session", "", 401, headers=cookie)
            for _ in range(5):
                await phone.send_str("OPTIONS")
                assert await phone.receive_str() == "sip: OPTIONS"
                await asyncio.sleep(0.05)
            await phone.close()
            await asyncio.wait_for(exchange.cleared.wait(), 30)


async def test_a_call_ends_with_its_session(
    api: Api, users: Users, exchange: FakeExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(softphone, "LOOK_SECONDS", 0.05)
    _, whole = await signed_in(api)
    account = await api.json("POST", "/v1/softphone", "", 201, headers=whole)
    async with answering(exchange):
        url = f"{api.url}/v1/softphone/sip?user={account['user']}"
        async with api.session.ws_connect(url, headers=whole, protocols=("sip",), autoclose=False) as phone:
            await phone.send_str("OPTIONS")
            assert await phone.receive_str() == "sip: OPTIONS"
            users.remove("anna")
            async with asyncio.timeout(30):
                assert (await phone.receive()).type in ENDED
                await exchange.cleared.wait()
