"""A whole worker on loopback whose bot has all calls on one WebSocket."""

import os
from typing import Any

from controller.bot.framing import RECORD_HEADER, append
from controller.bot.protocol import AudioFormat, Dtmf
from controller.media.control_messages import Attach, BotTarget, Close, Play, Send
from controller.media.worker import Listening
from tests.unit.bot.many_calls import echo, serving_many, taking
from tests.unit.bot.scripted_bot import Line, until
from tests.unit.media.peers import Controller, FakeAsterisk, opening, until_alone, working

SILENCE = b"\xff" * 160


async def ask(
    controller: Controller, worker: Listening, url: str, session: str, seconds: float = 5.0, **values: Any
) -> FakeAsterisk:
    """Open a call on the bot's one socket; whether the bot takes it is to be seen."""
    asterisk = FakeAsterisk(worker.rtp.port)
    target = BotTarget(url=url, token="bot-secret", accept_seconds=seconds, multiplex=True)
    await controller.link.send(opening(url, session, **values).model_copy(update={"bot": target}))
    await controller.link.send(Attach(session=session, host="127.0.0.1", port=asterisk.port))
    return asterisk


async def answered(controller: Controller, worker: Listening, url: str, session: str, **values: Any) -> FakeAsterisk:
    asterisk = await ask(controller, worker, url, session, **values)
    await controller.report("accepted", session)
    await controller.link.send(Play(session=session))
    await asterisk.listen_for(1)
    return asterisk


def spoken(asterisk: FakeAsterisk) -> list[bytes]:
    return [packet.payload for packet in asterisk.listen() if packet.payload != SILENCE]


async def test_every_caller_hears_himself_bit_exact(worker: Listening, controller: Controller) -> None:
    frames = {session: [os.urandom(160) for _ in range(25)] for session in ("s1", "s2", "s3")}
    async with serving_many(echo) as bot:
        callers = {session: await answered(controller, worker, bot.url, session) for session in frames}
        for number in range(25):
            for session, asterisk in callers.items():
                asterisk.say(frames[session][number])
        for session, asterisk in callers.items():
            await until(lambda: len(spoken(asterisk)) == 25)  # noqa: B023
            assert spoken(asterisk) == frames[session]
            await controller.link.send(Close(session=session, reason="caller_hung_up"))
            closed = await controller.report("closed", session)
            assert closed.statistics["packets_in"] == 25
            assert closed.statistics["bytes_out"] == 25 * 160
            assert {report.to for report in controller.of("first_audio", session)} == {"bot", "caller"}
        assert len(bot.lines) == 1
        assert not bot.lines[0].socket.closed


async def test_linear_audio_shares_the_socket(worker: Listening, controller: Controller) -> None:
    heard: dict[int, int] = {1: 0, 2: 0}

    async def listens(line: Line) -> None:
        while (frame := await line.hear()) is not None:
            start = 0
            while isinstance(frame, bytes) and start < len(frame):
                call, size = RECORD_HEADER.unpack_from(frame, start)
                heard[call] += size
                start += RECORD_HEADER.size + size

    async with serving_many(taking(2, listens)) as bot:
        wide = AudioFormat(encoding="pcm16", sample_rate=16_000)
        first = await answered(controller, worker, bot.url, "s1", audio=wide, uplink_ms=40)
        second = await answered(controller, worker, bot.url, "s2")
        for _ in range(10):
            first.say(SILENCE)
            second.say(SILENCE)
        await until(lambda: heard == {1: 10 * 640, 2: 10 * 160})


async def test_clear_marks_keys_and_hangup_are_one_calls_own(worker: Listening, controller: Controller) -> None:
    told: list[Any] = []

    async def converses(line: Line) -> None:
        message = bytearray()
        for call in (1, 2):
            append(message, call, bytes([call]) * 8_000)
        await line.socket.send_bytes(bytes(message))
        await line.say(type="mark", name="one", call=1)
        await line.say(type="clear", call=1)
        await line.say(type="mark", name="two", call=2)
        await line.say(type="hangup", reason="done", call=2)
        while (heard := await line.hear_message()) is not None:
            told.append(heard)

    async with serving_many(taking(2, converses)) as bot:
        first = await ask(controller, worker, bot.url, "s1")
        await controller.report("accepted", "s1")
        second = await answered(controller, worker, bot.url, "s2")
        await controller.link.send(Play(session="s1"))
        digit = Dtmf(digit="5", duration_ms=80).model_dump(mode="json", by_alias=True)
        await controller.link.send(Send(session="s1", message=digit))
        hangup = await controller.report("message", "s2")
        await first.listen_for(1)
        assert hangup.message == {"type": "hangup", "reason": "done"}
        assert spoken(second) == [b"\2" * 160] * 50
        assert spoken(first) == []
        await controller.link.send(Close(session="s2", reason="bot_hung_up"))
        await until(lambda: ("end", 2, "bot_hung_up") in [(m["type"], m["call"], m.get("reason")) for m in told])
    cleared = {"call": 1, "type": "cleared", "discarded_ms": 1_000, "played_ms": 0, "marks": ["one"]}
    of_first = [message for message in told if message["call"] == 1 and message["type"] != "end"]
    assert of_first == [
        cleared,
        {"call": 1, "type": "answered"},
        {"call": 1, "type": "dtmf", "digit": "5", "duration_ms": 80},
    ]
    assert {"call": 2, "type": "mark_reached", "name": "two"} in told


async def test_a_refused_and_a_late_call_leave_the_others_alone(worker: Listening, controller: Controller) -> None:
    async def chooses(line: Line) -> None:
        while (refused := await line.hear_message())["type"] != "start":
            pass
        await line.say(type="reject", reason="busy", call=refused["call"])
        while (heard := await line.hear()) is not None:
            if isinstance(heard, bytes):
                await line.socket.send_bytes(heard)

    async with serving_many(taking(1, chooses)) as bot:
        talking = await answered(controller, worker, bot.url, "talking")
        await ask(controller, worker, bot.url, "refused")
        assert (await controller.report("refused", "refused")).reason == "busy"
        await ask(controller, worker, bot.url, "late", seconds=0.2)
        assert (await controller.report("failed", "late")).trigger == "no_answer"
        talking.say(b"\1" * 160)
        await until(lambda: spoken(talking) == [b"\1" * 160])


async def test_a_lost_socket_disconnects_its_calls_and_the_next_call_opens_another(
    worker: Listening, controller: Controller
) -> None:
    async def vanishes(line: Line) -> None:
        assert (await line.hear_message())["type"] == "start"
        line.socket._req.transport.abort()  # type: ignore[union-attr] # noqa: SLF001

    async with serving_many(taking(2, vanishes)) as bot:
        for session in ("s1", "s2"):
            await ask(controller, worker, bot.url, session)
            await controller.report("accepted", session)
        await ask(controller, worker, bot.url, "s3")
        assert (await controller.report("failed", "s3")).trigger == "unreachable"
        for session in ("s1", "s2"):
            assert (await controller.report("disconnected", session)).detail == "the bot lost the connection"
        bot.script = echo
        caller = await answered(controller, worker, bot.url, "s4")
        caller.say(b"\4" * 160)
        await until(lambda: spoken(caller) == [b"\4" * 160])
        assert len(bot.lines) == 2


async def test_a_worker_that_stops_says_end_to_every_call() -> None:
    told: list[Any] = []

    async def listens(line: Line) -> None:
        while (heard := await line.hear_message()) is not None:
            told.append(heard)

    async with serving_many(taking(2, listens)) as bot:
        async with working() as worker:
            async with Controller(f"ws://{worker.control}").linked() as linked:
                for session in ("s1", "s2"):
                    await ask(linked, worker, bot.url, session)
                    await linked.report("accepted", session)
            await until_alone(worker)
        await until(lambda: bot.lines[0].socket.closed)
    assert [(m["call"], m["type"], m["reason"]) for m in told] == [(call, "end", "shutdown") for call in (1, 2)]
