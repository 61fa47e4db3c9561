"""Signing in at the page: the cookie, the session, and what somebody else's page cannot do with it."""

from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from typing import Any

import aiohttp
import pytest

from controller.api import sessions
from controller.api.accounts import ATTEMPTS_AT_ONCE
from controller.api.sessions import COOKIE, SESSION_HOURS, Sessions
from controller.api.tokens import Role
from controller.api.users import User, Users
from tests.unit.api.conftest import Api
from tests.unit.api.fakes import LIVE

PASSWORD = "correct horse"
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
    statuses = [(await sign_in(api, password="wrong")).status for _ in range(ATTEMPTS_AT_ONCE + 1)]
    assert statuses == [401] * ATTEMPTS_AT_ONCE + [429]
    refused = await sign_in(api)
    assert refused.status == 429
    assert int(refused.headers["Retry-After"]) > 0


def test_a_session_ends_by_itself(users: Users) -> None:
    now = datetime(2026, 11, 22, 14, tzinfo=UTC)
    anna = users.find("anna")
    assert anna
    opened = Sessions(users)
    secret, _ = opened.open(anna, now)
    assert opened.find(secret, now + timedelta(hours=SESSION_HOURS, seconds=-1))
    assert opened.find(secret, now + timedelta(hours=SESSION_HOURS)) is None
    assert opened.find(secret, now) is None


def test_the_oldest_session_makes_room(users: Users, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "SESSIONS_MAX", 2)
    now = datetime(2026, 11, 22, 14, tzinfo=UTC)
    anna = users.find("anna")
    assert isinstance(anna, User)
    opened = Sessions(users)
    secrets = [opened.open(anna, now)[0] for _ in range(3)]
    assert [opened.find(secret, now) is not None for secret in secrets] == [False, True, True]
