"""A Genesys bot beside the adapter: what Audio Connector says, and a short way to say something to ours."""

import json
from typing import Any

from controller.bot.adapters.adapter import Opening
from controller.bot.adapters.genesys import Genesys, conversation_id
from controller.bot.protocol import (
    Accept,
    Party,
    Start,
)

ORGANIZATION = "22352111-6076-492a-8163-514a00723975"
SESSION = "0f0f0f0f-0f0f-4f0f-8f0f-0f0f0f0f0f0f"
START = Start(
    call_id="call-1", caller=Party(number="+491604697810"), callee=Party(number="+493070016507"), route="default"
)
MEDIA = {"type": "audio", "format": "PCMU", "channels": ["external"], "rate": 8000}

FROM_GENESYS: dict[str, Any] = {
    "open": {
        "version": "2",
        "id": SESSION,
        "type": "open",
        "seq": 1,
        "position": "PT0.0S",
        "parameters": {
            "organizationId": ORGANIZATION,
            "conversationId": conversation_id("call-1"),
            "participant": {
                "id": "1e44e9a8-0b2a-5a3c-a8b4-3e5d8b7f0c11",
                "ani": "tel:+491604697810",
                "aniName": "",
                "dnis": "+493070016507",
            },
            "media": [MEDIA],
            "language": "en-us",
            "inputVariables": {"team": "sales"},
        },
        "serverseq": 0,
    },
    "dtmf": {
        "version": "2",
        "id": SESSION,
        "type": "dtmf",
        "seq": 2,
        "position": "PT0.02S",
        "parameters": {"digit": "5"},
        "serverseq": 1,
    },
    "close": {
        "version": "2",
        "id": SESSION,
        "type": "close",
        "seq": 2,
        "position": "PT0.02S",
        "parameters": {"reason": "end"},
        "serverseq": 1,
    },
}


def session(start: Start = START, token: str = "", **parameters: str) -> Genesys:
    return Genesys(Opening("wss://bot.example/ws", start, token, parameters=parameters, nonce="0f" * 16))


class Bot:
    """The other side of one session: numbers its messages as the reference servers do."""

    def __init__(self, adapter: Genesys) -> None:
        self.adapter = adapter
        self.seq = 0

    def says(self, kind: str, parameters: dict[str, Any] | None = None, **other: Any) -> list[Any]:
        """Our answer; frames are read as JSON."""
        self.seq += 1
        message = {"version": "2", "id": SESSION, "type": kind, "seq": self.seq, "clientseq": 1}
        if parameters is not None:
            message["parameters"] = parameters
        return read_steps(self.adapter.text_from_bot(json.dumps(message | other).encode()))


def read_steps(steps: Any) -> list[Any]:
    return [json.loads(step) if isinstance(step, str) else step for step in steps]


def opened(**parameters: str) -> Bot:
    adapter = session(START, "", **parameters)
    adapter.to_bot(START)
    bot = Bot(adapter)
    assert bot.says("opened", {"media": [MEDIA]}) == [Accept(type="accept")]
    return bot


def transcript(text: str, channel: str = "external", **other: Any) -> dict[str, Any]:
    alternatives = [{"confidence": 0.9, "interpretations": [{"type": "display", "transcript": text}]}]
    data = {"id": "t-1", "channel": channel, "isFinal": True, "alternatives": alternatives}
    return {"type": "transcript", "data": data | other}
