"""A voice bot of AudioCodes' Bot API, streaming mode, after AudioCodes' own library and samples for it."""

import base64
import json
from typing import Any, ClassVar

from aiohttp import web

from controller.config import BotAudio
from tests.bots.bot import Bot, BotCall

MEDIA_FORMAT = "raw/lpcm16"
"""Their library says so to everybody, whatever is offered."""


class AudioCodesCall(BotCall):
    def __init__(self, socket: web.WebSocketResponse, request: web.Request, bot: "AudioCodesBot") -> None:
        super().__init__(socket, request)
        self.bot = bot
        self.conversation = ""
        self.parameters: dict[str, Any] = {}
        """Of the `start` event."""
        self.listens = False
        self.streams = 0
        self.stream = ""

    async def on_text(self, text: str) -> None:
        message = json.loads(text)
        self.messages.append(message)
        if message["conversationId"] != (self.conversation or message["conversationId"]):
            self.faults.append(f"conversation {message['conversationId']}")
        match message["type"]:
            case "connection.validate":
                await self.send("connection.validated", success=True)
            case "session.initiate":
                await self._initiated(message)
            case "session.resume":
                await self._resumed(message["conversationId"])
            case "userStream.start":
                self.listens = True
                await self.send("userStream.started")
            case "userStream.chunk":
                self._chunk(base64.b64decode(message["audioChunk"], validate=True))
            case "userStream.stop":
                self.listens = False
                await self.send("userStream.stopped")
            case "activities":
                for activity in message["activities"]:
                    self._activity(activity)
            case "session.end":
                self.over.set()
                await self.socket.close()
            case other:
                self.faults.append(f"message {other}")

    async def _initiated(self, message: dict[str, Any]) -> None:
        self.conversation = message["conversationId"]
        if MEDIA_FORMAT not in message["supportedMediaFormats"] or message["expectAudioMessages"] is not True:
            self.faults.append(f"offer {message}")
        if self.bot.refuses:
            await self.send("session.error", reason="too many conversations")
            return
        self.bot.conversations.add(self.conversation)
        await self.send("session.accepted", mediaFormat=MEDIA_FORMAT)

    async def _resumed(self, conversation: str) -> None:
        if conversation not in self.bot.conversations:
            await self.send("session.error", conversationId=conversation, reason="conversation not found")
            return
        self.conversation = conversation
        await self.send("session.accepted")

    def _chunk(self, audio: bytes) -> None:
        if not self.listens:
            self.faults.append("audio outside of the user stream")
        self.heard += audio

    def _activity(self, activity: dict[str, Any]) -> None:
        match activity["name"]:
            case "start":
                self.parameters = activity["parameters"]
            case "dtmf":
                self.digits.append(activity["value"])
            case "playFinished":
                self.played.append(activity["parameters"]["streamId"])
            case other:
                self.faults.append(f"activity {other}")

    async def send(self, kind: str, **fields: Any) -> None:
        await self.socket.send_str(json.dumps({"type": kind, **fields}))

    async def event(self, name: str, **fields: Any) -> None:
        await self.send("activities", activities=[{"type": "event", "name": name, **fields}])

    async def speak(self, audio: bytes) -> None:
        """One utterance."""
        self.streams += 1
        stream = f"play-{self.streams}"
        await self.send("playStream.start", streamId=stream, mediaFormat=MEDIA_FORMAT)
        await self.send("playStream.chunk", streamId=stream, audioChunk=base64.b64encode(audio).decode())
        await self.send("playStream.stop", streamId=stream)

    async def mark(self, name: str) -> None:
        """There are no names: playFinished comes unasked."""

    async def clear(self) -> None:
        await self.send("userStream.speech.hypothesis", alternatives=[{"text": "wait"}])

    async def transfer(self) -> None:
        await self.event("transfer", activityParams={"handoverReason": "wants a human"})

    async def hangup(self) -> None:
        await self.event("hangup")


class AudioCodesBot(Bot):
    PROTOCOL: ClassVar = "audiocodes"
    AUDIO: ClassVar[BotAudio] = "pcm16/16000"

    def __init__(self, *, token: str = "", refuses: bool = False) -> None:
        super().__init__(token=token, refuses=refuses)
        self.conversations: set[str] = set()
        """Those that it can go on with."""

    def answer(self, socket: web.WebSocketResponse, request: web.Request) -> AudioCodesCall:
        return AudioCodesCall(socket, request, self)
