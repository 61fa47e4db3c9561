"""Genesys AudioHook, version 2, as Audio Connector speaks it: JSON in text frames, audio in binary frames.

The bot is what Architect's "Call Audio Connector" would connect to. There the flow goes on when the bot has
disconnected, by its output variables; here the parameter `transferIf` says which of them ask for the human.
Instants and lengths of time are counted in the caller's audio, as the protocol wants it.
"""

import base64
import hashlib
import json
from binascii import Error as Base64Error
from collections.abc import Mapping
from enum import Enum
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, UUID, uuid5

from controller.bot.adapters.adapter import Adapter, Behaviour, Handshake, Left, Opening, Speech, Step, Steps
from controller.bot.adapters.genesys_audio import (
    PINGS_UNANSWERED_MAX,
    PLAYBACK_COMPLETED,
    SAMPLES_PER_SECOND,
    CallerAudio,
    Pings,
    Playback,
    duration,
)
from controller.bot.adapters.genesys_events import (
    TEXT_CHARACTERS_MAX,
    closing_step,
    entity_steps,
    output_variables,
    seconds_of,
)
from controller.bot.adapters.http_signature import SigningKey, signature_headers
from controller.bot.adapters.reading import INTEGER_MAX, read, read_object
from controller.bot.protocol import (
    Accept,
    AudioFormat,
    Cleared,
    Dtmf,
    End,
    Error,
    ErrorCode,
    Log,
    Mark,
    MarkReached,
    MetadataUpdated,
    Reject,
    Start,
    ToBot,
    UnknownType,
)
from controller.errors import ProtocolError

VERSION: Final = "2"

NO_ORGANIZATION: Final = "00000000-0000-4000-8000-000000000000"
"""Without the parameter `organizationId`. All zeros would be no organization by AudioHook's own rules."""

SIGNATURE_SECONDS: Final = 10
"""How long a handshake is good for: what Genesys Cloud writes, and what its reference server allows."""

DEFAULT_PORTS: Final = {"ws": ":80", "wss": ":443"}
"""They are no part of the authority that is signed (RFC 9421, section 2.2.3)."""

MEDIA_FORMATS: Final = {"mulaw": "PCMU", "pcm16": "L16"}
"""Linear samples are little-endian on this wire, as Genesys' own client has them."""

ERROR_CODES: Final[dict[ErrorCode, int]] = {
    "malformed": 400,
    "not_possible": 405,
    "not_now": 409,
    "too_large": 413,
    "overrun": 429,
}


def conversation_id(call_id: str) -> str:
    """The conversation is the call: the same for all of its connections."""
    return str(uuid5(NAMESPACE_URL, f"ari-controller:{call_id}"))


class State(Enum):
    OPENING = "opening"
    OPEN = "open"
    CLOSING = "closing"


class Genesys(Adapter):
    """`opening.token` is the API key, or `key:secret`: with the client secret every handshake is signed.

    Parameters that are not our own go to the bot as input variables.
    """

    FORMATS: ClassVar = (AudioFormat(), AudioFormat(encoding="pcm16"))
    CANNOT: ClassVar = {
        Behaviour.HEARD_MS: "a barge-in is answered by playback_completed, without milliseconds",
        Behaviour.PAUSE: "pause and resume are for the caller's audio; the bot's own can only be cut, by barge_in",
        Behaviour.SPEECH_EVENTS: "the protocol has no word for speech: the bot listens for itself",
        Behaviour.RESUME_SESSION: "a new session with the same conversationId, and without continuedSessions",
        Behaviour.TRANSFER_PROGRESS: "the session is over when the flow goes on",
        Behaviour.LOG: "the protocol has no word for it",
        Behaviour.ACK: "output variables come with the end, and nothing follows it",
        Behaviour.METADATA: "inputVariables of the open message, and later the language only (update)",
        Behaviour.SEND_DTMF: "the protocol has no word for it",
        Behaviour.PLAY: "the protocol has no word for it: the bot sends the audio itself",
        Behaviour.HOLD: "the protocol has no word for it",
        Behaviour.RECORDING: "the protocol has no word for it",
    }
    LAST_WORD = True

    def __init__(self, opening: Opening) -> None:
        super().__init__(opening)
        own = dict(opening.parameters or {})
        self._organization = _organization(own)
        self._language = own.pop("language", opening.start.language or "")
        self._custom_config = _custom_config(own)
        self._transfer_if = _condition(own)
        self._input_variables = own
        self._session = str(UUID(hex=opening.nonce, version=4))
        self._conversation = conversation_id(opening.start.call_id)
        self._state = State.OPENING
        self._seq = self._server_seq = 0
        self._audio = CallerAudio(opening.start.audio)
        self._playback = Playback()
        self._pings = Pings()
        self._media = {
            "type": "audio",
            "format": MEDIA_FORMATS[opening.start.audio.encoding],
            "channels": ["external"],
            "rate": SAMPLES_PER_SECOND,
        }

    # --- the handshake --------------------------------------------------------------------------------------

    def handshake(self) -> Handshake:
        headers = {
            "Audiohook-Session-Id": self._session,
            "Audiohook-Organization-Id": self._organization,
            "Audiohook-Correlation-Id": self._conversation,
        }
        api_key, signing, secret = self.opening.token.partition(":")
        if api_key:
            headers["X-API-KEY"] = api_key
        if signing:
            headers |= self._signature(headers, SigningKey(api_key, _secret(secret)))
        return Handshake(self.opening.url, None, tuple((headers | dict(self.opening.headers or {})).items()))

    def _signature(self, headers: Mapping[str, str], key: SigningKey) -> dict[str, str]:
        parts = urlsplit(self.opening.url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        authority = parts.netloc.rpartition("@")[2].lower().removesuffix(DEFAULT_PORTS.get(parts.scheme, ""))
        components = [
            ("@request-target", target),
            *((name.lower(), value) for name, value in headers.items()),
            ("@authority", authority),
        ]
        created = int(self.opening.unix_seconds)
        nonce = base64.b64encode(hashlib.sha256(self.opening.nonce.encode()).digest()[:18]).decode()
        signed = signature_headers(components, key, created, created + SIGNATURE_SECONDS, nonce)
        # Verifiers take the authority from this header as it comes.
        return {"Host": authority} | signed

    # --- to the bot -----------------------------------------------------------------------------------------

    def to_bot(self, message: ToBot) -> Steps:
        if isinstance(message, Start):
            return (self._open(message),)
        if self._state is State.CLOSING:
            return ()
        match message:
            case Dtmf(digit=digit):
                return (self._message("dtmf", {"digit": digit}),)
            case MarkReached(name=name):
                return self._played(self._playback.reached(name))
            case Cleared(marks=names):
                return self._played(self._playback.cleared(names))
            case Error(code=code, message=text):
                return (self._message("error", {"code": ERROR_CODES[code], "message": text}),)
            case MetadataUpdated(data={"language": str(language)}):
                return (self._message("update", {"language": language}),)
            case End():
                return (self._close("end"),)
            case _:
                return ()

    def audio_to_bot(self, audio: bytes | bytearray | memoryview) -> bytes | None:
        return self._audio.next(audio) if self._state is State.OPEN else None

    def watch(self, now: float) -> Steps:
        if self._state is not State.OPEN or not self._pings.due(now):
            return ()
        if self._pings.unanswered >= PINGS_UNANSWERED_MAX:
            told = self._message("error", {"code": 408, "message": "Timeout waiting for pong"})
            return (told, self._close("error"), Left(f"did not answer {self._pings.unanswered} pings of AudioHook"))
        parameters = {"rtt": duration(self._pings.round_trip_seconds)} if self._pings.round_trip_seconds else {}
        self._pings.sent(now, self._audio.seconds)
        return (self._message("ping", parameters),)

    def _open(self, start: Start) -> str:
        caller = start.caller.number or ""
        participant = {
            "id": str(uuid5(NAMESPACE_URL, f"{self._conversation}/participant")),
            "ani": f"tel:{caller}" if caller else "",
            "aniName": start.caller.name or "",
            "dnis": start.callee.number or "",
        }
        parameters: dict[str, Any] = {
            "organizationId": self._organization,
            "conversationId": self._conversation,
            "participant": participant,
            "media": [self._media],
        }
        if self._language:
            parameters["language"] = self._language
        if self._custom_config:
            parameters["customConfig"] = self._custom_config
        return self._message("open", parameters | {"inputVariables": self._input_variables})

    def _played(self, told: str) -> Steps:
        """What became of the bot's audio: a mark to be set, a message to be sent, or nothing."""
        if told == PLAYBACK_COMPLETED:
            return (self._message(told, {}),)
        return (Mark(type="mark", name=told),) if told else ()

    def _close(self, reason: str) -> str:
        self._state = State.CLOSING
        return self._message("close", {"reason": reason})

    def _message(self, kind: str, parameters: dict[str, Any]) -> str:
        self._seq += 1
        return json.dumps(
            {
                "version": VERSION,
                "id": self._session,
                "type": kind,
                "seq": self._seq,
                "serverseq": self._server_seq,
                "position": duration(self._audio.seconds),
                "parameters": parameters,
            }
        )

    # --- from the bot ---------------------------------------------------------------------------------------

    def binary_from_bot(self, part: memoryview) -> Steps:
        speech = Speech(part)
        if self._state is not State.OPEN or not (mark := self._playback.spoken()):
            return (speech,)
        return (self._message("playback_started", {}), speech, Mark(type="mark", name=mark))

    def text_from_bot(self, text: bytes) -> Steps:
        message = read_object(text)
        kind = read(message, "type", str)
        self._check(message)
        match kind:
            case "opened":
                return self._opened(message)
            case "event":
                return entity_steps(message)
            case "disconnect":
                return self._disconnected(message)
            case "closed":
                return (*output_variables(message), Left("closed the session"))
            case "reconnect":
                return (self._close("reconnect"), Left("asked for a new connection"))
            case "error":
                return (_report(read(message, "parameters.message", str, "without a message")),)
            case _:
                return self._audio_control(kind)

    def _audio_control(self, kind: str) -> Steps:
        match kind:
            case "pong":
                self._pings.answered(self._audio.seconds)
            case "pause" if self._state is State.OPEN:
                self._audio.pause()
                return (self._message("paused", {}),)
            case "resume" if self._state is State.OPEN:
                start, discarded = self._audio.resume()
                return (self._message("resumed", {"start": duration(start), "discarded": duration(discarded)}),)
            case "pause" | "resume" | "updated":
                pass
            case _:
                raise UnknownType(f"unknown type {kind[:50]!r}", "type")
        return ()

    def _check(self, message: dict[str, Any]) -> None:
        """What every message has. A number that is wrong is told, and counted from."""
        if read(message, "version", str) != VERSION:
            raise ProtocolError(f"version must be {VERSION!r}", "version")
        if read(message, "id", str) != self._session:
            raise ProtocolError("id is not the one of this session", "id")
        seq, awaited = read(message, "seq", int), self._server_seq + 1
        self._server_seq = max(self._server_seq, min(seq, INTEGER_MAX))
        if seq != awaited:
            raise ProtocolError(f"seq must be {awaited}, one more than before", "seq")
        if not 0 <= read(message, "clientseq", int) <= self._seq:
            raise ProtocolError(f"clientseq may be {self._seq} at most: no more messages were sent", "clientseq")

    def _opened(self, message: dict[str, Any]) -> Steps:
        if self._state is not State.OPENING:
            raise ProtocolError("opened comes once", "type")
        match read(message, "parameters.media", list):
            case [dict() as media] if all(media.get(name) == value for name, value in self._media.items()):
                pass
            case _:
                offered = f"{self._media['format']} of the external channel"
                return (self._close("error"), Left(f"chose other media than the one that was offered ({offered})"))
        start_paused = read(message, "parameters.startPaused", bool, default=False)
        skipped = seconds_of(message, "parameters.discardTo")
        self._state = State.OPEN
        steps: list[Step] = [Accept(type="accept")]
        if skipped:
            self._audio.skip(skipped)
            steps.append(self._message("discarded", {"start": duration(0.0), "discarded": duration(skipped)}))
        if start_paused:
            self._audio.pause()
            steps.append(self._message("paused", {}))
        return steps

    def _disconnected(self, message: dict[str, Any]) -> Steps:
        reason = read(message, "parameters.reason", str)
        info = read(message, "parameters.info", str, "")
        results = output_variables(message)
        opening, closing = self._state is State.OPENING, self._state is State.CLOSING
        steps: list[Step] = [] if closing else [self._close("disconnect")]
        if opening:
            return (*steps, Reject(type="reject", message=f"{reason}: {info}"[:500]))
        if reason == "completed":
            return (*steps, *results, closing_step(message, self._transfer_if))
        return (*steps, *results, _report(f"{reason}: {info}"), Left(f"disconnected ({reason}: {info[:200]})"))


def _report(text: str) -> Log:
    return Log(type="log", level="error", message=f"the bot reports: {text}"[:TEXT_CHARACTERS_MAX])


# --- the operator's parameters ------------------------------------------------------------------------------


def _organization(parameters: dict[str, str]) -> str:
    try:
        return str(UUID(parameters.pop("organizationId", NO_ORGANIZATION)))
    except ValueError:
        raise ProtocolError("the parameter organizationId must be a UUID", "organizationId") from None


def _custom_config(parameters: dict[str, str]) -> dict[str, Any]:
    try:
        return read_object(parameters.pop("customConfig", "{}").encode())
    except ProtocolError as error:
        raise ProtocolError(f"the parameter customConfig must be a JSON object: {error}", "customConfig") from error


def _condition(parameters: dict[str, str]) -> tuple[str, str]:
    """`transferIf`, such as `action=transfer`: a name and the value that it must have."""
    text = parameters.pop("transferIf", "")
    name, sign, value = text.partition("=")
    if text and not (name and sign):
        raise ProtocolError("the parameter transferIf must be name=value, such as action=transfer", "transferIf")
    return name, value


def _secret(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (Base64Error, ValueError):
        raise ProtocolError("the token must be the API key, a colon and the client secret in Base64", "token") from None
