"""Generated bad input, on a real worker with another call going on: it loses no packet, and every fault is counted."""

import asyncio
import json
from typing import Any, Final

import aiohttp
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from controller.bot.protocol import Dtmf
from controller.media.control_messages import AckReports, Attach, AttachSocket, Close, Play, Send
from controller.media.rtp import packet as rtp
from controller.media.worker import Listening
from tests.unit.bot.scripted_bot import serving, silent
from tests.unit.media.peers import TOKEN, Beside, Controller, FakeAsterisk, answered, health, opening

FUZZ: Final = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)
"""Every example takes a few ticks of real time."""

HEADERS: Final = {"Authorization": f"Bearer {TOKEN}"}
ORDER_BYTES_MAX: Final = 1 << 20

# --- RTP ------------------------------------------------------------------------------------------------------

VALID = st.builds(
    rtp.RtpPacket,
    payload_type=st.sampled_from([0, 8, 13, 101]),
    sequence=st.integers(0, 0xFFFF),
    timestamp=st.integers(0, 0xFFFFFFFF),
    ssrc=st.integers(0, 3),
    payload=st.binary(max_size=400),
    csrcs=st.lists(st.integers(0, 9), max_size=3).map(tuple),
).map(rtp.build)

DATAGRAMS = st.one_of(
    st.binary(max_size=200),
    VALID,
    st.builds(lambda packet, end: packet[:end], VALID, st.integers(0, 20)),
    st.builds(lambda packet, first: bytes([first]) + packet[1:], VALID, st.integers(0, 255)),
    st.builds(lambda packet, size: packet + bytes(size), VALID, st.sampled_from([1_500, 2_036, 2_037, 9_000, 60_000])),
)


@FUZZ
@given(st.lists(DATAGRAMS, min_size=1, max_size=40))
async def test_datagrams(worker: Listening, beside: Beside, datagrams: list[bytes]) -> None:
    async with Controller(f"ws://{worker.control}").linked() as controller, serving(silent) as bot:
        before = (await health(worker)).get("strangers", 0)
        asterisk = await answered(controller, worker, bot.url, "fuzzed")
        stranger = FakeAsterisk(worker.rtp.port)
        for datagram in datagrams:
            asterisk.send(datagram)
            stranger.send(datagram)
        await beside()
        await controller.link.send(Close(session="fuzzed", reason="failed"))
        counted = (await controller.report("closed", "fuzzed")).statistics
        counters = await health(worker)
    kinds = ("packets_in", "malformed_packets", "other_payload_types", "duplicates")
    assert sum(counted[kind] for kind in kinds) == len(datagrams)
    assert counters["strangers"] - before == len(datagrams)
    assert "broken_sessions" not in counters


# --- the control link -------------------------------------------------------------------------------------------

ORDERS: Final[list[dict[str, Any]]] = [
    order.model_dump(mode="json", by_alias=True)
    for order in (
        opening("ws://127.0.0.1:1/", "x"),
        Attach(session="x", host="127.0.0.1", port=9),
        AttachSocket(session="x", url="ws://127.0.0.1:1/media/x"),
        Play(session="x"),
        Send(session="x", message=Dtmf(digit="1").model_dump(mode="json")),
        AckReports(seq=0),
        Close(session="x", reason="failed"),
    )
]

NUMBERS = st.integers() | st.floats() | st.sampled_from([0, -1, 65_536, 1 << 64, 10**400, float("nan"), float("inf")])
HOSTS = st.sampled_from(["::1", "0.0.0.0", "127.0.0.1", "localhost", "1.2.3", "ws://[::1", "ws://127.0.0.1:99999/"])
LEAVES = st.none() | st.booleans() | NUMBERS | HOSTS | st.text(max_size=30) | st.sampled_from(["x", "y", "open", "\0"])
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)


@st.composite
def orders(draw: st.DrawFn) -> str:
    """An order with one thing wrong, or several."""
    order = json.loads(json.dumps(draw(st.sampled_from(ORDERS))))
    for _ in range(draw(st.integers(0, 2))):
        inside = draw(st.sampled_from([order, *(value for value in order.values() if isinstance(value, dict))]))
        key = draw(st.sampled_from([*inside, "new"]))
        inside[key] = draw(JSON)
    text = json.dumps(order)
    return text[: draw(st.sampled_from([len(text), len(text), len(text), len(text) // 2]))]


def _attach(**values: Any) -> str:
    return json.dumps({"type": "attach", "session": "x", "host": "127.0.0.1", "port": 9, **values})


def _open(**bot: Any) -> str:
    order = opening("ws://127.0.0.1:1/", "x").model_dump(mode="json", by_alias=True)
    return json.dumps({**order, "bot": {**order["bot"], **bot}})


PLAY: Final = '{"type": "play", "session": "x"}'
CLOSE: Final = '{"type": "close", "session": "x", "reason": "failed"}'


@FUZZ
@given(st.lists(orders() | st.text(max_size=100) | st.binary(max_size=100), max_size=20))
@example([_open(), PLAY, _attach(port=65_536), _attach(port=-1), _attach(host="::1"), _attach()])
@example([_open(accept_seconds=float("nan"))])
@example([_open(accept_seconds=-1e9)])
@example([_open(url="ws://[::1")])
@example([_open(url="ws://127.0.0.1:99999/")])
@example([_open(token="two\r\nlines")])
@example([_open(token="\u20ac")])
@example(["[" * 100_000, '{"type":' * 10_000, b"\xff" * 1_000, "\ud7ff"])
async def test_orders(worker: Listening, beside: Beside, stream: list[str | bytes]) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"ws://{worker.control}/control", headers=HEADERS) as link,
    ):
        for order in stream:
            await (link.send_str(order) if isinstance(order, str) else link.send_bytes(order))
        await beside()
        for over in ("x", "y", "the last"):
            await link.send_str(json.dumps({"type": "close", "session": over, "reason": "failed"}))
        while (report := await link.receive_json(timeout=5)).get("session") != "the last":
            # Numbered reports come again on the next link unless they are acknowledged.
            if "seq" in report:
                await link.send_str(json.dumps({"type": "ack", "seq": report["seq"]}))
    counters = await health(worker)
    assert "broken_sessions" not in counters
    assert "failed_orders" not in counters


async def test_an_order_that_is_too_long_costs_one_link(worker: Listening, beside: Beside) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"ws://{worker.control}/control", headers=HEADERS) as link,
    ):
        await link.receive_json()
        await link.send_str("x" * (ORDER_BYTES_MAX + 1))
        while (frame := await link.receive(timeout=5)).type is aiohttp.WSMsgType.TEXT:
            pass
        assert frame.data == aiohttp.WSCloseCode.MESSAGE_TOO_BIG
    await beside()


@pytest.mark.parametrize("given_", [b"", b"Bearer", b"Bearer \xff\xfe", b"Bearer " + b"x" * 4_000])
async def test_a_stranger_at_the_control_link_is_refused(worker: Listening, beside: Beside, given_: bytes) -> None:
    reader, writer = await asyncio.open_connection(worker.control.host, worker.control.port)
    writer.write(b"GET /control HTTP/1.1\r\nHost: x\r\nAuthorization: " + given_ + b"\r\n\r\n")
    assert (await reader.readline()).startswith(b"HTTP/1.1 401")
    writer.close()
    await writer.wait_closed()
    await beside()
