"""An AudioCodes bot beside the adapter: what VoiceAI Connect says, and a short way to say something to ours."""

import base64
import json
from typing import Any

from controller.bot.adapters.adapter import Opening
from controller.bot.adapters.audiocodes import AudioCodes
from controller.bot.protocol import (
    AudioFormat,
    Party,
    Start,
)

CONVERSATION = "f010e998-4499-4ddb-80d4-fea137fd7b4d"
START = Start(
    call_id=CONVERSATION,
    caller=Party(number="+491604697810", name="Jane"),
    callee=Party(number="+493040739365"),
    route="reception",
    audio=AudioFormat(encoding="pcm16", sample_rate=16000),
)

FROM_AUDIOCODES: dict[str, Any] = {
    "session.initiate": {
        "type": "session.initiate",
        "conversationId": CONVERSATION,
        "expectAudioMessages": True,
        "botName": "reception",
        "caller": "+491604697810",
        "supportedMediaFormats": ["raw/lpcm16"],
    },
    "start": {
        "type": "activities",
        "conversationId": CONVERSATION,
        "activities": [
            {
                "id": "e54d4dfe-e1ff-4272-8c3d-4ec4f4294681",
                "timestamp": "2024-12-04T15:07:55.145Z",
                "type": "event",
                "name": "start",
                "language": "en-US",
                "parameters": {
                    "locale": "en-US",
                    "callee": "+493040739365",
                    "caller": "+491604697810",
                    "callerDisplayName": "Jane",
                    "vaigConversationId": CONVERSATION,
                },
            }
        ],
    },
    "dtmf": {
        "type": "activities",
        "conversationId": CONVERSATION,
        "activities": [
            {
                "id": "582bbc43-0ef7-47e9-97b4-1e6141625b01",
                "timestamp": "2022-07-20T07:15:48.239Z",
                "type": "event",
                "name": "dtmf",
                "language": "en-US",
                "value": "5",
            }
        ],
    },
}


def session(start: Start = START, /, **parameters: str) -> AudioCodes:
    opening = Opening(
        "wss://bot.example/ws", start, "s3cret", parameters=parameters, nonce="0f" * 16, unix_seconds=1_733_324_875.145
    )
    return AudioCodes(opening)


class Bot:
    """The other side: names its messages as AudioCodes' library does, without a conversation."""

    def __init__(self, adapter: AudioCodes) -> None:
        self.adapter = adapter

    def says(self, kind: str, **fields: Any) -> list[Any]:
        """Our answer; frames are read as JSON."""
        return read_steps(self.adapter.text_from_bot(json.dumps({"type": kind, **fields}).encode()))

    def does(self, name: str, **fields: Any) -> list[Any]:
        return self.says("activities", activities=[{"type": "event", "name": name, **fields}])

    def speaks(self, stream: str, audio: bytes = b"good morning") -> list[Any]:
        self.says("playStream.start", streamId=stream, mediaFormat="raw/lpcm16")
        return self.says("playStream.chunk", streamId=stream, audioChunk=base64.b64encode(audio).decode())


def read_steps(steps: Any) -> list[Any]:
    return [json.loads(step) if isinstance(step, str) else step for step in steps]


def accepted(start: Start = START, /, **parameters: str) -> Bot:
    adapter = session(start, **parameters)
    adapter.to_bot(start)
    bot = Bot(adapter)
    bot.says("session.accepted", mediaFormat="raw/lpcm16")
    bot.says("userStream.started")
    return bot


def without_drawn(frame: dict[str, Any]) -> dict[str, Any]:
    """The ids and times of activities are nobody's business but their form."""
    for activity in frame.get("activities", []):
        assert len(activity.pop("id")) == 36
        assert activity.pop("timestamp").endswith("Z")
    return frame
