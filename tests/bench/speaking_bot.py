"""The bot of a measurement with real telephones, a process of its own: says its signal and listens to the caller's.

    python -m tests.bench.speaking_bot PORT

Prints `{"port": PORT}`. A line on its input is how many frames both ends will say in the calls to come; the answer is
what was wrong in the calls before, by the caller's number: `{"3000001": {}, "3000002": {"lost": 1}}`. Ends with its
input.
"""

import asyncio
import json
import sys
from typing import Final

import uvloop
from picows import (
    WSFrame,
    WSListener,
    WSMsgType,
    WSTransport,
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
    ws_create_server,
)

from controller.bot.protocol import SUBPROTOCOL
from tests.bench.speech import as_frames, faults, speech

CHUNK_BYTES: Final = 1_000
"""As speech synthesis sends: faster than it is spoken, in pieces that are no whole frames."""


class Calls:
    """Since the last line on our input."""

    frames = 0
    heard: Final[dict[int, bytearray]] = {}


class Speaker(WSListener):
    """One call."""

    def __init__(self) -> None:
        self._number = 0
        self._heard = bytearray()

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is WSMsgType.BINARY:
            self._heard += frame.get_payload_as_memoryview()
        elif frame.msg_type is WSMsgType.TEXT:
            self._message(transport, json.loads(frame.get_payload_as_bytes()))
        elif frame.msg_type is WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code())
            transport.disconnect()

    def _message(self, transport: WSTransport, message: dict[str, dict[str, str]]) -> None:
        kind: object = message["type"]
        if kind == "start":
            self._number = int(message["from"]["number"])
            Calls.heard[self._number] = self._heard
            transport.send(WSMsgType.TEXT, b'{"type":"accept"}')
        elif kind == "answered":
            audio = speech("bot", self._number, Calls.frames).tobytes()
            for start in range(0, len(audio), CHUNK_BYTES):
                transport.send(WSMsgType.BINARY, audio[start : start + CHUNK_BYTES])


def verdicts() -> dict[int, dict[str, int]]:
    """What was wrong in what each caller was heard to say."""
    return {
        number: dict(faults(as_frames(bytes(heard)), speech("caller", number, Calls.frames)))
        for number, heard in Calls.heard.items()
    }


def listen(_request: WSUpgradeRequest) -> WSUpgradeResponseWithListener:
    response = WSUpgradeResponse.create_101_response({"Sec-WebSocket-Protocol": SUBPROTOCOL})
    return WSUpgradeResponseWithListener(response, Speaker())


async def main(port: int) -> None:
    await ws_create_server(listen, "127.0.0.1", port, backlog=1024)
    answer: object = {"port": port}
    while True:
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
        line = await asyncio.to_thread(sys.stdin.readline)
        if not line:
            return
        answer = verdicts()
        Calls.heard.clear()
        Calls.frames = int(line)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(int(sys.argv[1])))
