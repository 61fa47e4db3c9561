"""A whole worker on loopback, between a fake Asterisk, a real WebSocket bot and a real control link."""

import asyncio
import contextlib
import os
import socket
from contextlib import AsyncExitStack
from itertools import pairwise

import aiohttp
import numpy as np
import numpy.typing as npt
import pytest

from controller.bot.protocol import AudioFormat, Dtmf
from controller.errors import SettingError
from controller.media.audio import g711
from controller.media.control_messages import Attach, Close, Play, Send
from controller.media.worker import Listening, run_worker
from tests.unit.bot.scripted_bot import Line, accept, echo, serving, silent, until
from tests.unit.media.peers import TOKEN, Controller, FakeAsterisk, answered, opening, settings, until_alone, working

SILENCE = b"\xff" * 160


async def test_what_the_caller_says_comes_back_bit_exact(worker: Listening, controller: Controller) -> None:
    frames = [os.urandom(160) for _ in range(50)]
    async with serving(echo) as bot:
        asterisk = await answered(controller, worker, bot.url)
        for frame in frames:
            asterisk.say(frame)
        await until(lambda: sum(packet.payload != SILENCE for packet in asterisk.listen()) >= len(frames))
        await controller.link.send(Close(session="s1", reason="caller_hung_up"))
        closed = await controller.report("closed")
    assert [packet.payload for packet in asterisk.heard if packet.payload != SILENCE] == frames
    assert closed.statistics["packets_in"] == len(frames)
    assert closed.statistics["bytes_out"] == 160 * len(frames)
    assert closed.statistics["lost"] == closed.statistics["duplicates"] == closed.statistics["malformed_packets"] == 0
    assert {report.to for report in controller.of("first_audio")} == {"bot", "caller"}


async def test_packets_are_on_the_grid_from_play_on_and_silent_where_there_is_nothing(
    worker: Listening, controller: Controller
) -> None:
    async with serving(silent) as bot:
        asterisk = FakeAsterisk(worker.rtp.port)
        await controller.link.send(opening(bot.url))
        await controller.link.send(Attach(session="s1", host="127.0.0.1", port=asterisk.port))
        await controller.report("accepted")
        await asyncio.sleep(0.1)
        assert asterisk.listen() == []
        await controller.link.send(Play(session="s1"))
        heard = await asterisk.listen_for(20)
    first = heard[0]
    assert {(packet.payload, packet.payload_type, packet.ssrc) for packet in heard} == {(SILENCE, 0, first.ssrc)}
    assert [packet.sequence for packet in heard] == [(first.sequence + number) % 65_536 for number in range(20)]
    # Where the machine stood still the grid goes on: a step is then some frames, never none or a part of one.
    steps = [(after.timestamp - before.timestamp) % (1 << 32) for before, after in pairwise(heard)]
    assert min(steps) == 160
    assert all(step % 160 == 0 for step in steps)


async def test_a_law_has_its_own_payload_type_and_silence(worker: Listening, controller: Controller) -> None:
    async with serving(silent) as bot:
        asterisk = FakeAsterisk(worker.rtp.port)
        await controller.link.send(opening(bot.url, encoding="alaw"))
        await controller.link.send(Attach(session="s1", host="127.0.0.1", port=asterisk.port))
        await controller.report("accepted")
        await controller.link.send(Play(session="s1"))
        (packet,) = await asterisk.listen_for(1)
    assert (packet.payload_type, packet.payload) == (8, b"\xd5" * 160)


async def test_audio_sent_before_the_answer_is_played_from_its_beginning(
    worker: Listening, controller: Controller
) -> None:
    greeting = bytes(range(160))

    async def greets(line: Line) -> None:
        await accept(line)
        await line.socket.send_bytes(greeting)
        assert await line.hear() == {"type": "answered"}
        while await line.hear() is not None:
            pass

    async with serving(greets) as bot:
        asterisk = await answered(controller, worker, bot.url)
    assert asterisk.heard[0].payload == greeting


async def test_clear_silences_and_marks_come_in_order(worker: Listening, controller: Controller) -> None:
    told = []

    async def interrupted(line: Line) -> None:
        await accept(line)
        await line.hear_message()
        await line.say(type="mark", name="at once")
        await line.socket.send_bytes(b"\x01" * 320)
        await line.say(type="mark", name="after two frames")
        told.append(await line.hear_message())
        told.append(await line.hear_message())
        await line.socket.send_bytes(b"\x02" * 80_000)
        await line.say(type="mark", name="never")
        await line.say(type="clear")
        await line.say(type="mark", name="after the clear")
        told.append(await line.hear_message())
        told.append(await line.hear_message())
        while await line.hear() is not None:
            pass

    async with serving(interrupted) as bot:
        asterisk = await answered(controller, worker, bot.url)
        await until(lambda: len(told) == 4)
        payloads = [packet.payload for packet in await asterisk.listen_for(5)]
    assert told[0] == {"type": "mark_reached", "name": "at once"}
    assert told[1] == {"type": "mark_reached", "name": "after two frames"}
    assert told[2]["type"] == "cleared"
    assert told[2]["marks"] == ["never"]
    assert told[2]["discarded_ms"] >= 9_000
    assert told[3] == {"type": "mark_reached", "name": "after the clear"}
    assert payloads[1:] == [SILENCE] * 4
    assert sum(packet.payload == b"\x01" * 160 for packet in asterisk.heard) == 2


async def test_hangup_is_reported_after_the_audio_before_it(worker: Listening, controller: Controller) -> None:
    async def says_goodbye(line: Line) -> None:
        await accept(line)
        await line.socket.send_bytes(b"\x03" * 1600)
        await line.say(type="hangup", reason="done")
        # The connection is closed at once: what was asked for is done all the same, and before `disconnected`.
        await line.socket.close()

    async with serving(says_goodbye) as bot:
        asterisk = await answered(controller, worker, bot.url)
        hangup = await controller.report("message")
        heard = [packet.payload for packet in asterisk.listen()]
        await controller.report("disconnected")
    assert hangup.message == {"type": "hangup", "reason": "done"}
    assert heard.count(b"\x03" * 160) == 10
    kinds = [report.type for report in controller.reports]
    assert kinds.index("message") < kinds.index("disconnected")


async def test_messages_are_passed_on_both_ways(worker: Listening, controller: Controller) -> None:
    heard = []

    async def talks(line: Line) -> None:
        await accept(line)
        await line.say(type="transcript", role="bot", text="Hello")
        await line.say(type="result", id="r1", name="Appointment confirmed", data={"at": 10})
        heard.append(await line.hear_message())
        heard.append(await line.hear_message())
        heard.append(await line.hear_message())

    async with serving(talks) as bot:
        await answered(controller, worker, bot.url)
        await controller.link.send(
            Send(session="s1", message=Dtmf(digit="1", duration_ms=80).model_dump(mode="json", by_alias=True))
        )
        await until(lambda: len(controller.of("message")) == 2)
        await controller.link.send(Close(session="s1", reason="caller_hung_up"))
        await until(lambda: len(heard) == 3)
    transcript, result = (report.message for report in controller.of("message"))
    assert transcript["id"]
    assert result == {"type": "result", "id": "r1", "name": "Appointment confirmed", "data": {"at": 10}}
    assert heard[:2] == [{"type": "answered"}, {"type": "dtmf", "digit": "1", "duration_ms": 80}]
    assert heard[2]["type"] == "end"
    assert heard[2]["reason"] == "caller_hung_up"
    assert heard[2]["counters"]["played_ms"] == 0


async def test_reports_survive_a_lost_control_link(worker: Listening) -> None:
    go_on = asyncio.Event()

    async def talks(line: Line) -> None:
        await accept(line)
        await go_on.wait()
        for number in range(20):
            await line.say(type="log", id=str(number), message="meanwhile")
        while await line.hear() is not None:
            pass

    first, second = (Controller(f"ws://{worker.control}") for _ in range(2))
    async with serving(talks) as bot:
        async with first.linked():
            asterisk = await answered(first, worker, bot.url)
        go_on.set()
        assert await asterisk.listen_for(10), "audio goes on while no controller is there"
        async with second.linked():
            assert second.hellos[0].sessions == ["s1"]
            await until(lambda: len(second.of("message")) == 20)
            assert [report.message["id"] for report in second.of("message")] == [str(n) for n in range(20)]
            assert first.hellos[0].instance == second.hellos[0].instance


async def test_one_link_that_comes_back_gets_each_report_once(worker: Listening) -> None:
    controller = Controller(f"ws://{worker.control}")

    async def talks(line: Line) -> None:
        await accept(line)
        for number in range(1_000):
            await line.say(type="log", id=str(number), message="much")
            if number % 100 == 0:
                await asyncio.sleep(0.01)
        while await line.hear() is not None:
            pass

    async with serving(talks) as bot, controller.linked():
        await controller.link.send(opening(bot.url))
        await until(lambda: len(controller.of("message")) > 100)
        # A newer link takes over and goes: the first comes back, and nothing is missing or doubled.
        async with Controller(f"ws://{worker.control}").linked() as usurper:
            await until(lambda: controller.downs)
            taken = [report.message["id"] for report in usurper.of("message")]
        await until(lambda: len(set(_ids(controller)) | set(taken)) == 1_000)
    ids = _ids(controller)
    assert len(ids) == len(set(ids))
    assert ids == sorted(ids, key=int)


async def test_a_bot_that_does_not_read_costs_only_itself(worker: Listening, controller: Controller) -> None:
    async def deaf(line: Line) -> None:
        await accept(line)
        line.socket._reader._protocol.pause_reading()  # type: ignore[union-attr] # noqa: SLF001
        await asyncio.sleep(60)

    async with serving(deaf) as deaf_bot, serving(echo) as bot:
        stalled = await answered(controller, worker, deaf_bot.url, "deaf")
        asterisk = await answered(controller, worker, bot.url)
        frame = os.urandom(1400)
        for _ in range(40):
            for _ in range(200):
                stalled.say(frame)
            await asyncio.sleep(0.006)
        for _ in range(25):
            asterisk.say(b"\x05" * 160)
        await until(lambda: sum(packet.payload == b"\x05" * 160 for packet in asterisk.listen()) == 25)
        await controller.link.send(Close(session="deaf", reason="failed"))
        closed = await controller.report("closed", "deaf")
    assert closed.statistics["audio_frames_dropped_to_bot"] > 0


async def test_the_watchdog_tells_once_and_again_after_packets_came_back() -> None:
    async with (
        working(media_silence_seconds=0.2) as worker,
        Controller(f"ws://{worker.control}").linked() as controller,
        serving(silent) as bot,
    ):
        asterisk = await answered(controller, worker, bot.url)
        await controller.report("silent")
        asterisk.say(SILENCE)
        await until(lambda: len(controller.of("silent")) == 2)


async def test_strangers_and_malformed_packets_are_counted(worker: Listening, controller: Controller) -> None:
    async with serving(silent) as bot:
        asterisk = await answered(controller, worker, bot.url)
        stranger = FakeAsterisk(worker.rtp.port)
        stranger.say(SILENCE)
        asterisk.send(b"")
        asterisk.send(b"\x00" * 172)
        asterisk.send(os.urandom(11))
        asterisk.say(SILENCE, payload_type=101)
        asterisk.say(SILENCE)
        asterisk.sequence -= 1
        asterisk.say(SILENCE)
        asterisk.sequence += 3
        asterisk.say(SILENCE)
        await asyncio.sleep(0.1)
        await controller.link.send(Close(session="s1", reason="caller_hung_up"))
        statistics = (await controller.report("closed")).statistics
    assert statistics["strangers"] == 1
    assert statistics["malformed_packets"] == 3
    assert statistics["other_payload_types"] == 1
    assert statistics["duplicates"] == 1
    assert statistics["lost"] == 3
    assert statistics["packets_in"] == 2


async def test_a_bot_that_refuses_or_is_not_there_ends_the_session(worker: Listening, controller: Controller) -> None:
    async def refuses(line: Line) -> None:
        await line.hear()
        await line.say(type="reject", reason="busy", message="ten calls already")
        await line.hear()

    async with serving(refuses) as bot:
        await controller.link.send(opening(bot.url))
        refused = await controller.report("refused")
    assert (refused.reason, refused.detail) == ("busy", "ten calls already")
    await controller.link.send(opening(bot.url, "s2"))
    failed = await controller.report("failed", "s2")
    assert failed.trigger == "unreachable"
    assert await _sessions(worker) == 0


async def test_a_session_closed_while_it_opens_is_closed(worker: Listening, controller: Controller) -> None:
    async def ponders(line: Line) -> None:
        assert (await line.hear())["type"] == "start"
        assert await line.hear() == {"type": "end", "reason": "caller_hung_up"}

    async with serving(ponders) as bot:
        await controller.link.send(opening(bot.url))
        await until(lambda: bot.lines)
        await controller.link.send(Close(session="s1", reason="caller_hung_up"))
        await controller.report("closed")
        assert await _sessions(worker) == 0
    assert not controller.of("failed")


async def test_a_close_for_an_unknown_session_is_reported_closed(controller: Controller) -> None:
    await controller.link.send(Close(session="never", reason="failed"))
    assert (await controller.report("closed", "never")).statistics == {}


async def test_a_worker_that_stops_tells_the_bots() -> None:
    ends = []

    async def listens(line: Line) -> None:
        await accept(line)
        while (heard := await line.hear_message()) is not None:
            ends.append(heard)

    async with serving(listens) as bot:
        async with working() as worker:
            async with Controller(f"ws://{worker.control}").linked() as controller:
                await answered(controller, worker, bot.url)
            await until_alone(worker)
        await until(lambda: bot.lines[0].socket.closed)
    assert ends[-1]["type"] == "end"
    assert ends[-1]["reason"] == "shutdown"


async def test_a_worker_that_stops_under_a_controller_leaves_the_bots_to_another() -> None:
    heard = []

    async def listens(line: Line) -> None:
        await accept(line)
        while (said := await line.hear_message()) is not None:
            heard.append(said["type"])

    async with serving(listens) as bot, AsyncExitStack() as stack:
        worker = await stack.enter_async_context(working())
        controller = Controller(f"ws://{worker.control}")
        async with controller.linked():
            await answered(controller, worker, bot.url)
            await stack.aclose()
            await until(lambda: bot.lines[0].socket.closed)
            assert not controller.of("closed")
    assert "end" not in heard


async def test_the_token_is_asked_for(worker: Listening) -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(f"ws://{worker.control}/control", headers={"Authorization": "Bearer wrong"})
        assert refused.value.status == 401
        async with session.ws_connect(
            f"ws://{worker.control}/control", headers={"Authorization": f"Bearer {TOKEN}"}
        ) as link:
            hello = await link.receive_json()
    assert hello["rtp_host"] == "127.0.0.1"
    assert hello["rtp_port"] == worker.rtp.port


async def test_orders_that_make_no_sense_do_not_cost_the_link(worker: Listening) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"ws://{worker.control}/control", headers={"Authorization": f"Bearer {TOKEN}"}) as link,
    ):
        await link.receive_json()
        for nonsense in ("", "[]", '{"type": "fly"}', '{"type": "attach", "session": 1}', "\x00", "{" * 1000):
            await link.send_str(nonsense)
        await link.send_bytes(b"\x00" * 1000)
        await link.send_str('{"type": "close", "session": "x", "reason": "failed"}')
        assert (await link.receive_json())["type"] == "closed"


@pytest.mark.parametrize(
    ("setting", "values"),
    [
        ("MEDIA_TOKEN", {"media_listen": "0.0.0.0:0", "media_token": ""}),
        ("MEDIA_LISTEN", {"media_listen": "127.0.0.1:{taken}"}),
        ("MEDIA_RTP_LISTEN", {"media_rtp_listen": "127.0.0.1:{taken}"}),
    ],
)
async def test_a_setting_that_cannot_work_is_named(setting: str, values: dict[str, str]) -> None:
    with contextlib.ExitStack() as stack:
        taken = 0
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            holder = stack.enter_context(socket.socket(socket.AF_INET, kind))
            holder.bind(("127.0.0.1", taken))
            taken = holder.getsockname()[1]
        values = {name: value.format(taken=taken) for name, value in values.items()}
        with pytest.raises(SettingError) as refused:
            await run_worker(settings(**values))
    assert refused.value.setting == setting
    assert refused.value.mend


def _ids(controller: Controller) -> list[str]:
    return [report.message["id"] for report in controller.of("message")]


async def _sessions(worker: Listening) -> int:
    async with aiohttp.ClientSession() as session, session.get(f"http://{worker.control}/healthz") as response:
        return int((await response.json())["sessions"])


@pytest.mark.parametrize("rate", [8_000, 16_000, 24_000])
async def test_a_bot_of_linear_pcm_hears_and_is_heard(worker: Listening, controller: Controller, rate: int) -> None:
    """The caller's 1 kHz tone reaches the bot at its rate; the bot's 400 Hz tone, in odd chunks, the caller."""
    heard = bytearray()
    spoken = np.rint(8_000 * np.sin(2 * np.pi * 400 * np.arange(rate) / rate)).astype("<i2").tobytes()

    async def talks(line: Line) -> None:
        await accept(line)
        for start in range(0, len(spoken), 333):
            await line.socket.send_bytes(spoken[start : start + 333])
        while (frame := await line.hear()) is not None:
            if isinstance(frame, bytes):
                heard.extend(frame)

    said = g711.encode_mulaw((8_000 * np.sin(2 * np.pi * 1_000 * np.arange(8_000) / 8_000)).astype(np.int16)).tobytes()
    audio = AudioFormat(encoding="pcm16", sample_rate=rate)
    async with serving(talks) as bot:
        asterisk = await answered(controller, worker, bot.url, audio=audio)
        for start in range(0, 8_000, 160):
            asterisk.say(said[start : start + 160])
        await until(lambda: len(heard) == rate * 2)
        await until(lambda: sum(packet.payload != SILENCE for packet in asterisk.listen()) >= 50)
    assert _tone_hz(np.frombuffer(bytes(heard), "<i2"), rate) == pytest.approx(1_000, abs=2)
    played = b"".join(packet.payload for packet in asterisk.heard)[: 40 * 160]
    assert _tone_hz(g711.decode_mulaw(np.frombuffer(played, np.uint8)), 8_000) == pytest.approx(400, abs=2)


def _tone_hz(samples: npt.NDArray[np.int16], rate: int) -> float:
    """The strongest frequency."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), n=8 * rate))
    return float(np.argmax(spectrum)) / 8
