"""Generated bots that break every rule, on a real worker with another call going on: it loses no packet."""

import json
import struct
from collections.abc import Awaitable, Callable
from typing import Any, Final, Literal

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from controller.bot.protocol import UnknownType, parse_from_bot
from controller.errors import ProtocolError
from controller.media.control_messages import Close
from controller.media.worker import Listening
from tests.unit.bot.scripted_bot import Line, accept, serving, until
from tests.unit.media.peers import Beside, Controller, answered, health

FUZZ: Final = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)
"""Every example takes a few ticks of real time."""

SESSION: Final = "fuzzed"

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10

Ending = Literal["stays", "closes", "half closes", "aborts"]


def frame(opcode: int, payload: bytes, first: int = 0x80, size: int | None = None) -> bytes:
    """One frame as a server sends it (RFC 6455, section 5.2). `first`: FIN and the reserved bits."""
    size = len(payload) if size is None else size
    if size < 126:
        return bytes([first | opcode, size]) + payload
    if size < 1 << 16:
        return struct.pack("!BBH", first | opcode, 126, size) + payload
    return struct.pack("!BBQ", first | opcode, 127, size) + payload


# --- messages -----------------------------------------------------------------------------------------------

MESSAGES: Final[list[dict[str, Any]]] = [
    {"type": "accept"},
    {"type": "reject"},
    {"type": "clear"},
    {"type": "pause"},
    {"type": "resume"},
    {"type": "mark", "name": "m"},
    {"type": "transcript", "role": "bot", "text": "t"},
    {"type": "result", "id": "r", "name": "n", "data": {"rate": 1.0}},
    {"type": "log", "message": "m", "level": "info", "data": {}},
    {"type": "transfer", "summary": "s"},
    {"type": "hangup", "reason": "r"},
    {"type": "sing"},
]

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["", "x" * 30_000, "\0", 10**400, float("nan"), float("-inf")])
)
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    """A message with something wrong, or nothing."""
    message = dict(draw(st.sampled_from(MESSAGES)))
    for _ in range(draw(st.integers(0, 2))):
        message[draw(st.sampled_from([*message, "new"]))] = draw(JSON)
    text = json.dumps(message).encode()
    return text[: draw(st.sampled_from([len(text), len(text), len(text) - 1, len(text) // 2]))]


def _data(data: bytes) -> bytes:
    return b'{"type": "result", "name": "n", "data": {"d": ' + data + b"}}"


def _deep(depth: int) -> bytes:
    return _data(b"[" * depth + b"]" * depth)


@FUZZ
@given(st.lists(messages() | st.binary(max_size=60), max_size=30))
@example([_data(b"9" * 4_000), _data(b"9" * 5_000), _data(b"1e999"), _data(b"NaN"), _data(b"-Infinity")])
@example([_deep(depth) for depth in (100, 150, 190, 200, 250, 1_000, 30_000)])
@example([b'{"type": "log", "message": "\\ud800"}', b'{"type": "log", "message": "\xff\xfe"}', b"\xf0\x9f"])
@example([b"", b"null", b"[]", b'"accept"', b"0", b"{}", b'{"type": null}', b'{"type": {}}', b'{"type": [1e999]}'])
@example([b'{"type": "mark", "name": "m"}'] * 1_500)
async def test_messages(worker: Listening, beside: Beside, texts: list[bytes]) -> None:
    """Whatever cannot be read is counted, and the call goes on."""

    async def talks(line: Line) -> None:
        await accept(line)
        # One of the messages may have been `pause`.
        _write(line, b"".join(frame(TEXT, text) for text in [*texts, b'{"type": "resume"}']) + frame(BINARY, b"\x07"))
        while await line.hear() is not None:
            pass

    async with Controller(f"ws://{worker.control}").linked() as controller, serving(talks) as bot:
        asterisk = await answered(controller, worker, bot.url, SESSION)
        await until(lambda: any(packet.payload[0] == 7 for packet in asterisk.listen()))
        counted = await _closed(controller, beside)
    assert counted["malformed_messages"] == sum(_is_malformed(text) for text in texts)
    assert not controller.of("disconnected", SESSION)
    assert "broken_sessions" not in await health(worker)


def _is_malformed(text: bytes) -> bool:
    try:
        parse_from_bot(text)
    except UnknownType:
        return False
    except ProtocolError:
        return True
    return False


# --- frames -------------------------------------------------------------------------------------------------

FRAMES = st.one_of(
    st.builds(frame, st.just(BINARY), st.binary(max_size=1_001)),
    st.builds(frame, st.just(TEXT), st.binary(max_size=100) | messages()),
    st.builds(frame, st.sampled_from([PING, PONG, CLOSE]), st.binary(max_size=125)),
    st.builds(frame, st.integers(0, 15), st.binary(max_size=300), st.sampled_from([0x80, 0x00, 0xC0, 0x90, 0x70])),
    st.builds(
        lambda whole, end: whole[:end], st.builds(frame, st.just(TEXT), st.binary(max_size=300)), st.integers(0, 9)
    ),
    st.builds(
        frame, st.sampled_from([TEXT, BINARY, PING]), st.binary(max_size=9), size=st.sampled_from([64 << 20, 1 << 63])
    ),
    st.binary(max_size=100),
)


@FUZZ
@given(st.lists(FRAMES, max_size=12), st.sampled_from(["stays", "closes", "half closes", "aborts"]))
@example([frame(BINARY, b"", size=64 << 20) + bytes(1 << 20)], "stays")
@example([frame(TEXT, b"x", first=0x00)] * 3, "half closes")
@example([frame(CLOSE, b"\x03")], "stays")
@example([frame(CLOSE, b"\xff\xff\xff")], "aborts")
@example([], "half closes")
async def test_frames(worker: Listening, beside: Beside, frames: list[bytes], ending: Ending) -> None:
    """A bot that breaks the protocol, or goes, loses its call: once, and with the reason."""

    async def breaks(line: Line) -> None:
        await accept(line)
        assert await line.hear_message() == {"type": "answered"}
        _write(line, b"".join(frames))
        await ENDINGS[ending](line)
        while await line.hear() is not None:
            pass

    async with Controller(f"ws://{worker.control}").linked() as controller, serving(breaks) as bot:
        await answered(controller, worker, bot.url, SESSION)
        if ending != "stays":
            await controller.report("disconnected", SESSION)
        await _closed(controller, beside)
        lost = controller.of("disconnected", SESSION)
    assert len(lost) <= 1
    assert all(report.detail.startswith("the bot ") for report in lost)
    assert "broken_sessions" not in await health(worker)


async def _closed(controller: Controller, beside: Beside) -> dict[str, int | float]:
    """The other call goes on; then the suffering one is closed, and its statistics come."""
    await beside()
    await controller.link.send(Close(session=SESSION, reason="failed"))
    counted: dict[str, int | float] = (await controller.report("closed", SESSION)).statistics
    return counted


def _transport(line: Line) -> Any:
    writer = line.socket._writer  # noqa: SLF001 - what aiohttp would not send
    assert writer is not None
    return writer.transport


def _write(line: Line, data: bytes) -> None:
    _transport(line).write(data)


async def _stays(_line: Line) -> None: ...


async def _closes(line: Line) -> None:
    await line.socket.close()


async def _half_closes(line: Line) -> None:
    _transport(line).write_eof()


async def _aborts(line: Line) -> None:
    _transport(line).abort()


ENDINGS: Final[dict[Ending, Callable[[Line], Awaitable[None]]]] = {
    "stays": _stays,
    "closes": _closes,
    "half closes": _half_closes,
    "aborts": _aborts,
}
