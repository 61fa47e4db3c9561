"""Tokens from a real server of the test's own."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from controller.bot.adapted import AdaptedConnection
from controller.bot.adapters.adapter import Opening
from controller.bot.conversation import BotFailed
from controller.bot.oauth import Client, NoToken, Tokens
from controller.bot.protocol import AudioFormat
from tests.bots.audiocodes_bot import AudioCodesBot
from tests.bots.bot import running
from tests.unit.bot.our_side import START, Listener
from tests.unit.bot.scripted_bot import until

TLS = ssl.create_default_context()
WIDE = AudioFormat(encoding="pcm16", sample_rate=16000)


class Server:
    """Gives out token-1, token-2 …, or `answer`."""

    def __init__(self) -> None:
        self.url = ""
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.answer: web.Response | None = None
        self.lifetime: Any = 3_600
        self.gate = asyncio.Event()
        self.gate.set()

    async def serve(self, request: web.Request) -> web.Response:
        self.requests.append((request.headers.get("Authorization", ""), dict(await request.post())))
        number = len(self.requests)
        await self.gate.wait()
        if self.answer is not None:
            return self.answer
        fields = {"access_token": f"token-{number}", "token_type": "bearer", "expires_in": self.lifetime}
        return web.json_response({name: value for name, value in fields.items() if value is not None})


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    app = web.Application()
    app.router.add_post("/token", server.serve)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/token"
    yield server
    await runner.cleanup()


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tokens(clock: Clock) -> Tokens:
    return Tokens(clock)


def opening(url: str, /, **parameters: str) -> Opening:
    known = {"oauth_token_url": url, "oauth_client_id": "me:1", "greeting": "hi"}
    return Opening("wss://bot.example/", START, "s3cret", parameters=known | parameters)


async def test_a_token_takes_the_place_of_the_secret(server: Server, tokens: Tokens) -> None:
    authorized = await tokens.authorize(opening(server.url, oauth_scope="bots"), TLS)
    assert authorized.token == "token-1"
    assert authorized.parameters == {"greeting": "hi"}
    assert server.requests == [("Basic bWUlM0ExOnMzY3JldA==", {"grant_type": "client_credentials", "scope": "bots"})]


async def test_the_secret_may_go_in_the_form(server: Server, tokens: Tokens) -> None:
    await tokens.authorize(opening(server.url, oauth_client_secret="other", oauth_client_secret_in="body"), TLS)
    form = {"grant_type": "client_credentials", "client_id": "me:1", "client_secret": "other"}
    assert server.requests == [("", form)]


async def test_a_bot_without_oauth_is_left_as_it_is(tokens: Tokens) -> None:
    plain = Opening("wss://bot.example/", START, "s3cret", parameters={"greeting": "hi"})
    assert await tokens.authorize(plain, TLS) is plain


async def test_a_token_is_fetched_once_for_all_calls(server: Server, tokens: Tokens) -> None:
    calls = [tokens.authorize(opening(server.url), TLS) for _ in range(5)]
    assert {call.token for call in await asyncio.gather(*calls)} == {"token-1"}
    assert len(server.requests) == 1
    await tokens.authorize(opening(server.url, oauth_client_id="another"), TLS)
    assert len(server.requests) == 2


async def test_a_call_that_gives_up_does_not_cost_the_others_their_token(server: Server, tokens: Tokens) -> None:
    server.gate.clear()
    first = asyncio.create_task(tokens.authorize(opening(server.url), TLS))
    second = asyncio.create_task(tokens.authorize(opening(server.url), TLS))
    await until(lambda: server.requests)
    first.cancel()
    server.gate.set()
    assert (await second).token == "token-1"
    assert len(server.requests) == 1


async def test_a_token_is_renewed_before_it_expires_and_nobody_waits(
    server: Server, tokens: Tokens, clock: Clock
) -> None:
    await tokens.authorize(opening(server.url), TLS)
    clock.now += 3_600 - 61
    assert (await tokens.authorize(opening(server.url), TLS)).token == "token-1"
    assert len(server.requests) == 1
    clock.now += 2
    server.gate.clear()
    assert (await tokens.authorize(opening(server.url), TLS)).token == "token-1"
    await until(lambda: len(server.requests) == 2)
    server.gate.set()
    await renewed(tokens, server, "token-2")


async def renewed(tokens: Tokens, server: Server, text: str) -> None:
    async with asyncio.timeout(10):
        while (await tokens.authorize(opening(server.url), TLS)).token != text:  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def test_a_renewal_that_fails_leaves_the_old_token(server: Server, tokens: Tokens, clock: Clock) -> None:
    await tokens.authorize(opening(server.url), TLS)
    clock.now += 3_590
    server.answer = web.Response(status=503)
    await tokens.authorize(opening(server.url), TLS)
    await until(lambda: len(server.requests) == 2)
    assert (await tokens.authorize(opening(server.url), TLS)).token == "token-1"


async def test_an_expired_token_is_not_shown(server: Server, tokens: Tokens, clock: Clock) -> None:
    server.lifetime = 10
    await tokens.authorize(opening(server.url), TLS)
    clock.now += 10
    assert (await tokens.authorize(opening(server.url), TLS)).token == "token-2"


@pytest.mark.parametrize("lifetime", [None, "soon", -1, 0])
async def test_a_token_without_a_lifetime_lives_five_minutes(
    server: Server, tokens: Tokens, clock: Clock, lifetime: Any
) -> None:
    server.lifetime = lifetime
    await tokens.authorize(opening(server.url), TLS)
    clock.now += 239
    assert (await tokens.authorize(opening(server.url), TLS)).token == "token-1"
    clock.now += 61
    assert (await tokens.authorize(opening(server.url), TLS)).token == "token-2"


async def test_a_token_that_the_bot_refuses_is_fetched_anew(server: Server, tokens: Tokens) -> None:
    refused = await tokens.authorize(opening(server.url), TLS)
    tokens.forget(refused)
    assert (await tokens.authorize(opening(server.url), TLS)).token == "token-2"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (web.Response(status=302, headers={"Location": "http://127.0.0.1:1/"}), "it answered 302"),
        (web.json_response({"error": "invalid_client"}, status=401), r"it answered 401 \(invalid_client\)"),
        (web.Response(text="[]"), "it answered 200"),
        (web.Response(text="no json"), "access_token must be a string"),
        (web.json_response({"access_token": "a\nb"}), "access_token must be a string"),
        (web.json_response({"access_token": "a", "token_type": "mac"}), "token_type must be Bearer"),
    ],
)
async def test_why_there_is_no_token(server: Server, tokens: Tokens, answer: web.Response, why: str) -> None:
    server.answer = answer
    with pytest.raises(NoToken, match=why) as raised:
        await tokens.authorize(opening(server.url), TLS)
    assert "s3cret" not in str(raised.value)


async def test_a_token_server_that_is_away(tokens: Tokens) -> None:
    with pytest.raises(NoToken, match="token: Cannot connect"):
        await tokens.authorize(opening("http://127.0.0.1:1/token"), TLS)


@pytest.mark.parametrize(
    ("parameters", "why"),
    [
        ({"oauth_token_url": "ftp://a/"}, "oauth_token_url must be"),
        ({"oauth_client_id": ""}, "oauth_client_id is missing"),
        ({"oauth_client_secret_in": "url"}, "oauth_client_secret_in must be"),
    ],
)
async def test_a_wrong_setting_is_named(tokens: Tokens, parameters: dict[str, str], why: str) -> None:
    with pytest.raises(NoToken, match=why):
        await tokens.authorize(opening("https://token.example/", **parameters), TLS)


def test_nothing_secret_is_shown() -> None:
    client = Client.of(opening("https://token.example/", oauth_client_secret="hush"))
    assert "hush" not in repr(client)
    assert "s3cret" not in repr(client)


async def test_a_bot_is_shown_the_token_and_one_that_refuses_it_gets_another(server: Server, tokens: Tokens) -> None:
    async with running(AudioCodesBot(token="token-2")) as bot:
        shown = replace(opening(server.url), url=bot.url, start=START.model_copy(update={"audio": WIDE}))
        refused = AdaptedConnection("audiocodes", Listener(), time.monotonic, tokens)
        with pytest.raises(BotFailed, match="answered HTTP 401"):
            await refused.open(shown, 5.0, TLS)
        taken = AdaptedConnection("audiocodes", Listener(), time.monotonic, tokens)
        await taken.open(shown, 5.0, TLS)
        assert len(server.requests) == 2
        taken.end("failed")
        await taken.wait_closed()


async def test_without_a_token_the_bot_is_not_asked(tokens: Tokens) -> None:
    line = AdaptedConnection("audiocodes", Listener(), time.monotonic, tokens)
    with pytest.raises(BotFailed, match="no token from") as raised:
        await line.open(opening("http://127.0.0.1:1/token"), 5.0, TLS)
    assert raised.value.trigger == "unreachable"
