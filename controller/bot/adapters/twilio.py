"""Twilio Media Streams: JSON text frames, 8 kHz µ-law in Base64. The bot is what `<Connect><Stream>` would connect to.

The call itself (transfer, hangup) is steered over REST in Twilio's world, by the `callSid` of the start message:
`api/twilio.py`. Sids are Twilio's: two letters and 32 hexadecimal digits.
"""

import base64
import hashlib
import hmac
import json
from binascii import b2a_base64
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from controller.bot.adapters.adapter import Adapter, Behaviour, Handshake, Opening, Speech, Step, Steps, authorized
from controller.bot.adapters.reading import read, read_base64, read_object
from controller.bot.protocol import (
    Accept,
    AudioFormat,
    Clear,
    Cleared,
    Dtmf,
    End,
    Hangup,
    Mark,
    MarkReached,
    Start,
    ToBot,
    UnknownType,
)
from controller.errors import ProtocolError

PROTOCOL: Final = "twilio"
"""Its name in `PROTOCOLS`."""

ACCOUNT: Final = "accountSid"
"""The parameter that names the account. Without it the account is `AC000…`."""

CALLBACK: Final = "statusCallback"
CALLBACK_METHOD: Final = "statusCallbackMethod"
STREAM_NAME: Final = "streamName"
"""Parameters that say who is told how the stream goes, and under which name (`session/status_callbacks.py`)."""

OURS: Final = frozenset({ACCOUNT, CALLBACK, CALLBACK_METHOD, STREAM_NAME})
"""Parameters that are not passed on as custom ones."""

NO_ACCOUNT_SID: Final = "AC" + "0" * 32

BYTES_PER_MS: Final = 8

CLOSED_NORMALLY: Final = (1000, 1001, 1005)
"""Close codes of a bot that is done (RFC 6455, section 7.4.1); the last stands for none at all."""

MARK_NAME_CHARACTERS_MAX: Final = 128


def call_sid(call_id: str) -> str:
    """Twilio's name of one of our calls: the same for all of its connections, so that REST finds the call."""
    return "CA" + hashlib.sha256(call_id.encode()).hexdigest()[:32]


def stream_sid(session: str) -> str:
    """Twilio's name of one stream of a call; `session` is the media worker's own."""
    return "MZ" + hashlib.sha256(session.encode()).hexdigest()[:32]


def signature(token: str, url: str, fields: dict[str, str] | None = None) -> str:
    """`X-Twilio-Signature`: HMAC-SHA1 of the URL and, of a form, its fields in order, with the account's token."""
    signed = url + "".join(name + value for name, value in sorted((fields or {}).items()))
    # SHA-1 is Twilio's choice, and as a MAC it holds.
    return base64.b64encode(hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()).decode()


class Twilio(Adapter):
    """`opening.parameters` are the stream's custom parameters; `from` and `to` are added where the caller is known."""

    FORMATS: ClassVar = (AudioFormat(),)
    CANNOT: ClassVar = {
        Behaviour.HEARD_MS: "a clear is answered by the marks that it dropped, without milliseconds",
        Behaviour.PAUSE: "audio can be cleared and not paused",
        Behaviour.SPEECH_EVENTS: "the stream has no word for speech: the bot listens for itself",
        Behaviour.REJECT: "a stream is connected when the call is taken: a bot that is busy refuses the handshake",
        Behaviour.RESUME_SESSION: "every stream begins anew",
        Behaviour.TRANSFER: "not on the stream: update the call over REST, with Twiml=<Dial>",
        Behaviour.TRANSFER_PROGRESS: "not on the stream: the action of <Dial> tells",
        Behaviour.TRANSCRIPT: "the stream carries audio and marks only",
        Behaviour.RESULT: "the stream carries audio and marks only",
        Behaviour.LOG: "the stream carries audio and marks only",
        Behaviour.ACK: "nothing is reported that could be acknowledged",
        Behaviour.METADATA: "customParameters of the start message, and nothing later",
        Behaviour.SEND_DTMF: "not on the stream: update the call over REST, with Twiml=<Play digits>",
        Behaviour.PLAY: "not on the stream: update the call over REST, with Twiml=<Play>",
        Behaviour.HOLD: "not on the stream",
        Behaviour.RECORDING: "not on the stream",
        Behaviour.ERROR: "what is wrong is counted and not answered",
    }

    def __init__(self, opening: Opening) -> None:
        super().__init__(opening)
        given = opening.parameters or {}
        self._parameters = {name: value for name, value in given.items() if name not in OURS}
        self._account_sid = given.get(ACCOUNT, NO_ACCOUNT_SID)
        self._call_sid = call_sid(opening.start.call_id)
        self._stream_sid = stream_sid(opening.session or opening.nonce)
        self._sequence = 0
        """Of all messages but `connected`, from 1."""
        self._chunk = 0
        self._sent_bytes = 0
        self._media_tail = f'"}},"streamSid":{json.dumps(self._stream_sid)}}}'

    def handshake(self) -> Handshake:
        opening = self.opening
        if not opening.token:
            return Handshake(opening.url, None, authorized(opening))
        # Twilio signs the URL without user and password.
        parts = urlsplit(opening.url)
        signed = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
        headers = {"X-Twilio-Signature": signature(opening.token, signed)} | dict(opening.headers or {})
        return Handshake(opening.url, None, tuple(headers.items()))

    # --- to the bot -----------------------------------------------------------------------------------------

    def to_bot(self, message: ToBot) -> Steps:
        match message:
            case Start():
                return self._begin(message)
            case Dtmf(digit=digit):
                return (self._event("dtmf", {"track": "inbound_track", "digit": digit}),)
            case MarkReached(name=name):
                return (self._event("mark", {"name": name}),)
            case Cleared(marks=names):
                return tuple(self._event("mark", {"name": name}) for name in names)
            case End():
                return (self._event("stop", {"accountSid": self._account_sid, "callSid": self._call_sid}),)
            case _:
                return ()

    def audio_to_bot(self, audio: bytes | bytearray | memoryview) -> str:
        self._sequence += 1
        self._chunk += 1
        timestamp = self._sent_bytes // BYTES_PER_MS
        self._sent_bytes += len(audio)
        # Written by hand: json.dumps would look through the payload for what must be escaped, and find nothing.
        return (
            f'{{"event":"media","sequenceNumber":"{self._sequence}","media":{{"track":"inbound",'
            f'"chunk":"{self._chunk}","timestamp":"{timestamp}","payload":"'
            + b2a_base64(audio, newline=False).decode("ascii")
            + self._media_tail
        )

    def _begin(self, start: Start) -> Steps:
        known = {"from": start.caller.number, "to": start.callee.number}
        body = {
            "streamSid": self._stream_sid,
            "accountSid": self._account_sid,
            "callSid": self._call_sid,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": start.audio.sample_rate, "channels": 1},
            "customParameters": {name: value for name, value in known.items() if value} | self._parameters,
        }
        connected = json.dumps({"event": "connected", "protocol": "Call", "version": "1.0.0"})
        return (connected, self._event("start", body), Accept(type="accept"))

    def _event(self, name: str, body: dict[str, Any]) -> str:
        self._sequence += 1
        numbered = {"event": name, "sequenceNumber": str(self._sequence), name: body, "streamSid": self._stream_sid}
        return json.dumps(numbered)

    # --- from the bot ---------------------------------------------------------------------------------------

    def text_from_bot(self, text: bytes) -> Steps:
        message = read_object(text)
        step: Step
        match read(message, "event", str):
            case "media":
                media = message.get("media")
                payload = media.get("payload") if isinstance(media, dict) else None
                step = Speech(read_base64(payload, "media.payload"))
            case "mark":
                step = Mark(type="mark", name=_mark_name(message))
            case "clear":
                step = Clear(type="clear")
            case other:
                raise UnknownType(f"unknown event {other[:50]!r}", "event")
        if read(message, "streamSid", str) != self._stream_sid:
            raise ProtocolError("streamSid is not the one of this stream", "streamSid")
        return (step,)

    def closed_by_bot(self, code: int) -> Steps:
        """The end of the stream is the end of `<Connect>`, and behind it our document has nothing more."""
        return (Hangup(type="hangup", reason="the bot closed its stream"),) if code in CLOSED_NORMALLY else ()


def _mark_name(message: dict[str, Any]) -> str:
    name = read(message, "mark.name", str)
    if not 1 <= len(name) <= MARK_NAME_CHARACTERS_MAX:
        raise ProtocolError(f"mark.name may have 1 to {MARK_NAME_CHARACTERS_MAX} characters", "mark.name")
    return name
