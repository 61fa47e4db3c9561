"""A session whose Asterisk side is a WebSocket, by hand: its sockets are real, its time is the test's."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from controller.bot.protocol import AudioFormat
from controller.media import asterisk_socket
from controller.media.asterisk_socket import COMMAND_BYTES_MAX, AsteriskSocket
from controller.media.control_messages import FROM_WORKER, AttachSocket, Close, Failed, Open, Play
from controller.media.session import Session
from tests.unit.bot.scripted_bot import Line, ScriptedBot, accept, serving, until
from tests.unit.media.media_socket import MediaSocket, media_socket
from tests.unit.media.peers import opening
from tests.unit.media.test_engine import Worker

FRAME = 0.020


class Call(Worker):
    """One call between a bot and a media socket."""

    def __init__(self, asterisk: MediaSocket, bot: ScriptedBot) -> None:
        super().__init__()
        self.asterisk = asterisk
        self.bot = bot

    @property
    def session(self) -> Session:
        return self.engine._sessions["s1"]  # noqa: SLF001

    @property
    def socket(self) -> AsteriskSocket:
        assert self.session.socket
        return self.session.socket

    @property
    def line(self) -> Line:
        return self.bot.lines[0]

    async def open(self, order: Open | None = None) -> None:
        self.engine.obey(order or opening(self.bot.url))
        await until(lambda: self.outbox.after(0))
        self.engine.obey(AttachSocket(session="s1", url=self.asterisk.url))
        await until(lambda: self.asterisk.socket)

    async def answered(self, order: Open | None = None) -> None:
        await self.open(order)
        await until(lambda: self.socket.started)
        self.engine.obey(Play(session="s1"))
        assert (await self.line.hear())["type"] == "answered"

    def ticks(self, count: int) -> None:
        for _ in range(count):
            self.engine.tick()
            self.now += FRAME

    async def heard(self, frames: int) -> list[bytes]:
        await until(lambda: len(self.asterisk.heard) >= frames)
        return self.asterisk.heard


async def idle(line: Line) -> None:
    """Accepts, and leaves the rest to the test."""
    await accept(line)
    await asyncio.Event().wait()


async def read_on(line: Line) -> None:
    while await line.hear() is not None:
        pass


@pytest.fixture
async def call() -> AsyncIterator[Call]:
    async with media_socket() as asterisk, serving(idle) as bot:
        call = Call(asterisk, bot)
        yield call
        # Goodbyes are answered by who reads only.
        reading = [asyncio.create_task(read_on(line)) for line in bot.lines]
        await call.engine.shutdown()
        await asyncio.gather(*reading)
        call.rtp.close()


async def test_silence_flows_from_the_answer_on_one_frame_ahead(call: Call) -> None:
    await call.open()
    await until(lambda: call.socket.started)
    call.ticks(3)
    call.engine.obey(Play(session="s1"))
    call.ticks(5)
    assert await call.heard(6) == [b"\xff" * 160] * 6


async def test_the_bot_s_audio_goes_out_whole_in_frames_and_marks_behind_it(call: Call) -> None:
    await call.answered()
    speech = bytes(range(1, 201)) * 2
    await call.line.socket.send_bytes(speech)
    await call.line.say(type="mark", name="end")
    await until(lambda: call.session.downlink.speaking and list(call.session.downlink._playout.marks()))  # noqa: SLF001
    call.ticks(3)
    assert b"".join((await call.heard(4))[1:4]) == speech + b"\xff" * 80
    assert await call.line.hear() == {"type": "mark_reached", "name": "end"}


@pytest.mark.parametrize("rate", [8000, 16000, 24000])
async def test_linear_samples_pass_through_as_they_are(call: Call, rate: Any) -> None:
    frame_bytes = call.asterisk.frame_bytes = rate // 50 * 2
    await call.answered(opening(call.bot.url, audio=AudioFormat(encoding="pcm16", sample_rate=rate), encoding="pcm16"))
    heard, spoken = bytes(range(64)) * (frame_bytes // 64), b"\x01\x02" * (frame_bytes // 2)
    await call.asterisk.send(heard)
    assert await call.line.hear() == heard
    await call.line.socket.send_bytes(spoken)
    await until(lambda: call.session.downlink.speaking)
    call.ticks(2)
    assert await call.heard(3) == [b"\0" * frame_bytes, spoken, b"\0" * frame_bytes]


async def test_messages_of_60_ms_to_the_bot(call: Call) -> None:
    await call.answered(opening(call.bot.url, uplink_ms=60))
    for code in (b"\x01", b"\x02", b"\x03"):
        await call.asterisk.send(code * 160)
    await until(lambda: len(call.session.uplink.gathered) == 480)
    call.engine.drain(call.now)
    assert await call.line.hear() == b"\x01" * 160 + b"\x02" * 160 + b"\x03" * 160


async def test_audio_before_media_start_is_discarded(call: Call) -> None:
    call.asterisk.starts = False
    await call.open()
    call.engine.obey(Play(session="s1"))
    await call.asterisk.send(b"\x01" * 160)
    call.ticks(3)
    await call.asterisk.start()
    await call.asterisk.send(b"\x02" * 160)
    await until(lambda: call.session.uplink.row["bytes_in"])
    assert (await call.line.hear())["type"] == "answered"
    assert await call.line.hear() == b"\x02" * 160
    assert call.socket.counters["early_frames_from_asterisk"] == 1
    assert call.asterisk.heard == []


async def test_clear_empties_asterisk_s_queue_too(call: Call) -> None:
    await call.answered()
    await call.line.socket.send_bytes(b"\x01" * 16_000)
    await until(lambda: call.session.downlink.speaking)
    call.ticks(2)
    await call.line.say(type="clear")
    await until(lambda: "FLUSH_MEDIA" in call.asterisk.commands)
    call.ticks(1)
    assert (await call.heard(4))[3] == b"\xff" * 160
    cleared = await call.line.hear_message()
    assert (cleared["type"], cleared["discarded_ms"]) == ("cleared", 2000 - 40)


async def test_speech_after_a_pause_of_the_process_is_not_pushed_into_asterisk(call: Call) -> None:
    """What does not fit is kept, not lost: it comes a little later."""
    await call.answered()
    await call.line.socket.send_bytes(bytes([number for number in range(10) for _ in range(160)]))
    await until(lambda: call.session.downlink.speaking)
    call.engine.tick(5)
    assert [frame[0] for frame in (await call.heard(4))[1:]] == [0, 1, 2]
    call.ticks(8)
    assert [frame[0] for frame in (await call.heard(11))[1:]] == list(range(10))


async def test_a_long_queue_of_asterisk_is_let_run_empty(call: Call) -> None:
    await call.answered()
    call.ticks(1)
    call.engine.watch(call.now)
    await until(lambda: call.asterisk.commands == ["GET_STATUS"])
    await call.asterisk.tell(event="STATUS", queue_length=10, xon_level=800)
    await until(lambda: not call.socket.room(speech=True))
    call.ticks(12)
    # The two that were sent before, and three of twelve.
    assert len(await call.heard(5)) == 5


async def test_xoff_holds_and_xon_lets_go(call: Call) -> None:
    await call.answered()
    await call.asterisk.tell(event="MEDIA_XOFF", channel_id="c")
    await until(lambda: not call.socket.room(speech=True))
    await call.asterisk.tell(event="MEDIA_XON", channel_id="c")
    await until(lambda: call.socket.room(speech=True))


@pytest.mark.parametrize(
    ("message", "counter"),
    [
        ("MEDIA_START connection_id:1", "malformed_from_asterisk"),
        ("[1]", "malformed_from_asterisk"),
        ("[" * 20_000, "malformed_from_asterisk"),
        ('{"event":"ERROR","error_text":"no such command"}', "errors_from_asterisk"),
    ],
)
async def test_what_asterisk_says_wrongly_is_counted(call: Call, message: str, counter: str) -> None:
    await call.answered()
    await call.asterisk.send(message)
    await until(lambda: call.socket.counters[counter] == 1)
    await call.asterisk.send(b"\x05" * 160)
    assert await call.line.hear() == b"\x05" * 160


async def test_keys_and_unknown_events_are_passed_by(call: Call) -> None:
    await call.answered()
    await call.asterisk.tell(event="DTMF_END", digit="5")
    await call.asterisk.tell(event="SOMETHING_NEW", queue_length="x")
    await call.asterisk.tell(event="STATUS")
    await call.asterisk.send(b"\x05" * 160)
    assert await call.line.hear() == b"\x05" * 160
    assert not any(call.socket.counters.values())


async def test_half_a_sample_is_no_audio(call: Call) -> None:
    call.asterisk.frame_bytes = 640
    await call.answered(opening(call.bot.url, audio=AudioFormat(encoding="pcm16", sample_rate=16000), encoding="pcm16"))
    await call.asterisk.send(b"\x01" * 639)
    await call.asterisk.send(b"\x01" * 640)
    assert await call.line.hear() == b"\x01" * 640
    assert call.socket.counters["malformed_from_asterisk"] == 1


async def test_an_asterisk_that_does_not_read_loses_audio_and_nothing_else(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asterisk_socket, "SOCKET_SEND_BYTES", 2_048)
    call.asterisk.frame_bytes = 960
    await call.answered(opening(call.bot.url, audio=AudioFormat(encoding="pcm16", sample_rate=24000), encoding="pcm16"))
    call.asterisk.reading.clear()
    for _ in range(20_000):
        call.ticks(1)
        if call.socket.counters["audio_frames_dropped_to_asterisk"] > 10:
            break
    assert call.socket.counters["audio_frames_dropped_to_asterisk"] > 10
    await call.asterisk.send(b"\x05" * 960)
    assert await call.line.hear() == b"\x05" * 960


async def test_the_end_of_the_session_ends_the_socket_and_counts_are_those_of_the_call(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asterisk_socket, "LINGER_SECONDS", 0.1)
    await call.answered()
    await call.asterisk.send(b"\x01" * 160)
    await until(lambda: call.session.uplink.row["bytes_in"])
    call.ticks(10)
    statistics = call.session.statistics(0)
    assert (statistics["packets_in"], statistics["packets_out"], statistics["lost"]) == (1, 11, 0)
    assert statistics["audio_frames_dropped_to_asterisk"] == 0
    call.engine.obey(Close(session="s1", reason="failed"))
    assert call.engine.sessions == []
    await call.asterisk.send(b"\x01" * 160)
    # To end the channel is the controller's part; ours only if it does not.
    assert not call.asterisk.closed
    await until(lambda: call.asterisk.closed)


async def test_a_socket_that_asterisk_closes_leaves_the_session_to_the_controller(call: Call) -> None:
    await call.answered()
    assert call.asterisk.socket
    await call.asterisk.socket.close()
    await until(lambda: not call.socket.started)
    call.ticks(3)
    assert call.engine.sessions == ["s1"]
    assert call.session.statistics(0)["packets_out"] == 0


async def test_another_format_than_agreed_is_not_played(call: Call) -> None:
    call.asterisk.frame_bytes = 320
    await call.open()
    await until(lambda: call.asterisk.closed)
    assert not call.socket.started


@pytest.mark.parametrize("fault", ["refused", "no such channel", "other subprotocol"])
async def test_a_socket_that_is_not_asterisk_s(call: Call, fault: str) -> None:
    call.engine.obey(opening(call.bot.url))
    await until(lambda: call.outbox.after(0))
    url = {"refused": "ws://127.0.0.1:1/media/1", "no such channel": f"{call.asterisk.url}x"}.get(
        fault, call.asterisk.url
    )
    call.asterisk.subprotocols = ()
    call.engine.obey(AttachSocket(session="s1", url=url))
    await until(lambda: call.outbox.after(1))
    _, told = call.outbox.after(1) or (0, "")
    failed = FROM_WORKER.validate_json(told)
    assert isinstance(failed, Failed)
    assert failed.trigger == "unreachable"
    assert failed.detail.startswith(f"no audio from Asterisk: {url}: ")
    assert call.engine.sessions == []
    end = await call.line.hear()
    assert (end["type"], end["reason"]) == ("end", "failed")


async def test_two_formats_are_refused(call: Call) -> None:
    call.engine.obey(opening(call.bot.url, audio=AudioFormat(encoding="pcm16", sample_rate=16000)))
    await until(lambda: call.outbox.after(0))
    call.engine.obey(AttachSocket(session="s1", url=call.asterisk.url))
    assert call.session.socket is None


async def test_a_session_whose_code_fails_ends_alone(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    await call.answered()

    def fail(*_: object) -> None:
        raise RuntimeError("our own bug")

    monkeypatch.setattr(call.session.uplink, "receive_audio", fail)
    await call.asterisk.send(b"\x01" * 160)
    await until(lambda: call.engine.sessions == [])
    assert call.engine.counters["broken_sessions"] == 1
    call.ticks(1)


async def test_no_command_is_too_long_for_asterisk(call: Call) -> None:
    await call.answered()
    sent: list[bytes] = []

    class Transport:
        is_disconnected = True

        def send(self, _kind: object, payload: bytes) -> None:
            sent.append(payload)

    call.socket._transport = Transport()  # type: ignore[assignment]  # noqa: SLF001
    call.socket.flush()
    call.socket.ask_status()
    assert sent == [b'{"command": "FLUSH_MEDIA"}', b'{"command": "GET_STATUS"}']
    assert max(map(len, sent)) <= COMMAND_BYTES_MAX
