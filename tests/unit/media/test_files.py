"""Files that a bot wants played: fetched, brought into the bot's format, and in their place in the line."""

import asyncio
import io
import struct
import wave
from typing import Any

import numpy as np
import pytest
from aiohttp import web

from controller.bot.protocol import AudioFormat, Clear, Hangup, Mark, Party, Play, PlayFinished, Start, Transcript
from controller.media import files
from controller.media.audio import file, g711
from controller.media.control_messages import BotMessage, BotTarget, Disconnected, Open, Report
from controller.media.files import FileFailed, fetch
from controller.media.session import Session
from tests.unit.api.test_twilio import served
from tests.unit.bot.scripted_bot import until

TONE = (8_000 * np.sin(2 * np.pi * 440 * np.arange(8_000) / 8_000)).astype(np.int16)
"""1 s of 440 Hz."""


def pcm_file(samples: Any = TONE, rate: int = 8_000) -> bytes:
    content = io.BytesIO()
    with wave.open(content, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(samples.astype("<i2").tobytes())
    return content.getvalue()


def g711_file(tag: int, codes: bytes, rate: int = 8_000) -> bytes:
    form = struct.pack("<HHIIHH", tag, 1, rate, rate, 1, 8)
    body = (
        b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"LIST\x03\0\0\0abc\0data" + struct.pack("<I", len(codes))
    )
    return b"RIFF" + struct.pack("<I", len(body) + len(codes)) + body + codes


def loudest(samples: Any, rate: int) -> float:
    """The strongest frequency."""
    return float(np.argmax(np.abs(np.fft.rfft(samples))) * rate / len(samples))


@pytest.mark.parametrize(("tag", "encoding"), [(7, "mulaw"), (6, "alaw")])
def test_g711_in_a_call_of_the_same_law_is_the_same_again(tag: int, encoding: str) -> None:
    codes = (g711.encode_mulaw if encoding == "mulaw" else g711.encode_alaw)(TONE).tobytes()
    assert file.read(g711_file(tag, codes), encoding, 8_000) == codes


@pytest.mark.parametrize("rate", [8_000, 16_000, 24_000])
@pytest.mark.parametrize("file_rate", [8_000, 16_000, 24_000, 44_100])
def test_a_tone_keeps_its_pitch_and_length_in_every_rate(rate: int, file_rate: int) -> None:
    tone = (8_000 * np.sin(2 * np.pi * 440 * np.arange(file_rate) / file_rate)).astype(np.int16)
    heard = np.frombuffer(file.read(pcm_file(tone, file_rate), "pcm16", rate), "<i2")
    assert len(heard) == rate
    assert loudest(heard, rate) == pytest.approx(440, abs=2)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no WAV file"),
        (b"RIFF\0\0\0\0WAVE", "no WAV file"),
        (b"RIFF\0\0\0\0WAVEfmt \xff\xff\xff\x7f", "no WAV file"),
        (g711_file(7, b""), "no sound"),
        (g711_file(7, b"\xff" * 10, 16_000), "needs 1 and 8000"),
        (pcm_file(np.zeros(8_000 * 61, np.int16)), "longer than 60 s"),
        (g711_file(7, b"\xff" * 8_000 * 61), "longer than 60 s"),
    ],
)
def test_a_file_that_is_no_good_says_why(content: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        file.read(content, "mulaw", 8_000)


class Call:
    """A session with a bot that notes what it is told, and files that come when the test says so."""

    def __init__(self) -> None:
        start = Start(call_id="c", caller=Party(), callee=Party(), route="r", audio=AudioFormat())
        opening = Open(session="s1", bot=BotTarget(url="ws://bot/"), start=start)
        self.reports: list[Report] = []
        self.told: list[Any] = []
        self.tried_seconds = 0.0
        self.session = Session(opening, self, lambda: 0.0)
        self.session.bot = self  # type: ignore[assignment]
        self.session.files._fetch = self.fetch  # noqa: SLF001
        self.files: dict[str, asyncio.Future[bytes]] = {}

    async def fetch(self, url: str) -> bytes:
        return await self.file(url)

    def file(self, url: str) -> "asyncio.Future[bytes]":
        return self.files.setdefault(url, asyncio.get_running_loop().create_future())

    def add(self, report: Report) -> None:
        self.reports.append(report)

    def crowded(self, _session: str) -> bool:
        return False

    def send(self, message: Any) -> None:
        self.told.append(message)

    def refuse(self, _code: str, message: str) -> None:
        self.told.append(message)

    def heard(self) -> bytes:
        """All that waits, played."""
        audio = b""
        while self.session.downlink.speaking:
            audio += self.session.downlink.next_frame()
            self.session.downlink.settle()
        return audio

    def play(self, url: str, id: str | None = None) -> None:  # noqa: A002
        self.session.on_message(Play(type="play", url=url, id=id))


async def test_a_file_has_its_place_in_the_line() -> None:
    call = Call()
    call.session.on_audio(memoryview(b"\1" * 160))
    call.play("a", "p1")
    call.session.on_audio(memoryview(b"\2" * 160))
    call.session.on_message(Mark(type="mark", name="behind"))
    call.play("b")
    call.session.on_audio(memoryview(b"\3" * 160))
    call.session.on_message(Hangup(type="hangup"))
    call.session.on_message(Transcript(type="transcript", role="bot", text="at once"))
    call.session.on_lost("went away")
    assert [report.type for report in call.reports] == ["message"]
    call.file("a").set_result(g711_file(7, b"\xaa" * 320))
    await until(lambda: "b" in call.files)
    call.file("b").set_result(g711_file(7, b"\xbb" * 160))
    await until(lambda: not call.session.files.busy)
    assert call.heard() == b"\1" * 160 + b"\xaa" * 320 + b"\2" * 160 + b"\xbb" * 160 + b"\3" * 160
    assert call.told == [PlayFinished(id="p1", outcome="played"), *call.told[1:]]
    assert [message.type for message in call.told] == ["play_finished", "mark_reached"]
    assert isinstance(call.reports[-2], BotMessage)
    assert isinstance(call.reports[-1], Disconnected)


async def test_a_file_that_does_not_come_is_told_and_the_rest_is_played() -> None:
    call = Call()
    call.play("a", "p1")
    call.session.on_audio(memoryview(b"\2" * 160))
    await until(lambda: "a" in call.files)
    call.file("a").set_exception(FileFailed("a answered 404"))
    await until(lambda: not call.session.files.busy)
    assert call.heard() == b"\2" * 160
    assert call.told == [PlayFinished(id="p1", outcome="failed", detail="a answered 404")]


async def test_clear_takes_the_file_and_all_behind_it_but_a_hangup() -> None:
    call = Call()
    call.session.on_audio(memoryview(b"\1" * 160))
    call.session.on_message(Mark(type="mark", name="before"))
    call.play("a", "p1")
    call.play("b", "p2")
    call.session.on_message(Mark(type="mark", name="behind"))
    call.session.on_message(Hangup(type="hangup"))
    call.session.on_message(Clear(type="clear"))
    assert [report.type for report in call.reports] == ["message"]
    assert call.heard() == b""
    assert call.told[:2] == [PlayFinished(id="p1", outcome="cleared"), PlayFinished(id="p2", outcome="cleared")]
    assert call.told[2].marks == ["before", "behind"]
    call.session.on_audio(memoryview(b"\4" * 160))
    assert call.heard() == b"\4" * 160


async def test_a_file_that_is_being_played_can_be_cleared() -> None:
    call = Call()
    call.play("a", "p1")
    await until(lambda: "a" in call.files)
    call.file("a").set_result(g711_file(7, b"\xaa" * 320))
    await until(lambda: not call.session.files.busy)
    call.session.downlink.next_frame()
    call.session.on_message(Clear(type="clear"))
    assert call.told[-1] == PlayFinished(id="p1", outcome="cleared")


async def test_what_waits_behind_a_file_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "BEHIND_MAX", 2)
    call = Call()
    call.play("a")
    for _ in range(4):
        call.session.on_audio(memoryview(b"\1"))
    assert call.told == ["too much is waiting behind a file"] * 2
    call.session.files.cancel()


async def test_a_file_is_fetched() -> None:
    async def serve(request: web.Request) -> web.Response:
        if request.path == "/missing":
            raise web.HTTPNotFound
        return web.Response(body=bytes(int(request.query["size"])))

    async with served([web.get("/{name}", serve)]) as url:
        assert await fetch(f"{url}/a?size=100000") == bytes(100_000)
        with pytest.raises(FileFailed, match="answered 404"):
            await fetch(f"{url}/missing")
        with pytest.raises(FileFailed, match="may have 12000000 bytes"):
            await fetch(f"{url}/a?size=12000001")
    for bad, message in (("file:///etc/passwd", "http or https"), (url, "does not answer"), ("http://", "http or")):
        with pytest.raises(FileFailed, match=message):
            await fetch(bad)
