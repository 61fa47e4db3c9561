"""One SIP message, read and written (RFC 3261, section 7), as far as a test call and a ladder need it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from controller.errors import ProtocolError

COMPACT: Final = {
    "v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "l": "content-length", "c": "content-type",
    "s": "subject", "k": "supported", "e": "content-encoding", "r": "refer-to", "b": "referred-by",
}  # fmt: skip
"""Short forms of names (RFC 3261, section 7.3.3)."""


@dataclass(frozen=True, slots=True)
class SipMessage:
    """A request or an answer; names of headers as they came."""

    first_line: str
    headers: Sequence[tuple[str, str]] = ()
    body: str = ""

    @property
    def status(self) -> int:
        """0: a request."""
        if not self.first_line.startswith("SIP/2.0 "):
            return 0
        code = self.first_line[8:11]
        return int(code) if code.isdecimal() else 0

    @property
    def method(self) -> str:
        """Of a request; of an answer, of what it answers."""
        return self.header("CSeq").rpartition(" ")[2] if self.status else self.first_line.partition(" ")[0]

    def header(self, name: str) -> str:
        """The first of this name, in any case and form; empty where there is none."""
        return next(iter(self.all(name)), "")

    def all(self, name: str) -> list[str]:
        wanted = name.lower()
        return [value for key, value in self.headers if COMPACT.get(key.lower(), key.lower()) == wanted]


def parse(data: bytes) -> SipMessage:
    """Raises ProtocolError for what is no SIP."""
    head, _, body = data.decode("utf-8", "replace").partition("\r\n\r\n")
    first, *lines = head.lstrip("\r\n").split("\r\n")
    if not (first.startswith("SIP/2.0 ") or first.endswith(" SIP/2.0")):
        raise ProtocolError(f"{first[:40]!r} begins no SIP message")
    headers: list[tuple[str, str]] = []
    for line in lines:
        if line[:1] in {" ", "\t"} and headers:
            headers[-1] = (headers[-1][0], f"{headers[-1][1]} {line.strip()}")
        elif ":" in line:
            name, _, value = line.partition(":")
            headers.append((name.strip(), value.strip()))
    return SipMessage(first, tuple(headers), body)


def build(message: SipMessage) -> bytes:
    body = message.body.encode()
    lines = [message.first_line, *(f"{name}: {value}" for name, value in message.headers)]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


def answer(request: SipMessage, status: int, reason: str, tag: str, contact: str, sdp: str = "") -> SipMessage:
    """To a request; `tag` makes the dialog ours."""
    copied = [pair for pair in request.headers if COMPACT.get(pair[0].lower(), pair[0].lower()) in
              {"via", "from", "call-id", "cseq"}]  # fmt: skip
    to = request.header("To")
    headers = [*copied, ("To", to if ";tag=" in to else f"{to};tag={tag}"), ("Contact", contact)]
    if sdp:
        headers.append(("Content-Type", "application/sdp"))
    return SipMessage(f"SIP/2.0 {status} {reason}", tuple(headers), sdp)


@dataclass(frozen=True, slots=True)
class Media:
    """What SDP says of the audio (RFC 8866): where it is to be sent, and the codecs, the preferred first."""

    host: str
    port: int
    payload_types: tuple[int, ...]
    names: tuple[str, ...]


STATIC_TYPES: Final = {0: "PCMU", 3: "GSM", 4: "G723", 8: "PCMA", 9: "G722", 10: "L16", 15: "G728", 18: "G729"}
"""RFC 3551, table 4."""


def read_sdp(text: str) -> Media | None:
    """None: no audio in it."""
    host, media, maps = "", "", {}
    for line in text.splitlines():
        kind, _, value = line.partition("=")
        if kind == "c" and (not media or not host):
            host = value.split()[-1]
        elif kind == "m" and value.startswith("audio ") and not media:
            media = value
        elif kind == "a" and value.startswith("rtpmap:"):
            number, _, name = value.removeprefix("rtpmap:").partition(" ")
            maps[number] = name.partition("/")[0]
    parts = media.split()
    if len(parts) < 4 or not parts[1].isdecimal():
        return None
    types = tuple(int(part) for part in parts[3:] if part.isdecimal())
    names = tuple(maps.get(str(number), STATIC_TYPES.get(number, str(number))) for number in types)
    return Media(host, int(parts[1]), types, names)


def write_sdp(host: str, port: int) -> str:
    """G.711 µ-law both ways."""
    lines = ("v=0", f"o=doctor 1 1 IN IP4 {host}", "s=-", f"c=IN IP4 {host}", "t=0 0", f"m=audio {port} RTP/AVP 0",
             "a=rtpmap:0 PCMU/8000", "a=ptime:20", "a=sendrecv", "")  # fmt: skip
    return "\r\n".join(lines)
