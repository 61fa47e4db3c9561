"""How a media worker shows who it is, and whom it trusts: real handshakes, real TLS."""

import base64
from typing import Any

import pytest

from controller.bot import sdk
from controller.bot.signing import verify
from controller.media.control_messages import BotTarget
from tests import certificates
from tests.unit.bot.scripted_bot import serving, silent
from tests.unit.media.peers import Controller, opening

SECRET = "hush-hush"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> certificates.Certificates:
    return certificates.make(tmp_path_factory.mktemp("tls"))


async def ask(controller: Controller, url: str, session: str = "s1", **access: Any) -> None:
    order = opening(url, session)
    target = BotTarget(url=url, **access)
    await controller.link.send(order.model_copy(update={"bot": target}))


async def handshake_headers(controller: Controller, **access: Any) -> tuple[str, Any]:
    async with serving(silent) as bot:
        await ask(controller, bot.url, **access)
        await controller.report("accepted")
        return bot.url, bot.lines[0].headers


async def test_bearer(controller: Controller) -> None:
    _, headers = await handshake_headers(controller, token=SECRET)
    assert headers["Authorization"] == f"Bearer {SECRET}"


async def test_basic(controller: Controller) -> None:
    _, headers = await handshake_headers(controller, token=SECRET, username="ari")
    assert base64.b64decode(headers["Authorization"].removeprefix("Basic ")).decode() == f"ari:{SECRET}"


async def test_headers_of_the_operators_own_win(controller: Controller) -> None:
    own = {"authorization": "Digest x", "X-Tenant": "acme"}
    _, headers = await handshake_headers(controller, token=SECRET, headers=own)
    assert headers.getall("Authorization") == ["Digest x"]
    assert headers["X-Tenant"] == "acme"


async def test_a_signed_handshake(controller: Controller) -> None:
    async with serving(silent) as bot:
        await ask(controller, bot.url, signing_secret=SECRET)
        await controller.report("accepted")
        headers = bot.lines[0].headers
    created = float(headers["Signature-Input"].partition("created=")[2].partition(";")[0])
    assert len(verify(SECRET, headers, host=headers["Host"], target="/", now=created)) == 32


async def test_a_bot_that_wants_signatures_takes_ours_and_nobody_elses(controller: Controller) -> None:
    bot = sdk.Bot(signing_secret=SECRET)

    @bot.call
    async def waits(call: sdk.Call) -> None:
        await call.accept()
        async for _ in call:
            pass

    async with bot.serving() as url:
        await ask(controller, url, "signed", signing_secret=SECRET)
        await controller.report("accepted", "signed")
        for session, secret in (("unsigned", ""), ("other", "other secret")):
            await ask(controller, url, session, signing_secret=secret)
            failed = await controller.report("failed", session)
            assert "HTTP 401" in failed.detail


async def test_a_private_authority_and_a_certificate_of_ours(
    controller: Controller, made: certificates.Certificates
) -> None:
    ours = {"certificate_file": made.certificate("client"), "key_file": made.key("client")}
    async with serving(silent, tls=made.server(mutual=True)) as bot:
        await ask(controller, bot.url, "both", ca_file=made.ca, **ours)
        await controller.report("accepted", "both")
        await ask(controller, bot.url, "stranger", **ours)
        failed = await controller.report("failed", "stranger")
        assert "its TLS certificate is not accepted" in failed.detail
        await ask(controller, bot.url, "nameless", ca_file=made.ca)
        assert await controller.report("failed", "nameless")


async def test_a_file_that_is_not_there_costs_this_call_only(
    controller: Controller, made: certificates.Certificates
) -> None:
    async with serving(silent, tls=made.server()) as bot:
        await ask(controller, bot.url, "wrong", ca_file="/nowhere/ca.pem")
        failed = await controller.report("failed", "wrong")
        assert "/nowhere/ca.pem" in failed.detail
        await ask(controller, bot.url, "right", ca_file=made.ca)
        await controller.report("accepted", "right")


def test_secrets_are_in_no_representation() -> None:
    target = BotTarget(url="ws://bot/", token=SECRET, signing_secret=SECRET, headers={"X-Key": SECRET})
    assert SECRET not in repr(target)
    assert SECRET not in str(target)
