"""Our side of the bot's WebSocket, when the bot goes, hangs or is somebody else."""

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from controller.bot import websocket as module
from controller.bot.adapters.adapter import Opening
from controller.bot.conversation import BotFailed
from controller.bot.protocol import Answered
from controller.bot.websocket import AUDIO_WAITING_BYTES_MAX
from tests.unit.bot.our_side import START, Call, cuts, leaves, sends_a_giant
from tests.unit.bot.scripted_bot import Line, accept, echo, serving, silent, until


@pytest.fixture
async def call() -> AsyncIterator[Call]:
    call = Call()
    yield call
    call.bot.end("failed")
    await call.bot.wait_closed()


@pytest.mark.parametrize(
    ("script", "detail"),
    [
        (leaves, "lost: the bot closed the connection with code 4001 (no time)"),
        (cuts, "lost: the bot lost the connection"),
        (sends_a_giant, "lost: the bot broke the WebSocket protocol (Received frame with payload size exceeding"),
    ],
)
async def test_a_bot_that_goes_later_is_lost_and_told_once(call: Call, script: Any, detail: str) -> None:
    async def takes_the_call_and_goes(line: Line) -> None:
        await accept(line)
        await script(line)

    async with serving(takes_the_call_and_goes) as bot:
        await call.open(bot.url)
        call.bot.send(Answered())
        await until(lambda: len(call.told) == 2)
        await call.bot.wait_closed()
    assert call.told[0] == "accepted"
    assert call.told[1].startswith(detail)
    assert len(call.told) == 2


async def test_a_dead_peer_is_noticed_by_its_missing_pong(call: Call) -> None:
    async def freezes(line: Line) -> None:
        await accept(line)
        line.socket._reader._protocol.pause_reading()  # type: ignore[union-attr] # noqa: SLF001
        await asyncio.sleep(60)

    async with serving(freezes) as bot:
        await call.open(bot.url)
        call.clock.ahead += module.PING_SECONDS
        call.bot.watch(call.clock())
        assert call.told == ["accepted"]
        call.clock.ahead += module.PONG_SECONDS
        call.bot.watch(call.clock())
    assert call.told == ["accepted", "lost: the bot did not answer a ping within 5 s"]


async def test_a_living_peer_answers_pings(call: Call) -> None:
    async with serving(silent) as bot:
        await call.open(bot.url)
        for _ in range(3):
            call.clock.ahead += module.PING_SECONDS
            call.bot.watch(call.clock())
            await until(lambda: call.bot._socket._heard)  # noqa: SLF001
    assert call.told[0] == "accepted"


async def test_a_bot_that_does_not_read_loses_audio_and_then_the_connection(call: Call) -> None:
    async def is_deaf(line: Line) -> None:
        await accept(line)
        line.socket._reader._protocol.pause_reading()  # type: ignore[union-attr] # noqa: SLF001
        await asyncio.sleep(60)

    async with serving(is_deaf) as bot:
        await call.open(bot.url)
        sent = 0
        while call.bot.send_audio(bytes(1000)):
            sent += 1
            assert sent < 20_000
            if sent % 100 == 0:
                await asyncio.sleep(0.001)
        for _ in range(20):
            call.bot.send_audio(bytes(1000))
        assert call.bot.counters["audio_frames_dropped_to_bot"] == 21 - AUDIO_WAITING_BYTES_MAX // 1000
        for _ in range(20_000):
            call.bot.send(Answered())
        assert call.told == ["accepted", "lost: the bot does not read what it is sent"]


async def test_a_bot_that_was_away_hears_the_newest_and_misses_what_was_before_it(call: Call) -> None:
    """Two seconds of audio wait for it at most, in order; what it had not taken of the time before is lost."""
    reads, heard = asyncio.Event(), list[int]()

    async def is_away(line: Line) -> None:
        await accept(line)
        reading = line.socket._reader._protocol  # type: ignore[union-attr] # noqa: SLF001
        reading.pause_reading()
        await reads.wait()
        reading.resume_reading()
        while isinstance(frame := await line.hear(), bytes):
            heard.append(int.from_bytes(frame[:4], "big"))

    async with serving(is_away) as bot:
        await call.open(bot.url)
        said = 0
        while call.bot.counters["audio_frames_dropped_to_bot"] < 30:
            call.bot.send_audio(said.to_bytes(4, "big") * 250)
            said += 1
            assert said < 20_000
            if said % 100 == 0:
                await asyncio.sleep(0.001)
        reads.set()
        await until(lambda: heard and heard[-1] == said - 1)
        kept = AUDIO_WAITING_BYTES_MAX // 1000
        assert heard == [*range(said - kept - 30), *range(said - kept, said)]
        assert call.bot.send_audio(said.to_bytes(4, "big") * 250)
        await until(lambda: heard[-1] == said)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1 and its key."""
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "cert.pem", folder / "key.pem"
    request = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=bot"
    names = ["-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*request.split(), *names, *files], check=True, capture_output=True)
    return certificate, key


@pytest.mark.parametrize("trusted", [True, False])
async def test_tls_is_verified(call: Call, certificate: tuple[Path, Path], *, trusted: bool) -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*certificate)
    client = ssl.create_default_context(cafile=str(certificate[0]) if trusted else None)
    async with serving(echo, tls=server) as bot:
        if trusted:
            await call.bot.open(Opening(bot.url, START), 5.0, client)
            call.bot.send_audio(b"over TLS")
            await until(lambda: b"over TLS" in call.told)
        else:
            with pytest.raises(BotFailed) as failed:
                await call.bot.open(Opening(bot.url, START), 5.0, client)
            assert failed.value.trigger == "unreachable"
            assert "its TLS certificate is not accepted" in failed.value.detail
