"""A bot that goes on with its call on a new connection: nothing is lost, and nothing comes twice."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from controller.bot import conversation as module
from controller.bot.adapters.adapter import Opening
from controller.bot.connection import BotConnection
from controller.bot.protocol import Accept, Answered, Dtmf, MarkReached, ResumePoint
from controller.bot.resumption import MESSAGES_KEPT_MAX, RESUME_SECONDS, Account
from tests.unit.bot.many_calls import Worker, serving_many
from tests.unit.bot.our_side import START, Listener
from tests.unit.bot.scripted_bot import Line, serving, until


class Call:
    def __init__(self) -> None:
        self.listener = Listener()
        self.bot = BotConnection(self.listener, time.monotonic)

    @property
    def told(self) -> list[Any]:
        return self.listener.told

    async def open(self, url: str, resume_seconds: float = RESUME_SECONDS) -> None:
        opening = Opening(url, START, resume_seconds=resume_seconds)
        await self.bot.open(opening, 5.0, ssl.create_default_context())


@pytest.fixture
async def call(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Call]:
    monkeypatch.setattr(module, "RESUME_PAUSE_SECONDS", 0.01)
    call = Call()
    yield call
    call.bot.end("failed")
    await call.bot.wait_closed()


def cut(line: Line) -> None:
    """The network breaks."""
    transport = line.socket._req.transport if line.socket._req else None  # noqa: SLF001
    assert transport is not None
    transport.abort()


class Resumable:
    """Breaks off its first connection when told to, and goes on with the next."""

    def __init__(self, **again: Any) -> None:
        self.again = again
        self.starts: list[Any] = []
        self.heard: list[Any] = []
        self.lines: list[Line] = []
        self.gate = asyncio.Event()
        """Closed: the second connection is not accepted yet."""
        self.gate.set()

    async def __call__(self, line: Line) -> None:
        self.starts.append(await line.hear())
        self.lines.append(line)
        if len(self.starts) == 1:
            await line.say(type="log", message="before accept")
            await line.say(type="accept", resume_token="mine")
            await line.socket.send_bytes(b"hello")
            await line.say(type="mark", name="greeted")
            await line.say(type="nonsense")
        else:
            await self.gate.wait()
            await line.say(**({"type": "accept", "resume_token": "mine"} | self.again))
        while (frame := await line.hear()) is not None:
            self.heard.append(frame)


async def test_the_call_goes_on_where_it_was(call: Call) -> None:
    bot = Resumable(messages_received=1)
    bot.gate.clear()
    async with serving(bot) as server:
        await call.open(server.url)
        await until(lambda: len(call.told) == 4)
        call.bot.send(Answered())
        call.bot.send(MarkReached(name="on its way when it broke"))
        await until(lambda: len(bot.heard) == 2)
        cut(bot.lines[0])
        await until(lambda: len(bot.starts) == 2)
        call.bot.send(Dtmf(digit="5"))
        assert call.bot.send_audio(b"said ")
        assert call.bot.send_audio(b"meanwhile")
        bot.gate.set()
        await until(lambda: b"meanwhile" in b"".join(f for f in bot.heard if isinstance(f, bytes)))
        assert call.bot.send_audio(b"afterwards")
        await bot.lines[1].socket.send_bytes(b"and on")
        await until(lambda: b"and on" in call.told and b"afterwards" in bot.heard)
    assert bot.starts[1]["resumed"] is True
    assert bot.starts[1]["resume"] == {
        "token": "mine",
        "played_ms": 4_180,
        "audio_bytes_received": 5,
        "messages_received": 2,
    }
    assert [frame["type"] for frame in bot.heard[:2] if isinstance(frame, dict)] == ["answered", "mark_reached"]
    assert [frame["type"] for frame in bot.heard[2:4] if isinstance(frame, dict)] == ["mark_reached", "dtmf"]
    assert b"".join(frame for frame in bot.heard if isinstance(frame, bytes)) == b"said meanwhileafterwards"
    assert call.told[1:] == ["accepted", b"hello", {"type": "mark", "name": "greeted"}, b"and on"]
    assert call.bot.counters["resumptions"] == 1


async def test_a_bot_that_breaks_off_again_and_again_is_taken_back_each_time(call: Call) -> None:
    bot = Resumable(messages_received=0)
    async with serving(bot) as server:
        await call.open(server.url)
        for connection in range(1, 4):
            cut(bot.lines[-1])
            await until(lambda: call.bot.counters["resumptions"] == connection)  # noqa: B023
        await bot.lines[-1].say(type="clear")
        await until(lambda: {"type": "clear"} in call.told)
    assert [start.get("resume", {}).get("messages_received") for start in bot.starts] == [None, 2, 2, 2]
    assert not [told for told in call.told if str(told).startswith("lost")]


@pytest.mark.parametrize(("code", "comes_back"), [(1000, False), (1011, False), (1001, True), (1012, True)])
async def test_a_bot_that_closes_is_taken_back_only_when_it_says_that_it_comes_back(
    call: Call, code: int, comes_back: bool
) -> None:
    bot = Resumable(messages_received=0)
    async with serving(bot) as server:
        await call.open(server.url)
        await bot.lines[0].socket.close(code=code)
        await until(lambda: call.bot.counters["resumptions"] or str(call.told[-1]).startswith("lost"))
    assert call.bot.counters["resumptions"] == comes_back


async def test_a_bot_that_refuses_its_call_is_lost(call: Call) -> None:
    bot = Resumable(type="reject")
    async with serving(bot) as server:
        await call.open(server.url)
        cut(bot.lines[0])
        await until(lambda: str(call.told[-1]).startswith("lost"))
    assert call.told[-1] == "lost: the bot lost the connection"
    assert 0 < call.bot.tried_seconds < RESUME_SECONDS


async def test_a_bot_that_stays_away_is_lost_after_the_time_that_it_has(call: Call) -> None:
    bot = Resumable()
    async with serving(bot) as server:
        await call.open(server.url, resume_seconds=0.2)
    await until(lambda: str(call.told[-1]).startswith("lost"))
    assert not call.bot.send_audio(b"nobody")
    assert call.bot.tried_seconds == 0.2


async def test_a_bot_that_has_no_time_is_lost_at_once(call: Call) -> None:
    bot = Resumable(messages_received=0)
    async with serving(bot) as server:
        await call.open(server.url, resume_seconds=0)
        cut(bot.lines[0])
        await until(lambda: str(call.told[-1]).startswith("lost"))
    assert len(bot.starts) == 1
    assert call.bot.tried_seconds == 0


async def test_a_bot_without_a_token_is_lost_at_once(call: Call) -> None:
    bot = Resumable(resume_token=None)
    async with serving(bot) as server:
        await call.open(server.url)
        cut(bot.lines[0])
        await until(lambda: call.bot.counters["resumptions"] == 1)
        cut(bot.lines[1])
        await until(lambda: str(call.told[-1]).startswith("lost"))
    assert len(bot.starts) == 2


async def test_a_call_that_ends_meanwhile_is_not_taken_up_again(call: Call) -> None:
    bot = Resumable()
    async with serving(bot) as server:
        await call.open(server.url)
        url = server.url
    await until(lambda: call.bot._stage.value == "resuming")  # noqa: SLF001
    call.bot.end("caller_hung_up")
    await asyncio.sleep(0)
    assert call.bot._resuming is not None  # noqa: SLF001
    await asyncio.wait([call.bot._resuming])  # noqa: SLF001
    assert url
    assert call.told[-1] != "lost: the bot lost the connection"


async def test_calls_on_a_shared_socket_go_on_on_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RESUME_PAUSE_SECONDS", 0.01)
    lines: list[Line] = []
    starts: list[Any] = []

    async def script(line: Line) -> None:
        lines.append(line)
        while (frame := await line.hear()) is not None:
            if isinstance(frame, dict) and frame["type"] == "start":
                starts.append(frame)
                await line.say(call=frame["call"], type="accept", resume_token=frame["call_id"], messages_received=0)

    worker = Worker()
    async with serving_many(script) as bot:
        first, second = await worker.open(bot.url), await worker.open(bot.url)
        cut(lines[0])
        await until(lambda: len(starts) == 4)
        await until(lambda: first.stream.counters["resumptions"] + second.stream.counters["resumptions"] == 2)
        assert first.stream.send_audio(b"still there")
        worker.sockets.close()
        await worker.sockets.wait_closed()
    assert sorted(start["resume"]["token"] for start in starts[2:]) == ["call-1", "call-2"]
    assert "lost" not in str(first.told)


@pytest.mark.parametrize(("got", "missed"), [(None, "c"), (0, "abc"), (1, "bc"), (3, ""), (9, "")])
def test_what_the_bot_has_not_got(got: int | None, missed: str) -> None:
    account = Account("t")
    for name in "ab":
        account.said(MarkReached(name=name))
    account.broken()
    account.said(MarkReached(name="c"))
    again = account.missed(Accept(type="accept", messages_received=got))
    assert [message.name for message in again if isinstance(message, MarkReached)] == list(missed)


def test_what_is_kept_is_bounded() -> None:
    account = Account("t")
    for _ in range(MESSAGES_KEPT_MAX + 5):
        account.said(Answered())
    assert len(account.missed(Accept(type="accept", messages_received=0))) == MESSAGES_KEPT_MAX


def test_what_another_worker_heard_is_not_known() -> None:
    """The bot's own counts begin with the call; ours do where it was taken over."""
    account = Account("t", got=7, inherited=True)
    account.said(MarkReached(name="eighth"))
    account.broken()
    assert account.point(4180, 40960, 3).model_dump(exclude_none=True) == {"token": "t"}
    again = account.missed(Accept(type="accept", messages_received=7))
    assert [message.name for message in again if isinstance(message, MarkReached)] == ["eighth"]


async def test_the_counts_of_a_call_that_was_another_workers(call: Call) -> None:
    starts: list[Any] = []

    async def goes_on(line: Line) -> None:
        starts.append(await line.hear())
        await line.say(type="accept", resume_token="t", messages_received=len(starts) + 4)
        if len(starts) == 1:
            await line.say(type="mark", name="here")
            await line.hear_message()
            cut(line)
        while await line.hear() is not None:
            pass

    async with serving(goes_on) as bot:
        start = START.model_copy(update={"resumed": True, "resume": ResumePoint(token="t")})
        await call.bot.open(Opening(bot.url, start), 5.0, ssl.create_default_context())
        await until(lambda: {"type": "mark", "name": "here"} in call.told)
        call.bot.send(Answered())
        await until(lambda: call.bot.counters["resumptions"] == 1)
    assert starts[1]["resume"] == {"token": "t"}
