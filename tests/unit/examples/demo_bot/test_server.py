"""The demo bot on a real WebSocket, with our side of the protocol played to it."""

import asyncio
import os
import shutil
import signal
import socket
import sys
from typing import Any

import pytest
from aiohttp import ClientSession, WSMsgType, WSServerHandshakeError
from aiohttp.test_utils import TestServer

from controller.bot import protocol
from examples.demo_bot import __main__ as program
from examples.demo_bot import conversation
from examples.demo_bot.__main__ import DemoBot
from examples.demo_bot.formats import Format
from tests.unit.examples.controllers_side import Bot, Line
from tests.unit.examples.demo_bot.sounds import HummedSpeech, noise, silence, voice

SPEECH = HummedSpeech()


def of(frames: list[Any], kind: type[Any]) -> list[Any]:
    return [frame for frame in frames if isinstance(frame, kind)]


def demo_bot(**options: str) -> Bot:
    return Bot(DemoBot(SPEECH, **options).application())


async def said(line: Line) -> list[Any]:
    """The next thing that the bot says, to its transcript; it is played out at once."""
    transcript, before = await line.receive_until(protocol.Transcript)
    (mark,) = of(before, protocol.Mark)
    await line.send(protocol.MarkReached(name=mark.name))
    return [*before, transcript]


async def test_a_whole_call() -> None:
    async with demo_bot() as line:
        await line.start()
        accept, audio, *_ = await said(line)
        assert accept == protocol.Accept(type="accept")
        assert len(audio) > 8000
        await line.send(protocol.Answered())

        await line.send(protocol.Dtmf(digit="1"))
        (result,) = of(await said(line), protocol.Result)
        assert result.name == "Appointment confirmed"
        await line.send(protocol.Ack(id=result.id))

        await line.send(protocol.Dtmf(digit="2"))
        await said(line)
        words = noise(1.0, 3000)
        await line.socket.send_bytes(silence(0.3) + words + silence(0.7))
        repeated, _ = await line.receive_until(bytes)
        assert words in repeated

        await line.send(protocol.Dtmf(digit="0"))
        transfer, before = await line.receive_until(protocol.Transfer)
        assert of(before, bytes) == [SPEECH.say(conversation.TRANSFER, audio_format=Format("mulaw"))]
        assert transfer.to == "human"
        await line.send(protocol.TransferProgress(state="connected"))
        await line.send(protocol.End(reason="transferred"))
        assert (await line.socket.receive()).type is WSMsgType.CLOSE


async def test_it_is_interrupted_by_speech() -> None:
    async with demo_bot() as line:
        await line.start("alaw")
        await line.receive_until(protocol.Transcript)
        for _ in range(10):
            await line.socket.send_bytes(silence(0.02, "alaw"))
        for _ in range(3):
            await line.socket.send_bytes(voice(0.02, "alaw"))
        _, before = await line.receive_until(protocol.Clear)
        assert before == []


async def test_a_pause_without_audio_ends_what_is_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "NO_AUDIO_SECONDS", 0.01)
    async with demo_bot() as line:
        await line.start()
        await said(line)
        await line.send(protocol.Dtmf(digit="2"))
        await said(line)
        await line.socket.send_bytes(voice(0.5))
        repeated, _ = await line.receive_until(bytes)
        assert repeated == voice(0.5)


async def test_it_can_reject() -> None:
    async with demo_bot(reject="busy") as line:
        await line.start()
        reject = await line.receive()
        assert isinstance(reject, protocol.Reject)
        assert reject.reason == "busy"


async def test_a_controller_that_vanishes_harms_nobody() -> None:
    async with demo_bot() as line:
        await line.start()
        await line.socket.close()


async def test_health_and_token() -> None:
    server = TestServer(DemoBot(SPEECH, token="s3cret").application())
    await server.start_server()
    async with ClientSession() as client:
        async with client.get(server.make_url("/healthz")) as response:
            assert response.status == 200
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer s3crét"}):
            with pytest.raises(WSServerHandshakeError) as raised:
                await client.ws_connect(server.make_url("/"), headers=headers)
            assert raised.value.status == 401
        async with client.ws_connect(server.make_url("/"), headers={"Authorization": "Bearer s3cret"}):
            pass
    await server.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


async def run(port: int) -> asyncio.subprocess.Process:
    environment = {**os.environ, "DEMO_BOT_LISTEN": f"127.0.0.1:{port}"}
    command = (sys.executable, "-m", "examples.demo_bot")
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(*command, env=environment, stdout=pipe, stderr=pipe)


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
async def test_as_a_program_with_its_real_voice() -> None:
    port = free_port()
    process = await run(port)
    assert process.stdout is not None
    assert b"demo bot on ws://" in await process.stdout.readline()
    async with ClientSession() as client:
        connection = await client.ws_connect(f"http://127.0.0.1:{port}/", protocols=[protocol.SUBPROTOCOL])
        line = Line(connection)
        await line.start(number="+493012345678")
        audio, before = await line.receive_until(bytes)
        assert before == [protocol.Accept(type="accept")]
        assert 8 * 8000 < len(audio) < 20 * 8000
        second = await run(port)
        _, error = await second.communicate()
        assert second.returncode == 2
        assert error.decode().startswith(f"DEMO_BOT_LISTEN: cannot listen on 127.0.0.1:{port}")
        assert b"Traceback" not in error
        process.send_signal(signal.SIGTERM)
        await connection.close()
    await process.communicate()
    assert process.returncode == 0
