"""A SIP party made by hand, for what no finished phone does: answers to REFER of our choice, headers as they came.

It speaks UDP on the loopback, where the bundled Asterisk takes it for the trunk. Audio it has none.
"""

import asyncio
import re
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

WAIT_SECONDS = 20.0
SDP = (
    "v=0\r\no=party 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 4000 RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na={direction}\r\n"
)
REASONS = {100: "Trying", 180: "Ringing", 200: "OK", 202: "Accepted", 405: "Method Not Allowed", 486: "Busy Here",
           603: "Decline"}  # fmt: skip


@dataclass(frozen=True)
class Message:
    """A request or an answer. Header names are kept as they came; `header` finds one in any case."""

    first_line: str
    headers: Sequence[tuple[str, str]]
    body: str

    @property
    def method(self) -> str:
        return self.first_line.split(" ", 1)[0]

    @property
    def status(self) -> int:
        return int(self.first_line.split(" ")[1]) if self.first_line.startswith("SIP/2.0") else 0

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    @classmethod
    def parse(cls, datagram: bytes) -> "Message":
        head, _, body = datagram.decode().partition("\r\n\r\n")
        first, *lines = head.split("\r\n")
        pairs = [line.partition(":") for line in lines]
        return cls(first, [(name.strip(), value.strip()) for name, _, value in pairs], body)


@dataclass
class Dialog:
    call_id: str
    ours: str
    theirs: str
    target: str
    sequence: int = 1


@dataclass
class SipParty(asyncio.DatagramProtocol):
    """One call at a time. `refer_answers`: the status of REFER's own answer, then of each NOTIFY about it."""

    asterisk: tuple[str, int]
    refer_answers: Sequence[int] = (202, 200)
    received: "asyncio.Queue[Message]" = field(default_factory=asyncio.Queue)
    """Requests of Asterisk, and final answers to ours."""
    seen: list[Message] = field(default_factory=list)
    port: int = 0
    _dialog: Dialog | None = None
    _transport: asyncio.DatagramTransport | None = None

    @property
    def call_id(self) -> str:
        return self._in_dialog().call_id

    # --- what it does ---------------------------------------------------------------------------------------

    async def call(self, number: str, headers: Mapping[str, str] | None = None, *, account: str = "") -> None:
        """Dials, and returns once answered. `account`: what the first line has, where the number stands in To alone."""
        host, port = self.asterisk
        self._dialog = Dialog(
            secrets.token_hex(8), f'"Erika" <sip:+491713920012@127.0.0.1>;tag={secrets.token_hex(4)}',
            f"<sip:{number}@{host}:{port}>", f"sip:{account or number}@{host}:{port}",
        )  # fmt: skip
        extra = {**(headers or {}), "Content-Type": "application/sdp"}
        self._request("INVITE", SDP.format(direction="sendrecv"), extra)
        answer = await self.until("INVITE answered", lambda m: m.status >= 200 and "INVITE" in m.header("CSeq"))
        assert answer.status == 200, answer.first_line
        self._dialog.theirs = answer.header("To")
        self._dialog.target = _uri(answer.header("Contact"))
        self._request("ACK", sequence=self._dialog.sequence)

    async def hang_up(self) -> None:
        self._request("BYE")
        await self.until("BYE answered", lambda m: m.status >= 200 and "BYE" in m.header("CSeq"))

    async def hold(self, *, on: bool = True) -> None:
        direction = "sendonly" if on else "sendrecv"
        self._request("INVITE", SDP.format(direction=direction), {"Content-Type": "application/sdp"})
        sequence = self._in_dialog().sequence
        await self.until("hold answered", lambda m: m.status == 200 and m.header("CSeq") == f"{sequence} INVITE")
        self._request("ACK", sequence=sequence)

    async def refer(self, target: str, headers: Mapping[str, str] | None = None) -> Message:
        """Asks Asterisk to send its party elsewhere. Returns the answer; NOTIFYs come after it."""
        self._request("REFER", extra={"Refer-To": f"<{target}>", **(headers or {})})
        return await self.until("REFER answered", lambda m: m.status >= 200 and "REFER" in m.header("CSeq"))

    def notify(self, status: int) -> None:
        """What became of a REFER; also later than it should."""
        state = "active;expires=60" if status < 200 else "terminated;reason=noresource"
        headers = {"Event": "refer", "Subscription-State": state, "Content-Type": "message/sipfrag;version=2.0"}
        self._request("NOTIFY", f"SIP/2.0 {status} {REASONS[status]}\r\n", headers)

    async def until(self, what: str, wanted: Any, seconds: float = WAIT_SECONDS) -> Message:
        """The next message, new or passed over before, of which `wanted` is true."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    message = await self.received.get()
                    if wanted(message):
                        return message
        except TimeoutError:
            seen = [message.first_line for message in self.seen]
            raise TimeoutError(f"no {what} within {seconds:g} s, only {seen}") from None

    async def until_request(self, method: str, seconds: float = WAIT_SECONDS) -> Message:
        return await self.until(method, lambda message: message.method == method, seconds)

    # --- what it says by itself -----------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, _: Any) -> None:
        if not data.strip():
            return
        message = Message.parse(data)
        self.seen.append(message)
        if message.status:
            if message.status >= 200:
                self.received.put_nowait(message)
            return
        self._answer_by_itself(message)
        self.received.put_nowait(message)

    def _answer_by_itself(self, request: Message) -> None:
        if request.method == "INVITE":
            tagged = f"{request.header('To')};tag={secrets.token_hex(4)}"
            ours = request.header("To") if "tag=" in request.header("To") else tagged
            self._dialog = Dialog(
                request.header("Call-ID"), ours, request.header("From"), _uri(request.header("Contact"))
            )  # fmt: skip
            self._answer(request, 200, SDP.format(direction="sendrecv"), to=ours)
        elif request.method == "REFER":
            status, *notified = self.refer_answers
            self._answer(request, status)
            for status in notified:
                self.notify(status)
        elif request.method != "ACK":
            self._answer(request, 200)

    # --- the wire -------------------------------------------------------------------------------------------

    def _in_dialog(self) -> Dialog:
        assert self._dialog, "no call"
        return self._dialog

    def _request(
        self, method: str, body: str = "", extra: Mapping[str, str] | None = None, *, sequence: int | None = None
    ) -> None:
        dialog = self._in_dialog()
        if sequence is None:
            dialog.sequence += 1
        headers = {
            "Via": f"SIP/2.0/UDP 127.0.0.1:{self.port};rport;branch=z9hG4bK{secrets.token_hex(6)}",
            "From": dialog.ours, "To": dialog.theirs, "Call-ID": dialog.call_id,
            "CSeq": f"{sequence or dialog.sequence} {method}", "Contact": f"<sip:party@127.0.0.1:{self.port}>",
            "Max-Forwards": "70", **(extra or {}),
        }  # fmt: skip
        self._send(f"{method} {dialog.target} SIP/2.0", headers.items(), body)

    def _answer(self, request: Message, status: int, body: str = "", *, to: str = "") -> None:
        copied = [pair for pair in request.headers if pair[0].lower() in ("via", "from", "call-id", "cseq")]
        own = [("To", to or request.header("To")), ("Contact", f"<sip:party@127.0.0.1:{self.port}>")]
        if body:
            own.append(("Content-Type", "application/sdp"))
        self._send(f"SIP/2.0 {status} {REASONS[status]}", [*copied, *own], body)

    def _send(self, first_line: str, headers: Any, body: str) -> None:
        assert self._transport
        lines = [first_line, *(f"{name}: {value}" for name, value in headers), f"Content-Length: {len(body)}"]
        self._transport.sendto(("\r\n".join(lines) + "\r\n\r\n" + body).encode(), self.asterisk)


def _uri(address: str) -> str:
    match = re.search(r"<([^>]*)>", address)
    return match[1] if match else address


@asynccontextmanager
async def party(asterisk_sip_port: int, refer_answers: Sequence[int] = (202, 200)) -> AsyncIterator[SipParty]:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(
        lambda: SipParty(("127.0.0.1", asterisk_sip_port), refer_answers), local_addr=("127.0.0.1", 0)
    )
    try:
        yield protocol
    finally:
        transport.close()
