"""A bot of the native protocol, written by hand from its page: no library of ours in between."""

import json
from typing import Any, ClassVar

from aiohttp import web

from tests.bots.bot import Bot, BotCall


class NativeCall(BotCall):
    def __init__(self, socket: web.WebSocketResponse, request: web.Request, refuses: bool) -> None:
        super().__init__(socket, request)
        self.refuses = refuses

    async def on_binary(self, audio: bytes) -> None:
        self.heard += audio

    async def on_text(self, text: str) -> None:
        message = json.loads(text)
        self.messages.append(message)
        match message["type"]:
            case "start" if self.refuses:
                await self.say("reject", reason="busy", message="too many conversations")
            case "start":
                await self.say("accept")
            case "dtmf":
                self.digits.append(message["digit"])
            case "mark_reached":
                self.played.append(message["name"])
            case "end":
                self.over.set()

    async def say(self, kind: str, **fields: Any) -> None:
        await self.socket.send_str(json.dumps({"type": kind, **fields}))

    async def speak(self, audio: bytes) -> None:
        await self.socket.send_bytes(audio)

    async def mark(self, name: str) -> None:
        await self.say("mark", name=name)

    async def clear(self) -> None:
        await self.say("clear")

    async def transfer(self) -> None:
        await self.say("transfer", summary="wants a human")

    async def hangup(self) -> None:
        await self.say("hangup")


class NativeBot(Bot):
    PROTOCOL: ClassVar = "native"
    SUBPROTOCOLS: ClassVar = ("ari-controller.v1",)

    def answer(self, socket: web.WebSocketResponse, request: web.Request) -> NativeCall:
        return NativeCall(socket, request, self.refuses)
