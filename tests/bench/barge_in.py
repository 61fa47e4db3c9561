"""Part `barge_in`: how long a caller still hears the bot after the bot has been told to be silent."""

import asyncio
import random
import socket
import struct
import time
from collections.abc import AsyncIterator
from typing import Any, Final

import numpy as np
from picows import (
    WSFrame,
    WSListener,
    WSMsgType,
    WSTransport,
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
    ws_create_server,
)

from controller.bot.protocol import SUBPROTOCOL, Party, Start
from controller.media.control_messages import Attach, BotTarget, Open, Play
from controller.media.link_client import MediaLink
from controller.media.rtp import packet as rtp
from tests.bench.callers import SO_TIMESTAMPNS
from tests.bench.media import linked
from tests.bench.process import running

CALLS: Final = 50
ROUNDS: Final = 10
SPEECH: Final = b"\x10" * 40_000
"""5 s of one loud tone's code, sent at once, as speech synthesis does."""

SILENCE: Final = b"\xff" * 160
HEARD_AFTER_SECONDS: Final = 0.15


class Bot(WSListener):
    """Accepts; speaks and clears when the measurement says so."""

    calls: Final[dict[str, "Bot"]] = {}

    def __init__(self) -> None:
        self.transport: WSTransport | None = None

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is WSMsgType.TEXT:
            text = frame.get_payload_as_utf8_text()
            if '"start"' in text:
                self.transport = transport
                self.calls[text.split('"call_id":"')[1].split('"')[0]] = self
                transport.send(WSMsgType.TEXT, b'{"type":"accept"}')
        elif frame.msg_type is WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code())
            transport.disconnect()

    def speak(self) -> None:
        if self.transport is not None:
            self.transport.send(WSMsgType.BINARY, SPEECH)

    def clear(self) -> int:
        """Returns when, in ns."""
        now = time.monotonic_ns()
        if self.transport is not None:
            self.transport.send(WSMsgType.TEXT, b'{"type":"clear"}')
        return now


class Ear:
    """One caller, who only listens. Arrival times are the kernel's."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.heard: list[tuple[int, bool]] = []
        """When, in ns, and whether it was silence."""
        asyncio.get_running_loop().add_reader(self.socket.fileno(), self._receive)

    @property
    def port(self) -> int:
        return int(self.socket.getsockname()[1])

    def _receive(self) -> None:
        data, ancillary, _, _ = self.socket.recvmsg(2048, 64)
        seconds, nanoseconds = struct.unpack_from("=qq", ancillary[0][2])
        at = seconds * 1_000_000_000 + nanoseconds + time.monotonic_ns() - time.time_ns()
        self.heard.append((at, data[rtp.HEADER_BYTES :] == SILENCE))

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self.socket.fileno())
        self.socket.close()


async def run() -> AsyncIterator[dict[str, Any]]:
    server = await ws_create_server(_listen, "127.0.0.1", 0, backlog=1024)
    bot_port = server.sockets[0].getsockname()[1]
    async with running("tests.bench.worker") as worker:
        ports = await worker.hear()
        async with linked(ports["control"]) as (link, reports):
            ears = [await _call(link, number, bot_port) for number in range(CALLS)]
            for number in range(CALLS):
                while (await reports.get()).type != "accepted":
                    pass
                await link.send(Play(session=str(number)))
            delays = [delay for _ in range(ROUNDS) for delay in await _round(ears)]
            for ear in ears:
                ear.close()
    server.close()
    p50, p99 = (round(float(value), 2) for value in np.percentile(delays, [50, 99]))
    yield {
        "bench": "barge_in",
        "calls": CALLS,
        "clears": len(delays),
        "clear_to_silence_ms_p50": p50,
        "clear_to_silence_ms_p99": p99,
    }


async def _call(link: MediaLink, number: int, bot_port: int) -> Ear:
    ear = Ear()
    start = Start(call_id=f"call-{number}", caller=Party(), callee=Party(), route="bench")
    await link.send(Open(session=str(number), bot=BotTarget(url=f"ws://127.0.0.1:{bot_port}/"), start=start))
    await link.send(Attach(session=str(number), host="127.0.0.1", port=ear.port))
    return ear


async def _round(ears: list[Ear]) -> list[float]:
    return await asyncio.gather(*(_interruption(Bot.calls[f"call-{n}"], ear) for n, ear in enumerate(ears)))


async def _interruption(bot: Bot, ear: Ear) -> float:
    """One time speech and `clear`; how many ms from the `clear` to the first silent packet."""
    bot.speak()
    await asyncio.sleep(random.uniform(0.3, 0.9))  # noqa: S311 - no secret
    ear.heard.clear()
    cleared = bot.clear()
    await asyncio.sleep(HEARD_AFTER_SECONDS)
    return next((at - cleared) / 1e6 for at, silent in ear.heard if silent)


def _listen(_request: WSUpgradeRequest) -> WSUpgradeResponseWithListener:
    response = WSUpgradeResponse.create_101_response({"Sec-WebSocket-Protocol": SUBPROTOCOL})
    return WSUpgradeResponseWithListener(response, Bot())
