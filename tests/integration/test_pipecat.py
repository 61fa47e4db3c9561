"""An unmodified Pipecat pipeline takes real calls: from its published package, on its own Twilio transport.

It runs in an environment of its own (`setup/pipecat`), and its serializer's `base_url` is our REST API.
"""

import asyncio
import os
import subprocess
import sys
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from controller.carrier.carrier import Carrier
from controller.carrier.sounds import tone
from tests.integration.ladder.records import ladder
from tests.integration.ladder.routes import routes
from tests.integration.stack.asterisks import PHONE_NUMBER
from tests.integration.stack.parties import human_takes_it
from tests.integration.stack.processes import free_port
from tests.integration.stack.stack import Stack

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]  # the environment is made here where make did not

BOT = Path(__file__).parents[1] / "bots" / "pipecat" / "bot.py"
ACCOUNT, TOKEN = "AC" + "1" * 32, "t0ken-of-the-tests"
PITCH = 440.0
START_SECONDS = 60.0
"""Pipecat's imports take their time."""

STREAMS = """
[bots.streams]
url = "ws://127.0.0.1:{port}/ws"
protocol = "twilio"
token = {{env = "TWILIO_AUTH_TOKEN"}}
parameters = {{accountSid = "{account}"}}
"""


@pytest.fixture(scope="module")
def python() -> str:
    """One that has Pipecat."""
    return subprocess.run(["setup/pipecat"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


@dataclass
class Pipecat:
    port: int
    process: Process


@pytest.fixture
async def pipecat(running_stack: Stack, python: str) -> AsyncIterator[Pipecat]:
    """It waits for calls."""
    port = free_port()
    twilio = {
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "TWILIO_BASE_URL": f"http://127.0.0.1:{running_stack.api_port}",
    }
    process = await asyncio.create_subprocess_exec(
        python, str(BOT), str(port), env={**os.environ, **twilio}, stderr=sys.stderr
    )
    try:
        async with asyncio.timeout(START_SECONDS):
            while not await listens(port):
                assert process.returncode is None, "Pipecat ended by itself"
                await asyncio.sleep(0.1)
        yield Pipecat(port, process)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


@pytest.fixture
def streams(stack: Stack, pipecat: Pipecat) -> Stack:
    """All calls go to Pipecat, and to the desk without it."""
    more = STREAMS.format(port=pipecat.port, account=ACCOUNT)
    stack.route(
        routes(stack, '{bot = "streams"}, {human = "desk"}', more=more),
        TWILIO_ACCOUNT_SID=ACCOUNT,
        TWILIO_AUTH_TOKEN=TOKEN,
    )
    return stack


async def test_it_hears_is_heard_and_hangs_up(streams: Stack, carrier: Carrier) -> None:
    """It says back what it hears, and at the key 9 its serializer ends the call over Twilio's REST API."""
    caller = await carrier.dial(PHONE_NUMBER)
    await caller.until_answered()
    since = time.monotonic()
    caller.play(tone(PITCH, 1.0))
    await caller.until_tone(PITCH, since=since)
    await caller.press("9")
    await caller.until_ended()
    record = await streams.record()
    assert record.summary.ending == "operator_hung_up"
    assert [step.detail for step in record.steps if step.kind == "operator_hung_up"] == [f"by twilio {ACCOUNT}"]
    assert not record.statistics.get("malformed_messages")


async def test_one_that_dies_leaves_the_caller_to_the_human(streams: Stack, pipecat: Pipecat, carrier: Carrier) -> None:
    caller = await carrier.dial(PHONE_NUMBER)
    await caller.until_answered()
    pipecat.process.kill()
    human = await human_takes_it(caller, carrier)
    await human.hang_up()
    await caller.until_ended()
    record = await streams.record()
    assert record.summary.ending == "human_hung_up"
    assert ladder(record) == ["bot", "dropped", "human"]
