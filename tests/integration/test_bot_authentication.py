"""Bots as routes.toml names them: every way at once to prove who we are, and a webhook that chooses another one."""

import json
import time
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from controller.bot.signing import verify
from controller.carrier import listening
from controller.carrier.carrier import Carrier
from controller.carrier.sounds import tone
from tests import certificates
from tests.integration.stack.asterisks import PHONE_NUMBER
from tests.integration.stack.bot import Bot, serving
from tests.integration.stack.processes import free_port
from tests.integration.stack.stack import API_TOKEN, Stack

pytestmark = pytest.mark.integration

LOW, HIGH = 440.0, 1300.0  # Hz
PASSWORD, SIGNING, HEADER, CHOOSE = "pa55-of-the-bot", "s1gning-secret", "h3ader-secret", "ch00se-secret"
CHOOSING_CALLER = "+491713920077"

ROUTES = """
[bots.guarded]
url = "wss://127.0.0.1:{port}/?tenant=north"
accept_seconds = 2
reconnect_seconds = 0
username = "telephone"
password = {{env = "GUARDED_PASSWORD"}}
signing_secret = {{file = "signing"}}
headers = {{X-Tenant = "north", X-Api-Key = {{env = "GUARDED_KEY"}}}}
ca_file = "ca.pem"
certificate_file = "client.pem"
key_file = "client.key"

[[routes]]
name = "default"
ladder = [{{bot = "guarded"}}]

[[routes]]
name = "chosen"
match = {{from = "{caller}"}}
ladder = [{{bot = "guarded", choose_url = "http://127.0.0.1:{choose_port}/which?key=k3y", choose_seconds = 2, \
choose_secret = {{env = "CHOOSE_SECRET"}}}}]
"""


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> certificates.Certificates:
    return certificates.make(tmp_path_factory.mktemp("routes"))


@pytest.fixture(scope="module")
def ports() -> tuple[int, int]:
    """Of the webhook, and of the bot that it chooses."""
    return free_port(), free_port()


@pytest.fixture
def settings(running_stack: Stack, certified: certificates.Certificates, ports: tuple[int, int]) -> dict[str, str]:
    folder: Path = certified.folder
    (folder / "signing").write_text(f"{SIGNING}\n")
    text = ROUTES.format(port=running_stack.bot_port, choose_port=ports[0], caller=CHOOSING_CALLER)
    (folder / "routes.toml").write_text(text.replace("\\\n", ""))
    return {
        "ROUTES_FILE": str(folder / "routes.toml"),
        "GUARDED_PASSWORD": PASSWORD,
        "GUARDED_KEY": HEADER,
        "CHOOSE_SECRET": CHOOSE,
    }


@pytest.fixture
async def bot(running_stack: Stack, certified: certificates.Certificates) -> AsyncIterator[Bot]:
    """Whoever shows it no certificate of the authority's does not get as far as a handshake."""
    async with serving(running_stack.bot_port, certified.server(mutual=True)) as bot:
        yield bot


async def test_the_bot_knows_us_and_we_know_the_bot(stack: Stack, bot: Bot, carrier: Carrier) -> None:
    phone = await carrier.dial(PHONE_NUMBER)
    call = await bot.call()
    assert call.headers["Authorization"].startswith("Basic ")
    assert b64decode(call.headers["Authorization"].removeprefix("Basic ")).decode() == f"telephone:{PASSWORD}"
    assert (call.headers["X-Tenant"], call.headers["X-Api-Key"]) == ("north", HEADER)
    verify(SIGNING, call.headers, host=call.headers["Host"], target="/?tenant=north", now=time.time())
    await phone.until_answered()
    await call.speak(tone(LOW, 0.5))
    await phone.until_tone(LOW)
    phone.play(tone(HIGH, 0.5))
    await call.until(lambda: bool(listening.tones(call.heard, HIGH, 200)), "the caller's tone")
    await phone.hang_up()
    record = await stack.record()
    assert record.summary.ending == "caller_hung_up"
    shown = repr(record) + stack.controller.log() + stack.media.log()
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {API_TOKEN}"}) as session:
        for path in ("/v1/routes", f"/v1/calls/{record.summary.id}", "/metrics"):
            async with session.get(f"http://127.0.0.1:{stack.api_port}{path}") as answer:
                assert answer.status == 200
                shown += await answer.text()
    assert [secret for secret in (PASSWORD, SIGNING, HEADER) if secret in shown] == []


class Webhook:
    """The company's own system: it names another bot once, and fails the next time."""

    def __init__(self, other: str) -> None:
        self.other = other
        self.asked: list[dict[str, Any]] = []

    async def which(self, request: web.Request) -> web.Response:
        body = await request.read()
        verify(CHOOSE, request.headers, host=request.host, target=request.raw_path, now=time.time(),
               method="POST", body=body)  # fmt: skip
        self.asked.append(json.loads(body))
        if len(self.asked) > 1:
            raise web.HTTPServiceUnavailable
        return web.json_response({"url": self.other, "parameters": {"language": "de"}})


@asynccontextmanager
async def webhook_at(port: int, other: str) -> AsyncIterator[Webhook]:
    webhook = Webhook(other)
    app = web.Application()
    app.router.add_post("/which", webhook.which)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, reuse_address=True).start()
    try:
        yield webhook
    finally:
        await runner.cleanup()


async def test_a_webhook_chooses_the_bot_of_each_call(
    stack: Stack, bot: Bot, carrier: Carrier, ports: tuple[int, int]
) -> None:
    choose_port, other_port = ports
    other_url = f"ws://127.0.0.1:{other_port}/?key=k3y"
    async with serving(other_port) as other, webhook_at(choose_port, other_url) as webhook:
        phone = await carrier.dial(PHONE_NUMBER, caller=CHOOSING_CALLER)
        call = await other.call()
        assert call.start["parameters"] == {"language": "de"}
        assert "Authorization" not in call.headers, "secrets are for the host that they were given for"
        await phone.until_answered()
        await call.speak(tone(LOW, 0.5))
        await phone.until_tone(LOW)
        await phone.hang_up()
        chosen = await stack.record()
        assert webhook.asked[0]["from"] == {"number": CHOOSING_CALLER}
        assert webhook.asked[0]["call_id"] == chosen.summary.id
        stack.seen.add(chosen.summary.id)

        phone = await carrier.dial(PHONE_NUMBER, caller=CHOOSING_CALLER)
        assert (await bot.call()).headers["X-Api-Key"] == HEADER
        await phone.until_answered()
        await phone.hang_up()
        usual = await stack.record()
    steps = {step.kind: step.detail for step in (*chosen.steps, *usual.steps)}
    assert steps["bot_chosen"] == f"ws://127.0.0.1:{other_port}/, native"
    assert steps["bot_not_chosen"] == "it answered HTTP 503"
    shown = repr((chosen, usual)) + stack.controller.log() + stack.media.log()
    assert CHOOSE not in shown
    assert "k3y" not in shown
