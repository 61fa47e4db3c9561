"""The echo bot of a measurement as others' bots are: what it has to say before it may speak, and its audio in JSON."""

import json
from abc import abstractmethod
from binascii import a2b_base64, b2a_base64
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from picows import WSFrame, WSListener, WSMsgType, WSTransport

from tests.bench.stamp import stamp


class Echo(WSListener):
    """The native one: audio as binary frames."""

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is WSMsgType.BINARY:
            audio = bytearray(frame.get_payload_as_memoryview())
            stamp(audio)
            transport.send(WSMsgType.BINARY, audio)
        elif frame.msg_type is WSMsgType.TEXT:
            self.on_text(transport, frame.get_payload_as_bytes())
        elif frame.msg_type is WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code())
            transport.disconnect()

    def on_text(self, transport: WSTransport, text: bytes) -> None:
        if b'"start"' in text:
            transport.send(WSMsgType.TEXT, b'{"type":"accept"}')


class EchoJson(Echo):
    """A protocol of JSON frames."""

    KIND: ClassVar[str] = "type"
    """The field that tells messages apart."""

    def on_text(self, transport: WSTransport, text: bytes) -> None:
        told = json.loads(text)
        for answer in self.answers(told[self.KIND], told):
            transport.send(WSMsgType.TEXT, json.dumps(answer).encode())

    @abstractmethod
    def answers(self, kind: str, told: Mapping[str, Any]) -> list[dict[str, Any]]: ...


class EchoTwilio(EchoJson):
    KIND: ClassVar = "event"

    def answers(self, kind: str, told: Mapping[str, Any]) -> list[dict[str, Any]]:
        if kind != "media":
            return []
        payload = echoed(told["media"]["payload"])
        return [{"event": "media", "streamSid": told["streamSid"], "media": {"payload": payload}}]


class EchoAudioCodes(EchoJson):
    def answers(self, kind: str, told: Mapping[str, Any]) -> list[dict[str, Any]]:
        match kind:
            case "session.initiate":
                return [{"type": "session.accepted", "mediaFormat": "raw/mulaw"}]
            case "userStream.start":
                started = {"type": "playStream.start", "streamId": "1", "mediaFormat": "raw/mulaw"}
                return [{"type": "userStream.started"}, started]
            case "userStream.chunk":
                return [{"type": "playStream.chunk", "streamId": "1", "audioChunk": echoed(told["audioChunk"])}]
        return []


class EchoGenesys(EchoJson):
    """Its audio is in binary frames."""

    def __init__(self) -> None:
        self.seq = 0

    def answers(self, kind: str, told: Mapping[str, Any]) -> list[dict[str, Any]]:
        match kind:
            case "open":
                media = told["parameters"]["media"][:1]
                return [self.message(told, "opened", {"media": media, "startPaused": False})]
            case "ping":
                return [self.message(told, "pong", {})]
            case "close":
                return [self.message(told, "closed", {})]
        return []

    def message(self, told: Mapping[str, Any], kind: str, parameters: dict[str, Any]) -> dict[str, Any]:
        self.seq += 1
        numbers = {"seq": self.seq, "clientseq": told["seq"]}
        return {"version": "2", "id": told["id"], "type": kind, **numbers, "parameters": parameters}


class EchoOpenAI(EchoJson):
    def answers(self, kind: str, told: Mapping[str, Any]) -> list[dict[str, Any]]:
        match kind:
            case "session.update":
                return [{"type": "session.updated", "session": {}}]
            case "input_audio_buffer.append":
                part = {"response_id": "r", "item_id": "i", "output_index": 0, "content_index": 0}
                return [{"type": "response.output_audio.delta", **part, "delta": echoed(told["audio"])}]
        return []


ECHOES: Final[Mapping[str, type[Echo]]] = {
    "twilio": EchoTwilio,
    "audiocodes": EchoAudioCodes,
    "genesys": EchoGenesys,
    "openai": EchoOpenAI,
}
"""By the path of the URL; any other one is native."""


def echoed(payload: str) -> str:
    audio = bytearray(a2b_base64(payload))
    stamp(audio)
    return b2a_base64(audio, newline=False).decode()
