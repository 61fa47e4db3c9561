"""Somebody whom the telephone system does not know: SIP by hand from a loopback address of their own, over UDP."""

import asyncio
import hashlib
import re
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

ANSWER_SECONDS = 1.0
"""On the loopback an answer takes a millisecond; what has not come by then was not sent."""
REFUSED = "403 Forbidden"


@dataclass
class Answer:
    text: str
    seconds: float

    @property
    def status(self) -> int:
        return int(self.text.split(" ", 2)[1])

    @property
    def outline(self) -> list[str]:
        """What is the same for everybody who is told the same: without what is made anew for each answer."""
        lines = self.text.replace("\r\n", "\n").strip().split("\n")
        without = re.compile(r'(tag|nonce|opaque)=("[^"]*"|[^;,\s]*)|sip:[^@>]*@')
        return sorted(without.sub(r"\1", line) for line in lines if not line.startswith(("Call-ID", "Via")))


@dataclass
class Stranger(asyncio.DatagramProtocol):
    """Sends what it likes; `answers` has what came back for each Call-ID."""

    asterisk: tuple[str, int]
    address: str
    port: int = 0
    waiting: dict[str, "asyncio.Future[str]"] = field(default_factory=dict)
    received: int = 0
    _transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, _address: Any) -> None:
        self.received += 1
        text = data.decode(errors="replace")
        call_id = re.search(r"^Call-ID: *(\S+)", text, re.MULTILINE | re.IGNORECASE)
        future = self.waiting.get(call_id[1]) if call_id else None
        if future and not future.done() and not text.startswith("SIP/2.0 1"):
            future.set_result(text)

    def error_received(self, _error: Exception) -> None:
        """Nobody listens there any more: the test looks whether Asterisk runs."""

    def throw(self, data: bytes) -> None:
        """As it is, and no answer is waited for."""
        assert self._transport
        self._transport.sendto(data, self.asterisk)

    def request(self, method: str, user: str, authorization: str = "", sequence: int = 1, call_id: str = "") -> bytes:
        host = f"{self.asterisk[0]}:{self.asterisk[1]}"
        to = "" if method == "REGISTER" else f"{user}@"
        lines = [
            f"{method} sip:{to}{host} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.address}:{self.port};rport;branch=z9hG4bK{secrets.token_hex(6)}",
            f"From: <sip:{user}@{host}>;tag={secrets.token_hex(4)}",
            f"To: <sip:{user}@{host}>",
            f"Call-ID: {call_id or secrets.token_hex(8)}",
            f"CSeq: {sequence} {method}",
            f"Contact: <sip:{user}@{self.address}:{self.port}>",
            "Max-Forwards: 70",
            *([f"Authorization: {authorization}"] if authorization else []),
            "Content-Length: 0",
        ]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    async def ask(self, method: str, user: str, authorization: str = "", sequence: int = 1) -> Answer | None:
        """One request, and its final answer; None: there was none."""
        call_id = secrets.token_hex(8)
        future = self.waiting[call_id] = asyncio.get_running_loop().create_future()
        sent = time.perf_counter()
        self.throw(self.request(method, user, authorization, sequence, call_id))
        try:
            text = await asyncio.wait_for(future, ANSWER_SECONDS)
        except TimeoutError:
            return None
        finally:
            del self.waiting[call_id]
        return Answer(text, time.perf_counter() - sent)

    async def log_in(self, method: str, user: str, password: str) -> Answer | None:
        """A request with the answer to the challenge, as a phone makes it."""
        challenge = await self.ask(method, user)
        if challenge is None or challenge.status != 401:
            return challenge
        uri = f"sip:{self.asterisk[0]}:{self.asterisk[1]}"
        return await self.ask(method, user, digest(challenge.text, method, uri, user, password), 2)


def digest(challenge: str, method: str, uri: str, user: str, password: str) -> str:
    """RFC 2617, as far as Asterisk asks for it."""
    given = dict(re.findall(r'(realm|nonce|opaque)="([^"]*)"', challenge))
    secret = _md5(f"{user}:{given['realm']}:{password}")
    response = _md5(f"{secret}:{given['nonce']}:00000001:0a4f113b:auth:{_md5(f'{method}:{uri}')}")
    return (
        f'Digest username="{user}", realm="{given["realm"]}", nonce="{given["nonce"]}", uri="{uri}", '
        f'response="{response}", opaque="{given["opaque"]}", algorithm=MD5, qop=auth, nc=00000001, cnonce="0a4f113b"'
    )


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()  # noqa: S324 - SIP's own


@asynccontextmanager
async def stranger(sip_port: int, address: str) -> AsyncIterator[Stranger]:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(
        lambda: Stranger(("127.0.0.1", sip_port), address), local_addr=(address, 0)
    )
    try:
        yield protocol
    finally:
        transport.close()
