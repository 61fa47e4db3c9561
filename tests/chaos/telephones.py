"""The callers' signalling: plain SIP over UDP (RFC 3261), many calls from one socket.

SIPp would do but for one thing: it says at the end that calls failed, and not which one was taken from its caller.
"""

import asyncio
import re
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, cast

from tests.integration.stack.asterisks import PHONE_NUMBER
from tests.integration.stack.sip_party import Message

RESEND_SECONDS: Final = 0.5
"""T1 of RFC 3261, section 17.1.1.1, without its doubling: the loopback loses only what the dead are sent."""
ANSWER_SECONDS: Final = 40.0
"""From INVITE to an answer: a machine that others share takes its time, and bot after bot may be asked."""
BYE_SECONDS: Final = 5.0

_SDP: Final = (
    "v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
    "m=audio {port} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=ptime:20\r\n"
)


class Refused(Exception):
    """The call was not answered with 200."""

    def __init__(self, status: int) -> None:
        super().__init__(f"refused with {status}" if status else f"not answered within {ANSWER_SECONDS:g} s")
        self.status = status
        """0: nothing came."""


class Dialog:
    """One call's signalling."""

    def __init__(self, number: int, sdp: str) -> None:
        self.number, self.sdp = number, sdp
        self.id, self.tag = secrets.token_hex(8), secrets.token_hex(4)
        self.to = ""
        self.target = ""
        self.final: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self.ended = asyncio.Event()
        """Somebody hung up, on either side."""
        self.taken_away = False
        """It was not the caller who hung up."""


class Telephones(asyncio.DatagramProtocol):
    """Where the bundled Asterisk's SIP is in `asterisk`; it takes what comes from 127.0.0.1 for the trunk."""

    def __init__(self, asterisk_port: int) -> None:
        self._asterisk = ("127.0.0.1", asterisk_port)
        self._dialogs: dict[str, Dialog] = {}
        self._transport: asyncio.DatagramTransport | None = None
        self._port = 0

    # --- what callers do ------------------------------------------------------------------------------------

    async def dial(self, number: int, host: str, port: int) -> tuple[Dialog, tuple[str, int]]:
        """Call from `number`, with audio at this address; where Asterisk's audio is. Raises Refused."""
        dialog = Dialog(number, _SDP.format(host=host, port=port))
        dialog.to = f"<sip:{PHONE_NUMBER}@127.0.0.1:{self._asterisk[1]}>"
        dialog.target = f"sip:{PHONE_NUMBER}@127.0.0.1:{self._asterisk[1]}"
        self._dialogs[dialog.id] = dialog
        branch = secrets.token_hex(6)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                while not dialog.final.done():
                    self._request(dialog, "INVITE", 1, branch, dialog.sdp)
                    await asyncio.wait([dialog.final], timeout=RESEND_SECONDS)
        except TimeoutError:
            raise Refused(0) from None
        finally:
            if not dialog.final.done():
                self._request(dialog, "CANCEL", 1, branch)
                dialog.final.cancel()
        answer = dialog.final.result()
        if answer.status != 200:
            raise Refused(answer.status)
        return dialog, _audio_of(answer.body)

    async def hang_up(self, dialog: Dialog) -> None:
        """What is gone already is left alone."""
        branch = secrets.token_hex(6)
        for _ in range(round(BYE_SECONDS / RESEND_SECONDS)):
            if dialog.ended.is_set():
                return
            self._request(dialog, "BYE", 2, branch)
            with suppress(TimeoutError):
                await asyncio.wait_for(dialog.ended.wait(), RESEND_SECONDS)

    # --- what Asterisk says ---------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)
        self._port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, _: Any) -> None:
        message = Message.parse(data)
        dialog = self._dialogs.get(message.header("Call-ID"))
        if message.status:
            if dialog is not None and message.status >= 200:
                self._answered(dialog, message)
        elif message.method != "ACK":
            self._asked(dialog, message)

    def _answered(self, dialog: Dialog, answer: Message) -> None:
        method = answer.header("CSeq").split()[1]
        if method == "INVITE":
            # What is sent again is acknowledged again.
            dialog.to = answer.header("To")
            if found := re.search(r"<([^>]*)>", answer.header("Contact")):
                dialog.target = found[1]
            self._request(dialog, "ACK", 1, secrets.token_hex(6))
            if not dialog.final.done():
                dialog.final.set_result(answer)
        elif method == "BYE":
            self._forget(dialog)

    def _asked(self, dialog: Dialog | None, request: Message) -> None:
        body = dialog.sdp if dialog is not None and request.method == "INVITE" else ""
        copied = [pair for pair in request.headers if pair[0].lower() in ("via", "from", "to", "call-id", "cseq")]
        self._send("SIP/2.0 200 OK", [*copied, ("Contact", f"<sip:caller@127.0.0.1:{self._port}>")], body)
        if dialog is not None and request.method == "BYE":
            dialog.taken_away = True
            self._forget(dialog)

    def _forget(self, dialog: Dialog) -> None:
        self._dialogs.pop(dialog.id, None)
        dialog.ended.set()

    # --- the wire -------------------------------------------------------------------------------------------

    def _request(self, dialog: Dialog, method: str, sequence: int, branch: str, body: str = "") -> None:
        headers = {
            "Via": f"SIP/2.0/UDP 127.0.0.1:{self._port};rport;branch=z9hG4bK{branch}",
            "From": f"<sip:{dialog.number}@127.0.0.1:{self._port}>;tag={dialog.tag}",
            "To": dialog.to,
            "Call-ID": dialog.id,
            "CSeq": f"{sequence} {method}",
            "Contact": f"<sip:{dialog.number}@127.0.0.1:{self._port}>",
            "Max-Forwards": "70",
        }
        self._send(f"{method} {dialog.target} SIP/2.0", list(headers.items()), body)

    def _send(self, first_line: str, headers: list[tuple[str, str]], body: str) -> None:
        if self._transport is None:
            raise RuntimeError("not open")
        typed: Mapping[str, str] = {"Content-Type": "application/sdp"} if body else {}
        lines = [f"{name}: {value}" for name, value in (*headers, *typed.items(), ("Content-Length", str(len(body))))]
        self._transport.sendto(("\r\n".join([first_line, *lines]) + "\r\n\r\n" + body).encode(), self._asterisk)


def _audio_of(sdp: str) -> tuple[str, int]:
    host, port = re.search(r"c=IN IP4 (\S+)", sdp), re.search(r"m=audio (\d+)", sdp)
    if host is None or port is None:
        raise ValueError(f"no audio in {sdp!r}")
    return host[1], int(port[1])


@asynccontextmanager
async def telephones(asterisk_port: int) -> AsyncIterator[Telephones]:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(
        lambda: Telephones(asterisk_port), local_addr=("127.0.0.1", 0)
    )
    try:
        yield protocol
    finally:
        transport.close()
