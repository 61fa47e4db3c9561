"""The webhook on a real HTTP server, with all that can go wrong there."""

import asyncio
import json
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import structlog
from aiohttp import ClientSession, web

from controller.bot.adapters import audio_carried
from controller.bot.chooser import ANSWER_BYTES_MAX, BotChoice, BotChooser, Chosen, Question, Webhook
from controller.bot.signing import verify
from tests import certificates

# A machine that others share may stand still for a second.
ENOUGH_SECONDS = 60.0
SECRET = "hush-hush"
USUAL = BotChoice("wss://usual.example/call", "native", {"tone": "polite"}, "usual-token", {"X-Key": "usual-key"})
QUESTION = Question("call-1", "+4930111", None, "reception", USUAL, more={"trunk": "main"})

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Asked:
    """A chooser and its webhook."""

    def __init__(self, chooser: BotChooser, webhook: Webhook) -> None:
        self._chooser = chooser
        self._webhook = webhook

    async def chosen(self, question: Question = QUESTION) -> Chosen:
        return await self._chooser.choose(self._webhook, question)

    async def choose(self, question: Question) -> BotChoice:
        return (await self.chosen(question)).bot


@asynccontextmanager
async def asking(answer: Answer, tls: ssl.SSLContext | None = None, **settings: Any) -> AsyncIterator[Asked]:
    application = web.Application()
    application.router.add_post("/choose", answer)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    url = f"{'https' if tls else 'http'}://127.0.0.1:{runner.addresses[0][1]}/choose?key=secret-in-the-query"
    try:
        async with ClientSession() as session:
            yield Asked(BotChooser(session, audio_carried()), Webhook(url, **({"seconds": ENOUGH_SECONDS} | settings)))
    finally:
        await runner.cleanup()


def answering(**answer: Any) -> Answer:
    async def answers(_request: web.Request) -> web.Response:
        return web.json_response(answer)

    return answers


async def test_it_is_told_of_the_call_and_signs_for_it() -> None:
    told: list[Any] = []

    async def verifies(request: web.Request) -> web.Response:
        body = await request.read()
        verify(SECRET, request.headers, host=request.host, target=request.raw_path, now=time.time(),
               method="POST", body=body)  # fmt: skip
        told.append(json.loads(body))
        return web.json_response({"url": "wss://other.example/x", "protocol": "twilio", "parameters": {"name": "Ada"}})

    async with asking(verifies, secret=SECRET) as chooser:
        choice = await chooser.choose(QUESTION)
    assert choice == BotChoice("wss://other.example/x", "twilio", {"tone": "polite", "name": "Ada"})
    assert told == [
        {
            "type": "choose_bot",
            "call_id": "call-1",
            "from": {"number": "+4930111"},
            "to": {},
            "route": "reception",
            "bot": {"url": USUAL.url, "protocol": "native", "parameters": {"tone": "polite"}},
            "trunk": "main",
        }
    ]
    assert "token" not in json.dumps(told)


async def test_secrets_stay_with_the_host_that_they_are_for() -> None:
    async with asking(answering(url="wss://usual.example/other")) as chooser:
        same = await chooser.choose(QUESTION)
    assert same == replace(USUAL, url="wss://usual.example/other")
    async with asking(answering(url="ws://usual.example/call")) as chooser:
        without_tls = await chooser.choose(QUESTION)
    assert (without_tls.token, without_tls.headers) == ("", {})
    async with asking(answering(url="wss://other.example/", token="its own", headers={"X-Key": "new"})) as chooser:
        other = await chooser.choose(QUESTION)
    assert (other.token, other.headers) == ("its own", {"X-Key": "new"})
    assert "its own" not in repr(other)


@pytest.mark.parametrize("status", [200, 204])
async def test_no_opinion_is_the_usual_bot(status: int) -> None:
    async def shrugs(_request: web.Request) -> web.Response:
        return web.Response(status=204) if status == 204 else web.json_response({})

    async with asking(shrugs) as chooser:
        assert await chooser.choose(QUESTION) == USUAL


async def too_late(_request: web.Request) -> web.Response:
    await asyncio.sleep(3600)
    return web.json_response({"url": "wss://late.example/"})


async def fails(_request: web.Request) -> web.Response:
    return web.json_response({"url": "wss://other.example/"}, status=500)


async def redirects(_request: web.Request) -> web.Response:
    return web.Response(status=307, headers={"Location": "http://127.0.0.1:1/"})


async def floods(_request: web.Request) -> web.Response:
    return web.Response(body=b" " * (ANSWER_BYTES_MAX + 1))


async def babbles(_request: web.Request) -> web.Response:
    return web.Response(text="hello")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (fails, "it answered HTTP 500"),
        (redirects, "it answered HTTP 307"),
        (floods, "longer than"),
        (babbles, "Invalid JSON"),
        (answering(url="http://no.websocket/"), "url: "),
        (answering(url="wss:///"), "url: "),
        (answering(protocol="morse"), "there is no 'morse'"),
        (answering(parameters={"a": 1}), "parameters.a: "),
    ],
)
async def test_whatever_goes_wrong_the_usual_bot_takes_the_call(answer: Answer, reason: str) -> None:
    with structlog.testing.capture_logs() as lines:
        async with asking(answer) as chooser:
            chosen = await chooser.chosen()
    assert chosen.bot == USUAL
    (line,) = lines
    assert reason in line["reason"]
    assert chosen.problem == line["reason"]
    assert "secret" not in str(line)


async def test_the_usual_bot_is_not_kept_waiting_by_a_webhook_that_thinks() -> None:
    async with asking(too_late, seconds=0.1) as chooser:
        assert await chooser.chosen() == Chosen(USUAL, "no answer within 0.1 s")


async def test_a_webhook_that_is_away() -> None:
    with structlog.testing.capture_logs() as lines:
        async with ClientSession() as session:
            webhook = Webhook("http://127.0.0.1:1/?key=secret")
            assert (await BotChooser(session, {}).choose(webhook, QUESTION)).bot == USUAL
    assert lines[0]["reason"].startswith("not reached")
    assert "secret" not in str(lines)


async def test_another_protocol_has_to_carry_the_audio_of_the_call() -> None:
    async with asking(answering(protocol="twilio")) as chooser:
        assert (await chooser.choose(QUESTION)).protocol == "twilio"
        chosen = await chooser.chosen(replace(QUESTION, audio="pcm16/16000"))
    assert chosen == Chosen(USUAL, "protocol: twilio does not carry pcm16/16000")


async def test_a_name_belongs_to_its_password() -> None:
    question = replace(QUESTION, usual=replace(USUAL, username="us"))
    for answer, username in (({}, "us"), ({"token": "new"}, ""), ({"url": "wss://other.example/"}, "")):
        async with asking(answering(**answer)) as chooser:
            assert (await chooser.choose(question)).username == username


async def test_its_certificate_is_verified(tmp_path: Path) -> None:
    made = certificates.make(tmp_path)
    for ca_file, url in ((made.ca, "wss://other.example/"), ("", USUAL.url), ("/nowhere/ca.pem", USUAL.url)):
        async with asking(answering(url="wss://other.example/"), made.server(), ca_file=ca_file) as chooser:
            assert (await chooser.choose(QUESTION)).url == url
