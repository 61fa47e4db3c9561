"""An unmodified Pipecat pipeline, from its published package, on its own Twilio transport.

It runs in an environment of its own (tests/bots/pipecat/requirements.txt), whose Python is named by PIPECAT_PYTHON.
"""

import asyncio
import os
import socket
import ssl
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from controller.api.twilio import Twilio
from controller.api.twilio_account import Account
from controller.bot.adapted import AdaptedConnection
from controller.bot.adapters.adapter import Opening
from controller.bot.protocol import Dtmf, Party, Start
from controller.media.audio import g711
from tests.unit.api.test_twilio import ACCOUNT, CALL, TOKEN, Calls, served
from tests.unit.bot.scripted_bot import until
from tests.unit.bot.test_connection import Listener

PYTHON = os.environ.get("PIPECAT_PYTHON", "")
BOT = Path(__file__).parent / "pipecat" / "bot.py"

START_SECONDS = 60.0
"""Pipecat's imports take their time."""

FRAME = 160
TONE_HZ = 440

pytestmark = pytest.mark.skipif(not PYTHON, reason="PIPECAT_PYTHON names no Python that has Pipecat")


@asynccontextmanager
async def pipecat(api_url: str) -> AsyncIterator[str]:
    """The bot's WebSocket URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "TWILIO_BASE_URL": api_url,
    }
    process = await asyncio.create_subprocess_exec(PYTHON, str(BOT), str(port), env=environment, stderr=sys.stderr)
    try:
        async with asyncio.timeout(START_SECONDS):
            while not await listens(port):  # noqa: ASYNC110 - a port knows no event
                await asyncio.sleep(0.1)
        yield f"ws://127.0.0.1:{port}/ws"
    finally:
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


def tone(frame: int) -> bytes:
    at = np.arange(frame * FRAME, (frame + 1) * FRAME)
    return g711.encode_mulaw((8_000 * np.sin(2 * np.pi * TONE_HZ * at / 8_000)).astype(np.int16)).tobytes()


def pitch(codes: bytes) -> float:
    samples = g711.decode_mulaw(np.frombuffer(codes, np.uint8)).astype(np.float64)
    return float(np.argmax(np.abs(np.fft.rfft(samples))) * 8_000 / len(samples))


async def test_it_hears_says_and_hangs_up() -> None:
    calls, listener = Calls(), Listener()
    bot = AdaptedConnection("twilio", listener, time.monotonic)
    start = Start(call_id=CALL.id, caller=Party(number="+4930111"), callee=Party(number="+4930222"), route="default")
    async with Account(ACCOUNT, TOKEN) as account:
        routes = Twilio(calls, account).routes()
        async with served(routes) as api_url, pipecat(api_url) as url:
            opening = Opening(url, start, TOKEN, parameters={"accountSid": ACCOUNT}, nonce="0f" * 16)
            await bot.open(opening, 10.0, ssl.create_default_context())
            for frame in range(100):
                assert bot.send_audio(tone(frame))
                await asyncio.sleep(0.02)
            await until(lambda: len(said(listener)) >= 50 * FRAME, 10.0)
            bot.send(Dtmf(digit="9"))
            await until(lambda: calls.told, 10.0)
            bot.end("bot_hung_up")
            await bot.wait_closed()
    heard = said(listener)
    assert pitch(heard[20 * FRAME : 40 * FRAME]) == pytest.approx(TONE_HZ, abs=20)
    assert calls.told == ["hang_up"]
    assert bot.counters["malformed_messages"] == bot.counters["unknown_messages"] == 0


def said(listener: Listener) -> bytes:
    return b"".join(told for told in listener.told if isinstance(told, bytes))
