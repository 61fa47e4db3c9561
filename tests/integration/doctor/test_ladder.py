"""A real call's SIP as a ladder, and nothing copied before and after."""

import asyncio

import pytest

from controller.config import Address, load
from controller.doctor.ladder.capture import MODULES, capture
from controller.doctor.ladder.drawing import draw
from tests.integration.stack.bot import Bot
from tests.integration.stack.sip_party import party
from tests.integration.stack.stack import Stack

pytestmark = pytest.mark.integration

LISTEN = Address(host="127.0.0.1", port=9060)
SECONDS_MAX = 10.0
SECRET = "0123456789abcdef"
DIGEST = f'Digest username="x", realm="asterisk", nonce="n", uri="sip:x", response="{SECRET}"'


async def copying(stack: Stack) -> set[str]:
    async with stack.ari() as ari:
        return set(MODULES) & await ari.running_modules()


async def test_a_call_is_drawn_without_its_secrets(stack: Stack, bot: Bot) -> None:
    assert not await copying(stack)
    listening = asyncio.create_task(capture(load(stack.settings), LISTEN, SECONDS_MAX, 1))
    async with asyncio.timeout(SECONDS_MAX):
        while len(await copying(stack)) < len(MODULES):  # noqa: ASYNC110 - it knows no event
            await asyncio.sleep(0.02)
    async with party(stack.asterisks.bundled.sip_port) as caller:
        await caller.call("+493023125000", {"Authorization": DIGEST})
        await bot.call()
        await caller.hang_up()
        (dialog,) = await listening
    assert dialog[0].message.header("Call-ID") == caller.call_id
    words = [line[10:] for line in draw(dialog).splitlines()[5:]]
    for said in ("INVITE (PCMU,", "180 Ringing", "200 OK (PCMU,", "ACK", "BYE", "200 OK"):
        assert any(said in line for line in words), words
    assert SECRET not in draw(dialog, full=True)
    assert "Digest username" in draw(dialog, full=True)
    assert not await copying(stack)
