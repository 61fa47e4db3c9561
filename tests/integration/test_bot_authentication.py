"""A bot that asks who we are, and that we verify: every way at once, as routes.toml names them, on a real call."""

import time
from base64 import b64decode
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from controller.bot.signing import verify
from controller.carrier import listening
from controller.carrier.carrier import Carrier
from controller.carrier.sounds import tone
from tests import certificates
from tests.integration.stack.asterisks import PHONE_NUMBER
from tests.integration.stack.bot import Bot, serving
from tests.integration.stack.stack import API_TOKEN, Stack

pytestmark = pytest.mark.integration

LOW, HIGH = 440.0, 1300.0  # Hz
PASSWORD, SIGNING, HEADER = "pa55-of-the-bot", "s1gning-secret", "h3ader-secret"

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
"""


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> certificates.Certificates:
    return certificates.make(tmp_path_factory.mktemp("routes"))


@pytest.fixture
def settings(running_stack: Stack, certified: certificates.Certificates) -> dict[str, str]:
    folder: Path = certified.folder
    (folder / "signing").write_text(f"{SIGNING}\n")
    (folder / "routes.toml").write_text(ROUTES.format(port=running_stack.bot_port))
    return {"ROUTES_FILE": str(folder / "routes.toml"), "GUARDED_PASSWORD": PASSWORD, "GUARDED_KEY": HEADER}


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
