"""Whatever a bot, a stranger or a controller sends: the worker lives, names the fault, and other calls lose nothing."""

import json
import os
import random
import struct

import aiohttp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.bot.protocol import AudioFormat
from controller.config import Address
from controller.media.control_messages import Attach, Close, Play
from controller.media.engine import Engine
from controller.media.outbox import Outbox
from controller.media.udp import open_socket
from controller.media.worker import Listening
from tests.unit.bot.scripted_bot import Line, accept, echo, serving, silent, until
from tests.unit.media.peers import TOKEN, Controller, FakeAsterisk, answered, opening

TYPES = ["accept", "reject", "clear", "pause", "resume", "mark", "transcript", "result", "log", "transfer", "start"]


async def other_call_is_whole(worker: Listening, controller: Controller, session: str = "sound") -> None:
    """A call beside the one that suffers: every frame comes back."""
    frames = [os.urandom(160) for _ in range(20)]
    async with serving(echo) as bot:
        asterisk = await answered(controller, worker, bot.url, session)
        for frame in frames:
            asterisk.say(frame)
        await until(lambda: [p.payload for p in asterisk.listen() if p.payload in frames] == frames)


async def test_a_bot_that_babbles(worker: Listening, controller: Controller) -> None:
    chance = random.Random(1)  # noqa: S311 - no secret
    answers: list[str] = []

    async def babbles(line: Line) -> None:
        await accept(line)
        for _ in range(300):
            kind = chance.choice(TYPES)
            await line.socket.send_str(
                chance.choice(
                    [
                        json.dumps({"type": kind, "name": chance.choice([None, 1, "x" * 200, [], float("nan")])}),
                        json.dumps({"type": kind})[: chance.randrange(1, 12)],
                        "\x00\ufffd" * chance.randrange(1, 50),
                        "[" * chance.randrange(1, 5_000),
                        '{"type": "result", "name": "n", "data": {"rate": 1e999}}',
                    ]
                )
            )
            await line.socket.send_bytes(chance.randbytes(chance.randrange(1, 400)))
        while (heard := await line.hear()) is not None:
            if isinstance(heard, dict) and heard["type"] == "error":
                answers.append(heard["code"])

    async with serving(babbles) as bot:
        await answered(controller, worker, bot.url, "babbling", audio=AudioFormat(encoding="pcm16", sample_rate=16_000))
        await other_call_is_whole(worker, controller)
        await until(lambda: len(answers) > 50)
        await controller.link.send(Close(session="babbling", reason="failed"))
        closed = await controller.report("closed", "babbling")
    assert closed.statistics["malformed_messages"] > 50
    assert "malformed" in answers


async def test_a_bot_that_announces_64_mib(worker: Listening, controller: Controller) -> None:
    async def boasts(line: Line) -> None:
        await accept(line)
        await line.hear_message()
        writer = line.socket._writer  # noqa: SLF001
        assert writer is not None
        assert writer.transport is not None
        writer.transport.write(b"\x81\x7f" + struct.pack("!Q", 64 << 20) + bytes(100_000))
        await line.hear()

    async with serving(boasts) as bot:
        await answered(controller, worker, bot.url, "boasting")
        lost = await controller.report("disconnected", "boasting")
        await other_call_is_whole(worker, controller)
    assert "exceeding max allowed size" in lost.detail


async def test_random_datagrams_from_everywhere(worker: Listening, controller: Controller) -> None:
    chance = random.Random(2)  # noqa: S311 - no secret
    async with serving(silent) as bot:
        asterisk = await answered(controller, worker, bot.url, "fuzzed")
        stranger = FakeAsterisk(worker.rtp.port)
        for _ in range(500):
            datagram = chance.randbytes(chance.choice([0, 1, 11, 12, 13, 172, 1_500, 3_000]))
            for sender in (asterisk, stranger):
                sender.send(datagram)
                sender.send(chance.choice([b"\x80", b"\x90", b"\xa0", b"\xbf"]) + datagram[1:])
        await other_call_is_whole(worker, controller)
        await controller.link.send(Close(session="fuzzed", reason="failed"))
        statistics = (await controller.report("closed", "fuzzed")).statistics
    assert statistics["strangers"] == 1_000
    assert statistics["malformed_packets"] + statistics["other_payload_types"] + statistics["packets_in"] > 500


@given(st.lists(st.binary(max_size=200), max_size=20))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_datagrams_leave_the_engine_working(datagrams: list[bytes]) -> None:
    rtp = open_socket(Address(host="127.0.0.1", port=0), "MEDIA_RTP_LISTEN")
    engine = Engine(rtp, Outbox(), 60.0, lambda: 0.0)
    asterisk = FakeAsterisk(rtp.address.port)
    for datagram in datagrams:
        asterisk.send(datagram)
    engine.drain(0.0)
    assert engine.counters["strangers"] == len(datagrams)
    rtp.close()
    FakeAsterisk.opened.pop().close()


async def test_a_controller_that_babbles(worker: Listening, controller: Controller) -> None:
    chance = random.Random(3)  # noqa: S311 - no secret
    examples = [
        opening("ws://127.0.0.1:1/", "x"),
        Attach(session="x", host="127.0.0.1", port=1),
        Play(session="x"),
        Close(session="x", reason="failed"),
    ]
    async with aiohttp.ClientSession() as session:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with session.ws_connect(f"ws://{worker.control}/control", headers=headers) as link:
            await link.receive_json()
            for _ in range(200):
                order = chance.choice(examples).model_dump(mode="json", by_alias=True)
                order[chance.choice(list(order))] = chance.choice([None, -1, "", "x" * 1000, [], {}, float("nan")])
                await link.send_str(json.dumps(order)[: chance.choice([10, 10_000])])
                await link.send_bytes(chance.randbytes(20))
    await until(lambda: len(controller.hellos) > 1)
    await other_call_is_whole(worker, controller)
