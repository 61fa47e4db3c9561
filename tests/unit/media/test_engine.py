"""The engine by hand: its sockets are real, its time is the test's."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from controller.config import Address
from controller.media import engine as module
from controller.media import uplink as module_uplink
from controller.media.control_messages import AckReports, Attach, Open, Play, Send
from controller.media.engine import Engine
from controller.media.outbox import Outbox
from controller.media.udp import open_socket
from tests.unit.bot.scripted_bot import Line, accept, serving, silent, until
from tests.unit.media.peers import FakeAsterisk, opening


class Worker:
    def __init__(self) -> None:
        self.now = 1_000.0
        self.rtp = open_socket(Address(host="127.0.0.1", port=0), "MEDIA_RTP_LISTEN")
        self.outbox = Outbox()
        self.engine = Engine(self.rtp, self.outbox, 60.0, lambda: self.now)

    async def carry(self, order: Open) -> FakeAsterisk:
        """One answered call. No clock runs: nothing is sent before the test says so."""
        asterisk = FakeAsterisk(self.rtp.address.port)
        self.engine.obey(order)
        await until(lambda: self.outbox.after(0))
        self.engine.obey(Attach(session=order.session, host="127.0.0.1", port=asterisk.port))
        self.engine.obey(Play(session=order.session))
        return asterisk


@pytest.fixture
async def worker() -> AsyncIterator[Worker]:
    worker = Worker()
    yield worker
    await worker.engine.shutdown()
    worker.rtp.close()


async def test_a_late_tick_is_made_up_for_and_a_very_late_one_left_out(worker: Worker) -> None:
    async with serving(silent) as bot:
        asterisk = await worker.carry(opening(bot.url))
        worker.engine.tick(1)
        worker.engine.tick(3)
        assert len(await asterisk.listen_for(0)) == 0
        assert len(asterisk.listen()) == 4
        worker.engine.tick(50)
        heard = asterisk.listen()
    assert len(heard) == 4 + module.CATCH_UP_TICKS_MAX
    assert (heard[4].timestamp - heard[3].timestamp) % (1 << 32) == 160 * (50 - module.CATCH_UP_TICKS_MAX + 1)
    assert (heard[4].sequence - heard[3].sequence) % 65_536 == 1


async def test_a_session_whose_code_fails_ends_alone(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(silent) as bot:
        broken = await worker.carry(opening(bot.url, "broken"))
        worker.outbox.acknowledge(100)
        sound = await worker.carry(opening(bot.url, "sound"))

        def fail(*_: object) -> None:
            raise RuntimeError("our own bug")

        monkeypatch.setattr(worker.engine._sessions["broken"].uplink, "receive", fail)  # noqa: SLF001
        broken.say(b"\xff" * 160)
        sound.say(b"\xff" * 160)
        worker.engine.drain(worker.now)
        worker.engine.tick()
        assert worker.engine.sessions == ["sound"]
        assert worker.engine.counters["broken_sessions"] == 1
        assert len(sound.listen()) == 1


async def test_the_later_session_of_a_call_takes_its_address_over(worker: Worker) -> None:
    async with serving(silent) as bot:
        asterisk = await worker.carry(opening(bot.url, "first"))
        worker.outbox.acknowledge(100)
        worker.engine.obey(opening(bot.url, "second"))
        worker.engine.obey(Attach(session="second", host="127.0.0.1", port=asterisk.port))
        worker.engine.obey(Play(session="second"))
        worker.engine.close("first", "failed")
        worker.engine.tick()
        assert len(asterisk.listen()) == 1


async def test_without_controller_only_silent_sessions_end(worker: Worker) -> None:
    async with serving(silent) as bot:
        await worker.carry(opening(bot.url, "silent"))
        worker.outbox.acknowledge(100)
        talking = await worker.carry(opening(bot.url, "talking"))
        worker.now += module.CONTROLLER_AWAY_SECONDS - 1
        talking.say(b"\xff" * 160)
        worker.engine.drain(worker.now)
        worker.now += 1
        worker.engine.controller_present = True
        worker.engine.watch(worker.now)
        assert len(worker.engine.sessions) == 2
        worker.engine.controller_present = False
        worker.now += module.CONTROLLER_AWAY_SECONDS - 2
        talking.say(b"\xff" * 160)
        worker.engine.drain(worker.now)
        worker.engine.watch(worker.now)
        assert len(worker.engine.sessions) == 2
        worker.now += 2
        worker.engine.watch(worker.now)
        assert worker.engine.sessions == ["talking"]


async def test_orders_about_nothing_and_nonsense_are_passed_by(worker: Worker) -> None:
    async with serving(silent) as bot:
        await worker.carry(opening(bot.url))
        for order in (
            opening("ws://127.0.0.1:1/"),
            Attach(session="s1", host="not an address", port=1),
            Attach(session="gone", host="127.0.0.1", port=1),
            Play(session="gone"),
            Send(session="s1", message={"type": "no such"}),
            Send(session="gone", message={}),
            AckReports(seq=10**12),
        ):
            worker.engine.obey(order)
        await asyncio.sleep(0)
        assert worker.engine.sessions == ["s1"]


@pytest.mark.parametrize("uplink_ms", [20, 40, 60, 100])
async def test_the_callers_audio_comes_in_messages_of_the_length_asked_for(worker: Worker, uplink_ms: int) -> None:
    heard: list[bytes] = []

    async def listens(line: Line) -> None:
        await accept(line)
        while (frame := await line.hear()) is not None:
            heard.extend([frame] if isinstance(frame, bytes) else [])

    async with serving(listens) as bot:
        asterisk = await worker.carry(opening(bot.url, uplink_ms=uplink_ms))
        frames = [bytes([number]) * 160 for number in range(16)]
        for frame in frames:
            asterisk.say(frame)
            worker.now += 0.020
            worker.engine.drain(worker.now)
        per_message = uplink_ms // 20
        await until(lambda: len(heard) == len(frames) // per_message)
        # The caller falls silent: what is left does not wait for ever.
        worker.now += uplink_ms / 1_000 + module_uplink.GATHERING_SLACK_SECONDS + 0.001
        worker.engine.drain(worker.now)
        await until(lambda: len(heard) == -(-len(frames) // per_message))
    assert b"".join(heard) == b"".join(frames)
    assert {len(message) for message in heard[:-1]} <= {uplink_ms * 8}
