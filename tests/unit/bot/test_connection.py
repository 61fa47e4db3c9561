"""Our side of the bot's WebSocket, against real bots that behave well, badly and not at all."""

import asyncio
import contextlib
import json
import os
import ssl
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from controller.bot import websocket as module
from controller.bot.adapters.adapter import Opening
from controller.bot.connection import BotConnection
from controller.bot.conversation import BotFailed, BotRefused, Message
from controller.bot.protocol import TEXT_MESSAGE_BYTES_MAX, Accept, Answered, Party, Start
from controller.bot.websocket import AUDIO_WAITING_BYTES_MAX
from tests.unit.bot.scripted_bot import Line, accept, echo, serving, silent, until

START = Start(call_id="call-1", caller=Party(number="+4930111"), callee=Party(number="+4930222"), route="default")


class Listener:
    """Everything that the connection told, in order."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def on_accepted(self, _accept: Accept) -> None:
        self.told.append("accepted")

    def on_audio(self, audio: memoryview) -> None:
        self.told.append(bytes(audio))

    def on_message(self, message: Message) -> None:
        self.told.append(message.model_dump(exclude_defaults=True) | {"type": message.type})

    def played_ms(self) -> int:
        return 4_180

    def on_lost(self, detail: str) -> None:
        self.told.append(f"lost: {detail}")


class Clock:
    """Monotonic, and moved on by the test."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead


class Call:
    def __init__(self) -> None:
        self.listener = Listener()
        self.clock = Clock()
        self.bot = BotConnection(self.listener, self.clock)

    @property
    def told(self) -> list[Any]:
        return self.listener.told

    async def open(self, url: str, accept_seconds: float = 5.0, token: str = "bot-secret") -> None:  # noqa: S107
        await self.bot.open(Opening(url, START, token), accept_seconds, ssl.create_default_context())


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


async def _leaves(line: Line) -> None:
    await line.hear()
    await line.socket.close(code=4001, message=b"no time")


async def _cuts(line: Line) -> None:
    await line.hear()
    line.socket._req.transport.abort()  # type: ignore[union-attr] # noqa: SLF001


async def _sends_a_giant(line: Line) -> None:
    await line.hear()
    with contextlib.suppress(ConnectionError):
        await line.socket.send_bytes(bytes(module.FRAME_BYTES_MAX + 1))
        await line.hear()


@pytest.mark.parametrize(
    ("script", "detail"),
    [
        (_leaves, "the bot closed the connection with code 4001 (no time) before it accepted the call"),
        (_cuts, "the bot lost the connection before it accepted the call"),
        (_sends_a_giant, "broke the WebSocket protocol (Received frame with payload size exceeding max allowed size"),
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


@pytest.mark.parametrize(
    ("script", "detail"),
    [
        (_leaves, "lost: the bot closed the connection with code 4001 (no time)"),
        (_cuts, "lost: the bot lost the connection"),
        (_sends_a_giant, "lost: the bot broke the WebSocket protocol (Received frame with payload size exceeding"),
    ],
)
async def test_a_bot_that_goes_later_is_lost_and_told_once(call: Call, script: Any, detail: str) -> None:
    async def takes_the_call_and_goes(line: Line) -> None:
        await accept(line)
        await script(line)

    async with serving(takes_the_call_and_goes) as bot:
        await call.open(bot.url)
        call.bot.send(Answered())
        await until(lambda: len(call.told) == 2)
        await call.bot.wait_closed()
    assert call.told[0] == "accepted"
    assert call.told[1].startswith(detail)
    assert len(call.told) == 2


async def test_a_dead_peer_is_noticed_by_its_missing_pong(call: Call) -> None:
    async def freezes(line: Line) -> None:
        await accept(line)
        line.socket._reader._protocol.pause_reading()  # type: ignore[union-attr] # noqa: SLF001
        await asyncio.sleep(60)

    async with serving(freezes) as bot:
        await call.open(bot.url)
        call.clock.ahead += module.PING_SECONDS
        call.bot.watch(call.clock())
        assert call.told == ["accepted"]
        call.clock.ahead += module.PONG_SECONDS
        call.bot.watch(call.clock())
    assert call.told == ["accepted", "lost: the bot did not answer a ping within 10 s"]


async def test_a_living_peer_answers_pings(call: Call) -> None:
    async with serving(silent) as bot:
        await call.open(bot.url)
        for _ in range(3):
            call.clock.ahead += module.PING_SECONDS
            call.bot.watch(call.clock())
            await until(lambda: call.bot._socket._heard)  # noqa: SLF001
    assert call.told[0] == "accepted"


async def test_a_bot_that_does_not_read_loses_audio_and_then_the_connection(call: Call) -> None:
    async def is_deaf(line: Line) -> None:
        await accept(line)
        line.socket._reader._protocol.pause_reading()  # type: ignore[union-attr] # noqa: SLF001
        await asyncio.sleep(60)

    async with serving(is_deaf) as bot:
        await call.open(bot.url)
        sent = 0
        while call.bot.send_audio(bytes(1000)):
            sent += 1
            assert sent < 20_000
            if sent % 100 == 0:
                await asyncio.sleep(0.001)
        for _ in range(20):
            call.bot.send_audio(bytes(1000))
        assert call.bot.counters["audio_frames_dropped_to_bot"] == 21 - AUDIO_WAITING_BYTES_MAX // 1000
        for _ in range(20_000):
            call.bot.send(Answered())
        assert call.told == ["accepted", "lost: the bot does not read what it is sent"]


async def test_a_bot_that_was_away_hears_the_newest_and_misses_what_was_before_it(call: Call) -> None:
    """Two seconds of audio wait for it at most, in order; what it had not taken of the time before is lost."""
    reads, heard = asyncio.Event(), list[int]()

    async def is_away(line: Line) -> None:
        await accept(line)
        reading = line.socket._reader._protocol  # type: ignore[union-attr] # noqa: SLF001
        reading.pause_reading()
        await reads.wait()
        reading.resume_reading()
        while isinstance(frame := await line.hear(), bytes):
            heard.append(int.from_bytes(frame[:4], "big"))

    async with serving(is_away) as bot:
        await call.open(bot.url)
        said = 0
        while call.bot.counters["audio_frames_dropped_to_bot"] < 30:
            call.bot.send_audio(said.to_bytes(4, "big") * 250)
            said += 1
            assert said < 20_000
            if said % 100 == 0:
                await asyncio.sleep(0.001)
        reads.set()
        await until(lambda: heard and heard[-1] == said - 1)
        kept = AUDIO_WAITING_BYTES_MAX // 1000
        assert heard == [*range(said - kept - 30), *range(said - kept, said)]
        assert call.bot.send_audio(said.to_bytes(4, "big") * 250)
        await until(lambda: heard[-1] == said)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1 and its key."""
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "cert.pem", folder / "key.pem"
    request = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=bot"
    names = ["-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*request.split(), *names, *files], check=True, capture_output=True)
    return certificate, key


@pytest.mark.parametrize("trusted", [True, False])
async def test_tls_is_verified(call: Call, certificate: tuple[Path, Path], *, trusted: bool) -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*certificate)
    client = ssl.create_default_context(cafile=str(certificate[0]) if trusted else None)
    async with serving(echo, tls=server) as bot:
        if trusted:
            await call.bot.open(Opening(bot.url, START), 5.0, client)
            call.bot.send_audio(b"over TLS")
            await until(lambda: b"over TLS" in call.told)
        else:
            with pytest.raises(BotFailed) as failed:
                await call.bot.open(Opening(bot.url, START), 5.0, client)
            assert failed.value.trigger == "unreachable"
            assert "its TLS certificate is not accepted" in failed.value.detail
