"""A bot of Twilio Media Streams, after Twilio's documentation of the bidirectional stream."""

import base64
import json
from typing import Any, ClassVar

from aiohttp import web
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from tests.bots.bot import Bot, BotCall


class TwilioCall(BotCall):
    def __init__(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        super().__init__(socket, request)
        self.stream = ""
        self.numbered = 0

    async def on_text(self, text: str) -> None:
        message = json.loads(text)
        self.messages.append(message)
        if message["event"] == "connected":
            return
        self.numbered += 1
        if message["sequenceNumber"] != str(self.numbered):
            self.faults.append(f"sequenceNumber {message['sequenceNumber']}, and {self.numbered} was expected")
        match message["event"]:
            case "start":
                self.stream = message["streamSid"]
            case "media":
                self.heard += base64.b64decode(message["media"]["payload"], validate=True)
            case "dtmf":
                self.digits.append(message["dtmf"]["digit"])
            case "mark":
                self.played.append(message["mark"]["name"])
            case "stop":
                self.over.set()

    async def say(self, event: str, **fields: Any) -> None:
        await self.until(lambda _: self.stream)
        await self.socket.send_str(json.dumps({"event": event, "streamSid": self.stream, **fields}))

    async def speak(self, audio: bytes) -> None:
        await self.say("media", media={"payload": base64.b64encode(audio).decode()})

    async def mark(self, name: str) -> None:
        await self.say("mark", mark={"name": name})

    async def clear(self) -> None:
        await self.say("clear")

    async def transfer(self) -> None:
        raise NotImplementedError("over REST")

    async def hangup(self) -> None:
        """The end of the stream is the end of the call."""
        await self.socket.close()


class TwilioBot(Bot):
    PROTOCOL: ClassVar = "twilio"

    def answer(self, socket: web.WebSocketResponse, request: web.Request) -> TwilioCall:
        return TwilioCall(socket, request)

    def authorized(self, request: web.Request) -> bool:
        signature = request.headers.get("X-Twilio-Signature", "")
        return not self.token or RequestValidator(self.token).validate(self.url, {}, signature)
