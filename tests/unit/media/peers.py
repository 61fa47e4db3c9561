"""What stands around a media worker: the controller, and an Asterisk that is one UDP socket."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import aiohttp

from controller.bot.protocol import AudioFormat, Encoding, Party, Start
from controller.config import Settings
from controller.media.control_messages import Attach, BotTarget, Hello, Open, Play, Report, Speaking
from controller.media.link_client import MediaLink
from controller.media.rtp import packet as rtp
from controller.media.worker import Listening, run_worker
from tests.unit.bot.scripted_bot import until

TOKEN = "media-secret"

Beside = Callable[[], Awaitable[None]]
"""The other call goes on for a few frames (`conftest.beside`)."""


class FakeAsterisk:
    """Asterisk's end of one call's RTP. `conftest` closes the sockets after each test."""

    opened: ClassVar[list[socket.socket]] = []

    def __init__(self, worker_port: int) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.opened.append(self.socket)
        self.socket.setblocking(False)
        self.socket.bind(("127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]
        self.worker = ("127.0.0.1", worker_port)
        self.sequence = 65_530
        self.timestamp = 1_000
        self.heard: list[rtp.RtpPacket] = []

    def say(self, payload: bytes, payload_type: int = 0) -> None:
        packet = rtp.RtpPacket(payload_type, self.sequence % 65_536, self.timestamp, 7, payload)
        self.send(rtp.build(packet))
        self.sequence += 1
        self.timestamp += 160

    def send(self, datagram: bytes) -> None:
        self.socket.sendto(datagram, self.worker)

    def listen(self) -> list[rtp.RtpPacket]:
        """Everything heard so far."""
        while True:
            try:
                self.heard.append(rtp.parse(self.socket.recv(2048)))
            except BlockingIOError:
                return self.heard

    async def listen_for(self, packets: int) -> list[rtp.RtpPacket]:
        """As many more packets as asked for, from now on."""
        start = len(self.listen())
        await until(lambda: len(self.listen()) >= start + packets)
        return self.heard[start : start + packets]


class Controller:
    """The control link and what came over it."""

    def __init__(self, url: str, token: str = TOKEN) -> None:
        self.reports: list[Report] = []
        self.hellos: list[Hello] = []
        self.speaking: list[dict[str, Speaking | None]] = []
        self.downs = 0
        self.link = MediaLink(url, token, self.reports.append, self.hellos.append, self._down)
        self.link.on_speaking = lambda now: self.speaking.append(now.sessions)

    def _down(self) -> None:
        self.downs += 1

    async def report(self, kind: str, session: str = "s1") -> Any:
        """The first report of this type about this session, once it has come."""
        await until(lambda: self.of(kind, session))
        return self.of(kind, session)[0]

    def of(self, kind: str, session: str = "s1") -> list[Any]:
        return [report for report in self.reports if report.type == kind and report.session == session]

    @asynccontextmanager
    async def linked(self) -> AsyncIterator["Controller"]:
        running = asyncio.create_task(self.link.run())
        try:
            await until(lambda: self.link.hello)
            yield self
        finally:
            running.cancel()
            await asyncio.wait([running])


def settings(**values: Any) -> Settings:
    return Settings(
        **{"media_listen": "127.0.0.1:0", "media_rtp_listen": "127.0.0.1:0", "media_token": TOKEN, **values}
    )


@asynccontextmanager
async def working(**values: Any) -> AsyncIterator[Listening]:
    """A whole worker in this loop."""
    listening: list[Listening] = []
    running = asyncio.create_task(run_worker(settings(**values), listening.append))
    try:
        await until(lambda: listening or running.done())
        if running.done():
            running.result()
        yield listening[0]
    finally:
        running.cancel()
        await asyncio.wait([running])


async def until_alone(worker: Listening) -> None:
    """Until the worker knows that its controller is gone."""
    async with aiohttp.ClientSession() as session, asyncio.timeout(30):
        while True:
            async with session.get(f"http://{worker.control}/healthz") as response:
                if not (await response.json())["controller"]:
                    return


def start(audio: AudioFormat) -> Start:
    caller, callee = Party(number="+4930111"), Party(number="+4930222")
    return Start(call_id="call-1", caller=caller, callee=callee, route="default", audio=audio)


def opening(url: str, session: str = "s1", audio: AudioFormat | None = None, **values: Any) -> Open:
    target = BotTarget(url=url, token="bot-secret")
    encoding: Encoding = values.get("encoding", "mulaw")
    return Open(session=session, bot=target, start=start(audio or AudioFormat(encoding=encoding)), **values)


async def answered(
    controller: Controller, worker: Listening, url: str, session: str = "s1", audio: AudioFormat | None = None
) -> FakeAsterisk:
    """Take a call to the point at which audio flows both ways."""
    asterisk = FakeAsterisk(worker.rtp.port)
    await controller.link.send(opening(url, session, audio))
    await controller.link.send(Attach(session=session, host="127.0.0.1", port=asterisk.port))
    await controller.report("accepted", session)
    await controller.link.send(Play(session=session))
    await asterisk.listen_for(1)
    return asterisk


async def health(worker: Listening) -> dict[str, Any]:
    """The worker's counters."""
    async with aiohttp.ClientSession() as session, session.get(f"http://{worker.control}/healthz") as response:
        counters: dict[str, Any] = await response.json()
        return counters
