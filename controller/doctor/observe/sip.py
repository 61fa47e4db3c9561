"""A word of SIP to Asterisk's ports, to see whether anybody answers."""

import asyncio
import contextlib
import secrets
import socket
from typing import Any, Final
from urllib.parse import urlsplit

from controller.config import Settings
from controller.doctor.checks.endpoints import PortSeen
from controller.doctor.observe.asterisk import reason
from controller.doctor.sip_message import SipMessage, build, parse
from controller.errors import ProtocolError

ANSWER_SECONDS: Final = 2.0
"""For an answer; UDP is asked once more in between, since one datagram may be lost."""
AGAIN_SECONDS: Final = 0.5
MESSAGE_BYTES_MAX: Final = 65_536


def asterisk_host(settings: Settings) -> str:
    """SIP is spoken where ARI is."""
    return urlsplit(settings.ari_url).hostname or "127.0.0.1"


async def ports(settings: Settings) -> list[PortSeen]:
    host, port = asterisk_host(settings), settings.sip_port
    return list(await asyncio.gather(_over_udp(host, port), _over_tcp(host, port)))


def own_address(host: str, port: int) -> str:
    """Of this machine, from which that one is reached. Raises OSError."""
    found = socket.getaddrinfo(host, port, socket.AF_INET, socket.SOCK_DGRAM)
    # Connecting a UDP socket sends nothing: it only asks for the route.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(found[0][4])
        address: str = probe.getsockname()[0]
        return address


def options(host: str, port: int, own: str, transport: str) -> bytes:
    branch, tag, call_id = (secrets.token_hex(8) for _ in range(3))
    headers = (
        ("Via", f"SIP/2.0/{transport} {own};rport;branch=z9hG4bK{branch}"),
        ("Max-Forwards", "70"),
        ("From", f"<sip:doctor@{own.partition(':')[0]}>;tag={tag}"),
        ("To", f"<sip:{host}>"),
        ("Call-ID", call_id),
        ("CSeq", "1 OPTIONS"),
        ("Contact", f"<sip:doctor@{own}>"),
    )
    return build(SipMessage(f"OPTIONS sip:{host}:{port} SIP/2.0", headers))


class _Answer(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.status: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, _addr: Any) -> None:
        with contextlib.suppress(ProtocolError):
            self.take(parse(data).status)

    def take(self, status: int) -> None:
        if status and not self.status.done():
            self.status.set_result(status)

    def error_received(self, exc: Exception) -> None:
        if not self.status.done():
            self.status.set_exception(exc)


async def _over_udp(host: str, port: int) -> PortSeen:
    shown = f"{host}:{port}"
    transport: asyncio.DatagramTransport | None = None
    try:
        loop = asyncio.get_running_loop()
        transport, answer = await loop.create_datagram_endpoint(_Answer, remote_addr=(host, port))
        name = transport.get_extra_info("sockname")
        request = options(host, port, f"{name[0]}:{name[1]}", "UDP")
        async with asyncio.timeout(ANSWER_SECONDS):
            while True:
                transport.sendto(request)
                done, _ = await asyncio.wait([answer.status], timeout=AGAIN_SECONDS)
                if done:
                    return PortSeen("UDP", shown, answer.status.result())
    except OSError as error:  # TimeoutError is one
        return PortSeen("UDP", shown, problem=reason(error))
    finally:
        if transport is not None:
            transport.close()


async def _over_tcp(host: str, port: int) -> PortSeen:
    shown = f"{host}:{port}"
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            reader, writer = await asyncio.open_connection(host, port, limit=MESSAGE_BYTES_MAX)
            name = writer.get_extra_info("sockname")
            writer.write(options(host, port, f"{name[0]}:{name[1]}", "TCP"))
            try:
                status = parse(await reader.readuntil(b"\r\n\r\n")).status
            finally:
                writer.close()
            return PortSeen("TCP", shown, status)
    except (OSError, asyncio.IncompleteReadError, ProtocolError) as error:
        return PortSeen("TCP", shown, problem=reason(error))
