"""The callers' bot, a process of its own, so that it can be killed and frozen: says every word back, and reports.

    python -m tests.chaos.bot PORT REPORT_SECONDS

Prints `{"port": PORT}`. A line on its input ends the reports; once all are acknowledged, or after ACK_SECONDS, the
answer says which each call has made: `{"reports": {"3000001": ["r0", "r1"]}, "unacknowledged": 0}`; then a next round
begins. Ends with its input.
"""

import asyncio
import json
import logging
import sys
from typing import Any, Final

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

INSIST_SECONDS: Final = 5.0
ACK_SECONDS: Final = 30.0
"""For the database to be back, and what waited for it to be stored."""


class Conversation:
    """With one caller: it outlives its connection, as a bot's does that can resume."""

    def __init__(self, number: str) -> None:
        self.number = number
        self.reports: list[str] = []
        self.waiting: dict[str, str] = {}
        """Reports that have not been acknowledged."""
        self.transport: WSTransport | None = None
        self._doubted: set[str] = set()

    def report(self) -> None:
        if self.transport is None:
            return
        name = f"r{len(self.reports)}"
        self.reports.append(name)
        self.waiting[name] = json.dumps({"type": "result", "id": name, "name": "Still here"})
        self.transport.send(WSMsgType.TEXT, self.waiting[name].encode())

    def made(self) -> list[str]:
        """What was said to somebody: the last words into a line that was dead already are nobody's to keep."""
        return [name for name in self.reports if self.transport is not None or name not in self.waiting]

    def insist(self) -> None:
        """Say again what was not acknowledged in all the time since this was asked last, as the protocol wants it.

        What is said in the milliseconds before a controller is killed has nobody's promise.
        """
        if self.transport is not None:
            for name in self._doubted & self.waiting.keys():
                self.transport.send(WSMsgType.TEXT, self.waiting[name].encode())
        self._doubted = set(self.waiting)

    def go_on(self, transport: WSTransport) -> None:
        self.transport = transport
        for message in self.waiting.values():
            transport.send(WSMsgType.TEXT, message.encode())


class Conversations:
    """By call."""

    all: Final[dict[str, Conversation]] = {}
    reporting = True

    @classmethod
    def unacknowledged(cls) -> int:
        """Of the calls that last: who is gone is told nothing any more."""
        return sum(len(talk.waiting) for talk in cls.all.values() if talk.transport is not None)


class Bot(WSListener):
    """One connection."""

    def __init__(self) -> None:
        self._conversation: Conversation | None = None

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is WSMsgType.BINARY:
            transport.send(WSMsgType.BINARY, frame.get_payload_as_bytes())
        elif frame.msg_type is WSMsgType.TEXT:
            self._told(transport, json.loads(frame.get_payload_as_bytes()))
        elif frame.msg_type is WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code())
            transport.disconnect()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        if self._conversation is not None and self._conversation.transport is transport:
            self._conversation.transport = None

    def _told(self, transport: WSTransport, message: dict[str, Any]) -> None:
        if message["type"] == "start":
            call_id = message["call_id"]
            transport.send(WSMsgType.TEXT, json.dumps({"type": "accept", "resume_token": call_id}).encode())
            self._conversation = Conversations.all.setdefault(call_id, Conversation(message["from"]["number"]))
            self._conversation.go_on(transport)
        elif message["type"] == "ack" and self._conversation is not None:
            self._conversation.waiting.pop(message["id"], None)


async def insist() -> None:
    while True:
        await asyncio.sleep(INSIST_SECONDS)
        for talk in Conversations.all.values():
            talk.insist()


async def report(seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        if Conversations.reporting:
            for talk in Conversations.all.values():
                talk.report()


async def reported() -> dict[str, Any]:
    """What has been said since the last time."""
    Conversations.reporting = False
    async with asyncio.timeout(ACK_SECONDS) as waiting:
        try:
            while Conversations.unacknowledged():  # noqa: ASYNC110 - in a process of its own, and for once
                await asyncio.sleep(0.05)
        except asyncio.CancelledError:
            if not waiting.expired():
                raise
    answer = {
        "reports": {talk.number: talk.made() for talk in Conversations.all.values()},
        "unacknowledged": Conversations.unacknowledged(),
    }
    Conversations.all.clear()
    Conversations.reporting = True
    return answer


def listen(_request: WSUpgradeRequest) -> WSUpgradeResponseWithListener:
    response = WSUpgradeResponse.create_101_response({"Sec-WebSocket-Protocol": SUBPROTOCOL})
    return WSUpgradeResponseWithListener(response, Bot())


async def main(port: int, report_seconds: float) -> None:
    await ws_create_server(listen, "127.0.0.1", port, backlog=1024)
    working = [asyncio.create_task(report(report_seconds)), asyncio.create_task(insist())]
    answer: object = {"port": port}
    while True:
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
        if not await asyncio.to_thread(sys.stdin.readline):
            for task in working:
                task.cancel()
            return
        answer = await reported()


if __name__ == "__main__":
    # A bot that was frozen says much to lines that are dead.
    logging.disable(logging.WARNING)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(int(sys.argv[1]), float(sys.argv[2])))
