"""Our side of the bot's WebSocket: how it opens, and what goes to and fro."""

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator
from typing import Any

import pytest

from controller.bot.conversation import BotFailed, BotRefused
from controller.bot.protocol import TEXT_MESSAGE_BYTES_MAX, Answered
from tests.unit.bot.our_side import Call, cuts, leaves, sends_a_giant
from tests.unit.bot.scripted_bot import Line, accept, echo, serving, silent, until


@pytest.fixture
async def call() -> AsyncIterator[Call]:
    call = Call()
    yield call
    call.bot.end("failed")
    await call.bot.wait_closed()


async def test_the_handshake_carries_subprotocol_and_token_and_no_compression(call: Call) -> None:
    async with serving(silent) as bot:
        await call.open(bot.url)
    headers = bot.lines[0].headers
    assert headers["Sec-WebSocket-Protocol"] == "ari-controller.v1"
    assert headers["Authorization"] == "Bearer bot-secret"
    assert "Sec-WebSocket-Extensions" not in headers
    assert call.told[0] == "accepted"


async def test_no_token_no_header(call: Call) -> None:
    async with serving(silent) as bot:
        await call.open(bot.url, token="")
    assert "Authorization" not in bot.lines[0].headers


async def test_audio_goes_both_ways_bit_exact_and_in_order(call: Call) -> None:
    frames = [os.urandom(size) for size in (160, 1, 125, 126, 65_535, 65_536, 160)]
    async with serving(echo) as bot:
        await call.open(bot.url)
        for number, frame in enumerate(frames, 1):
            assert call.bot.send_audio(frame)
            await until(lambda: len(call.told) > number)  # noqa: B023
    assert call.told[1 : 1 + len(frames)] == frames


async def test_what_comes_with_accept_in_one_piece_keeps_its_order(call: Call) -> None:
    async def hasty(line: Line) -> None:
        await line.hear()
        await line.say(type="log", message="before accept")
        await line.say(type="accept")
        await line.socket.send_bytes(b"audio")
        await line.say(type="hangup")
        await line.hear()

    async with serving(hasty) as bot:
        await call.open(bot.url)
        await until(lambda: len(call.told) == 4)
    assert call.told == [{"type": "log", "message": "before accept"}, "accepted", b"audio", {"type": "hangup"}]


async def test_end_is_the_last_word_and_the_close_is_clean(call: Call) -> None:
    heard = []

    async def listens(line: Line) -> None:
        await accept(line)
        while (message := await line.hear()) is not None:
            heard.append(message)

    async with serving(listens) as bot:
        await call.open(bot.url)
        call.bot.send(Answered())
        call.bot.end("transferred")
        call.bot.send(Answered())
        assert not call.bot.send_audio(b"late")
        await call.bot.wait_closed()
        await until(lambda: bot.lines[0].socket.closed)
        assert bot.lines[0].socket.close_code == 1000
    assert heard == [{"type": "answered"}, {"type": "end", "reason": "transferred"}]
    assert call.told == ["accepted"]


async def test_a_reject_is_a_refusal(call: Call) -> None:
    async def refuses(line: Line) -> None:
        await line.hear()
        await line.say(type="reject", reason="busy", message="full")
        await line.hear()

    async with serving(refuses) as bot:
        with pytest.raises(BotRefused) as refused:
            await call.open(bot.url)
    assert (refused.value.reject.reason, refused.value.reject.message) == ("busy", "full")
    assert call.told == []


@pytest.mark.parametrize(
    ("script", "detail"),
    [
        (leaves, "the bot closed the connection with code 4001 (no time) before it accepted the call"),
        (cuts, "the bot lost the connection before it accepted the call"),
        (sends_a_giant, "broke the WebSocket protocol (Received frame with payload size exceeding max allowed size"),
    ],
)
async def test_a_bot_that_goes_before_it_accepts_is_unreachable(call: Call, script: Any, detail: str) -> None:
    async with serving(script) as bot:
        with pytest.raises(BotFailed) as failed:
            await call.open(bot.url)
    assert failed.value.trigger == "unreachable"
    assert detail in failed.value.detail
    assert call.told == []


async def test_a_bot_that_does_not_echo_the_subprotocol_is_unreachable(call: Call) -> None:
    async with serving(silent) as bot:
        bot.subprotocols = ()
        with pytest.raises(BotFailed) as failed:
            await call.open(bot.url)
    assert failed.value.trigger == "unreachable"
    assert "does not speak ari-controller.v1" in failed.value.detail


async def _answers(lines: bytes, call: Call) -> BotFailed:
    """Open a call to something that answers any request with `lines`."""

    gone = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(lines)
            await reader.read()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        gone.set()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(BotFailed) as failed:
            await call.open(f"ws://user:pw@127.0.0.1:{port}/bot?key=secret", accept_seconds=1.0)
        await gone.wait()
    return failed.value


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "answered HTTP 404"),
        (b"HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", "answered HTTP 302"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", ""),
        (bytes(range(256)) * 100, ""),
    ],
)
async def test_something_else_at_the_address_is_unreachable(call: Call, answer: bytes, detail: str) -> None:
    failed = await _answers(answer, call)
    assert failed.trigger == "unreachable"
    assert detail in failed.detail
    assert "secret" not in failed.detail
    assert "pw" not in failed.detail


async def test_nobody_at_the_address_is_unreachable(call: Call) -> None:
    async with serving(silent) as bot:
        url = bot.url
    with pytest.raises(BotFailed) as failed:
        await call.open(url)
    assert failed.value.trigger == "unreachable"
    assert failed.value.detail == f"{url}: the connection was refused"


async def test_a_name_that_does_not_exist_is_unreachable(call: Call) -> None:
    with pytest.raises(BotFailed) as failed:
        await call.open("ws://bot.invalid/")
    assert failed.value.trigger in {"unreachable", "no_answer"}  # a resolver may take its time


async def test_a_bot_that_says_nothing_is_too_late(call: Call) -> None:
    async def ponders(line: Line) -> None:
        while await line.hear() is not None:
            pass

    async with serving(ponders) as bot:
        with pytest.raises(BotFailed) as failed:
            await call.open(bot.url, accept_seconds=0.2)
        await until(lambda: bot.lines[0].socket.closed)
    assert failed.value.trigger == "no_answer"
    assert "did not accept the call within 0.2 s" in failed.value.detail


async def test_a_server_that_does_not_answer_the_handshake_is_too_late(call: Call) -> None:
    failed = await _answers(b"", call)
    assert failed.trigger == "no_answer"
    assert "did not complete the connection" in failed.detail


async def test_a_cancelled_opening_leaves_no_connection(call: Call) -> None:
    async def ponders(line: Line) -> None:
        while await line.hear() is not None:
            pass

    async with serving(ponders) as bot:
        opening = asyncio.create_task(call.open(bot.url))
        await until(lambda: bot.lines)
        opening.cancel()
        await asyncio.wait([opening])
        await until(lambda: bot.lines[0].socket.closed)
    assert opening.cancelled()


FAULTS = [
    ("not JSON", "malformed", None),
    ("[]", "malformed", None),
    ("{}", "malformed", "type"),
    ('{"type": "mark"}', "malformed", "name"),
    ('{"type": "mark", "name": ""}', "malformed", "name"),
    ('{"type": "transcript", "role": "dog", "text": "wuff"}', "malformed", "role"),
    ('{"type": "accept"}', "not_now", None),
    ('{"type": "reject"}', "not_now", None),
    (json.dumps({"type": "log", "message": "x" * TEXT_MESSAGE_BYTES_MAX}), "too_large", None),
]


@pytest.mark.parametrize(("text", "code", "field"), FAULTS)
async def test_a_wrong_message_is_answered_with_what_is_wrong(
    call: Call, text: str, code: str, field: str | None
) -> None:
    answers = []

    async def errs(line: Line) -> None:
        await accept(line)
        await line.socket.send_str(text)
        answers.append(await line.hear())
        await line.hear()

    async with serving(errs) as bot:
        await call.open(bot.url)
        await until(lambda: answers)
    assert answers[0]["type"] == "error"
    assert answers[0]["code"] == code
    assert answers[0].get("field") == field
    assert call.told == ["accepted"]


async def test_unknown_types_are_counted_and_not_answered(call: Call) -> None:
    async def is_newer(line: Line) -> None:
        await accept(line)
        await line.say(type="sing", song="x")
        await line.say(type="clear")
        await line.hear()

    async with serving(is_newer) as bot:
        await call.open(bot.url)
        await until(lambda: len(call.told) == 2)
    assert call.told == ["accepted", {"type": "clear"}]
    assert call.bot.counters["unknown_messages"] == 1
    assert call.bot.counters["malformed_messages"] == 0


async def test_before_accept_only_accept_reject_and_log_are_heard(call: Call) -> None:
    answers = []

    async def hurries(line: Line) -> None:
        await line.hear()
        await line.say(type="transfer")
        answers.append(await line.hear())
        await line.socket.send_bytes(b"audio")
        await line.socket.send_bytes(b"more")
        answers.append(await line.hear())
        await line.say(type="accept")
        await line.hear()

    async with serving(hurries) as bot:
        await call.open(bot.url)
    assert [answer["code"] for answer in answers] == ["not_now", "not_now"]
    assert call.told == ["accepted"]


async def test_fragments_are_put_together(call: Call) -> None:
    async def fragments(line: Line) -> None:
        await accept(line)
        writer = line.socket._writer  # noqa: SLF001
        assert writer is not None
        transport = writer.transport
        assert transport is not None
        transport.write(b"\x01\x08" + b'{"type":')
        transport.write(b"\x89\x00")  # a ping in between (RFC 6455, section 5.5)
        transport.write(b"\x80\x08" + b'"clear"}')
        transport.write(b"\x02\x02ab" + b"\x00\x02cd" + b"\x80\x02ef")
        transport.write(b"\x01\x7f" + (400_000).to_bytes(8, "big") + b"x" * 400_000 + b"\x80\x01x")
        await line.hear()
        await line.hear()

    async with serving(fragments) as bot:
        await call.open(bot.url)
        await until(lambda: call.bot.counters["malformed_messages"])
    assert call.told == ["accepted", {"type": "clear"}, b"ab", b"cd", b"ef"]


async def test_a_frame_with_an_extension_bit_ends_the_connection(call: Call) -> None:
    async def compresses(line: Line) -> None:
        await accept(line)
        writer = line.socket._writer  # noqa: SLF001
        assert writer is not None
        assert writer.transport is not None
        writer.transport.write(b"\xc2\x02ab")
        await line.hear()

    async with serving(compresses) as bot:
        await call.open(bot.url)
        await until(lambda: len(call.told) == 2)
    assert call.told[1] == "lost: the bot used a WebSocket extension that was not agreed"
