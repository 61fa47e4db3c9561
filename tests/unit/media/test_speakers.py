"""Who speaks, as a worker tells it: its sockets are real, its time is the test's."""

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest

from controller.bot.protocol import AudioFormat
from controller.media.control_messages import Attach, Close, Play, Speaking
from tests.unit.bot.scripted_bot import serving, silent, until
from tests.unit.media.audio.test_activity import frame
from tests.unit.media.media_socket import media_socket
from tests.unit.media.peers import Controller, FakeAsterisk, answered, opening, working
from tests.unit.media.test_asterisk_sockets import Call, idle
from tests.unit.media.test_engine import Worker

NOBODY, CALLER, BOT, BOTH = Speaking
TONE, SILENCE = frame(2_000), frame(0)
FRAME = 0.020


class Told(Worker):
    """A worker, and what it has told of its sessions."""

    def __init__(self) -> None:
        super().__init__()
        self.told: dict[str, list[Speaking | None]] = {}
        self.payload_type = 0

    def run(self, ms: int, said: dict[FakeAsterisk, bytes]) -> None:
        """So much time, while callers say these frames."""
        for _ in range(ms // 20):
            for asterisk, codes in said.items():
                asterisk.say(codes, self.payload_type)
            self.engine.drain(self.now)
            self.engine.tick()
            self.now += FRAME
            for session, speaking in self.engine.speakers.take().items():
                self.told.setdefault(session, []).append(speaking)

    def speak(self, session: str, codes: bytes) -> None:
        """Its bot sends this, and all of it is here."""
        downlink = self.engine._sessions[session].downlink  # noqa: SLF001
        downlink.write(memoryview(codes))


@pytest.fixture
async def worker() -> AsyncIterator[Told]:
    worker = Told()
    yield worker
    await worker.engine.shutdown()
    worker.rtp.close()


@pytest.mark.parametrize("encoding", ["mulaw", "alaw"])
async def test_caller_bot_both_and_nobody(worker: Told, encoding: str) -> None:
    tone, silence = frame(2_000, encoding), frame(0, encoding)
    async with serving(silent) as bot:
        asterisk = await worker.carry(opening(bot.url, encoding=encoding))
        worker.payload_type = 8 if encoding == "alaw" else 0
        worker.run(1_000, {asterisk: silence})
        worker.run(1_000, {asterisk: tone})
        worker.speak("s1", tone * 100)
        worker.run(1_000, {asterisk: tone})
        worker.run(3_000, {asterisk: silence})
        assert worker.told == {"s1": [NOBODY, CALLER, BOTH, BOT, NOBODY]}
        worker.engine.close("s1", "caller_hung_up")
        assert worker.engine.speakers.take() == {"s1": None}


async def test_a_caller_who_sends_nothing_any_more_is_silent(worker: Told) -> None:
    """Discontinuous transmission: the newest frame is loud, and old."""
    async with serving(silent) as bot:
        asterisk = await worker.carry(opening(bot.url))
        worker.run(1_000, {asterisk: TONE})
        worker.run(1_500, {})
        assert worker.told == {"s1": [NOBODY, CALLER, NOBODY]}


async def test_a_bot_that_sends_silence_says_nothing(worker: Told) -> None:
    async with serving(silent) as bot:
        await worker.carry(opening(bot.url))
        worker.speak("s1", SILENCE * 100)
        worker.run(1_000, {})
        assert worker.told == {"s1": [NOBODY]}


async def test_what_was_cleared_is_not_heard(worker: Told) -> None:
    async with serving(silent) as bot:
        await worker.carry(opening(bot.url))
        worker.speak("s1", TONE * 500)
        worker.run(1_000, {})
        worker.engine._sessions["s1"].downlink.clear()  # noqa: SLF001
        worker.run(1_000, {})
        assert worker.told == {"s1": [NOBODY, BOT, NOBODY]}


async def test_calls_come_and_go_and_each_keeps_its_own(worker: Told) -> None:
    async with serving(silent) as bot:
        callers = {}
        for name in ("one", "two", "three"):
            worker.outbox.acknowledge(100)
            callers[name] = await worker.carry(opening(bot.url, name))
        worker.run(1_000, {callers["two"]: SILENCE, callers["three"]: TONE})
        worker.speak("three", TONE * 200)
        worker.run(500, {callers["three"]: TONE})
        # The last row moves into the first one's place.
        worker.engine.close("one", "caller_hung_up")
        worker.run(1_000, {callers["two"]: SILENCE})
        assert worker.told == {"one": [NOBODY, None], "two": [NOBODY], "three": [NOBODY, CALLER, BOTH, BOT]}
        worker.outbox.acknowledge(100)
        again = await worker.carry(opening(bot.url, "four"))
        worker.run(1_000, {again: SILENCE})
        assert worker.told["four"] == [NOBODY], "who takes a row over begins anew"


async def test_who_comes_new_is_told_of_everybody(worker: Told) -> None:
    async with serving(silent) as bot:
        asterisk = await worker.carry(opening(bot.url))
        worker.run(1_000, {asterisk: TONE})
        speakers = worker.engine.speakers
        assert speakers.take() == {}
        speakers.tell_all()
        assert speakers.take() == {"s1": CALLER}


async def test_before_the_answer_nothing_is_said(worker: Told) -> None:
    async with serving(silent) as bot:
        asterisk = FakeAsterisk(worker.rtp.address.port)
        worker.engine.obey(opening(bot.url))
        await until(lambda: worker.outbox.after(0))
        worker.engine.obey(Attach(session="s1", host="127.0.0.1", port=asterisk.port))
        worker.run(1_000, {asterisk: TONE})
        assert worker.told == {}
        worker.engine.obey(Play(session="s1"))
        worker.engine.obey(Play(session="s1"))
        assert worker.engine.speakers.take() == {"s1": NOBODY}


@pytest.mark.parametrize("encoding", ["mulaw", "pcm16"])
async def test_over_a_media_socket(encoding: str) -> None:
    linear = np.full(320, 2_000, "<i2").tobytes()
    audio = AudioFormat(encoding="pcm16", sample_rate=16_000) if encoding == "pcm16" else AudioFormat()
    tone = linear if encoding == "pcm16" else TONE
    async with media_socket() as asterisk, serving(idle) as bot:
        asterisk.frame_bytes = len(tone)
        call = Call(asterisk, bot)
        await call.answered(opening(bot.url, audio=audio, encoding=encoding))
        speakers = call.engine.speakers
        told: list[Speaking | None] = []
        for caller in [True] * 5 + [False] * 10:
            before = call.session.uplink.statistics["packets_in"]
            if caller:
                await asterisk.send(tone)
                await until(lambda: call.session.uplink.statistics["packets_in"] > before)  # noqa: B023 - waited for here
            call.ticks(5)
            told += speakers.take().values()
        assert told == [NOBODY, CALLER, NOBODY]
        for _ in range(20):
            call.session.downlink.write(memoryview(tone * 5))
            call.ticks(5)
            await asterisk.tell(event="STATUS", queue_length=0)
            told += speakers.take().values()
        assert told == [NOBODY, CALLER, NOBODY, BOT]
        await call.engine.shutdown()
        call.rtp.close()


@pytest.mark.usefixtures("_unhurried")
async def test_over_the_control_link() -> None:
    """A whole worker, in real time; who links anew is told how things are."""
    async with (
        working() as listening,
        serving(silent) as bot,
        Controller(f"ws://{listening.control}").linked() as controller,
    ):
        asterisk = await answered(controller, listening, bot.url)
        saying = asyncio.create_task(say_on(asterisk))
        await until(lambda: controller.speaking[-1:] == [{"s1": CALLER}])
        assert controller.speaking[0] == {"s1": NOBODY}
        saying.cancel()
        await asyncio.wait([saying])
        await until(lambda: controller.speaking[-1] == {"s1": NOBODY})
        async with Controller(f"ws://{listening.control}").linked() as later:
            await until(lambda: later.speaking == [{"s1": NOBODY}])
            await later.link.send(Close(session="s1", reason="caller_hung_up"))
            await until(lambda: later.speaking[-1] == {"s1": None})


async def say_on(asterisk: FakeAsterisk) -> None:
    while True:
        asterisk.say(TONE)
        await asyncio.sleep(FRAME)
