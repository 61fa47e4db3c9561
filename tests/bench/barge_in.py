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
from controller.media.audio import g711
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
HEARD_AFTER_SECONDS: Final = 0.25
SPEECH_FRAMES: Final = 8
PAUSE_SECONDS: Final = 0.8
"""Between two interruptions: the detector has to notice that the caller has stopped."""


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
        self._number = 0
        self.heard: list[tuple[int, bool]] = []
        """When, in ns, and whether it was silence."""
        asyncio.get_running_loop().add_reader(self.socket.fileno(), self._receive)

    @property
    def port(self) -> int:
        return int(self.socket.getsockname()[1])

    def speak(self, worker_port: int, frame: bytes) -> int:
        """One packet to the worker; returns when it was sent, in ns."""
        self._number += 1
        header = rtp.HEADER.pack(0x80, 0, self._number & 0xFFFF, self._number * 160 & 0xFFFFFFFF, 1)
        now = time.monotonic_ns()
        self.socket.sendto(header + frame, ("127.0.0.1", worker_port))
        return now

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
            clears = [delay for _ in range(ROUNDS) for delay in await _round(ears)]
            voices = [delay for _ in range(ROUNDS // 2) for delay in await _speaking_round(ears, ports["rtp"])]
            for ear in ears:
                ear.close()
    server.close()
    yield {
        "bench": "barge_in",
        "calls": CALLS,
        "interruptions": len(clears) + len(voices),
        **_percentiles("clear_to_silence_ms", clears),
        **_percentiles("speech_to_silence_ms", voices),
    }


def _percentiles(name: str, delays: list[float]) -> dict[str, float]:
    p50, p99 = np.percentile(delays, [50, 99])
    return {f"{name}_p50": round(float(p50), 2), f"{name}_p99": round(float(p99), 2)}


async def _call(link: MediaLink, number: int, bot_port: int) -> Ear:
    ear = Ear()
    start = Start(call_id=f"call-{number}", caller=Party(), callee=Party(), route="bench")
    target = BotTarget(url=f"ws://127.0.0.1:{bot_port}/")
    await link.send(Open(session=str(number), bot=target, start=start, voice="barge_in"))
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


async def _speaking_round(ears: list[Ear], worker_port: int) -> list[float]:
    calls = (_speaking(Bot.calls[f"call-{n}"], ear, worker_port) for n, ear in enumerate(ears))
    return await asyncio.gather(*calls)


async def _speaking(bot: Bot, ear: Ear, worker_port: int) -> float:
    """The caller speaks; how many ms from the first loud packet to the first silent one, without the bot's word."""
    bot.speak()
    await asyncio.sleep(random.uniform(0.3, 0.9))  # noqa: S311 - no secret
    ear.heard.clear()
    begun = 0
    for number in range(SPEECH_FRAMES):
        sent = ear.speak(worker_port, VOWEL[number * 160 : (number + 1) * 160])
        begun = begun or sent
        await asyncio.sleep(0.020)
    await asyncio.sleep(HEARD_AFTER_SECONDS)
    delay = next((at - begun) / 1e6 for at, silent in ear.heard if silent)
    bot.clear()
    for _ in range(int(PAUSE_SECONDS / 0.020)):
        ear.speak(worker_port, SILENCE)
        await asyncio.sleep(0.020)
    return delay


def _vowel() -> bytes:
    """A voice of 140 Hz, µ-law: what the detector takes for speech."""
    moments = np.arange(SPEECH_FRAMES * 160) / 8_000
    tone = np.sum([np.sin(2 * np.pi * 140 * harmonic * moments) / harmonic for harmonic in range(1, 20)], axis=0)
    return g711.encode_mulaw((4_000 * tone).astype(np.int16)).tobytes()


VOWEL: Final = _vowel()


def _listen(_request: WSUpgradeRequest) -> WSUpgradeResponseWithListener:
    response = WSUpgradeResponse.create_101_response({"Sec-WebSocket-Protocol": SUBPROTOCOL})
    return WSUpgradeResponseWithListener(response, Bot())
