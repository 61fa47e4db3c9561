"""An Audio Connector bot, after Genesys' own reference servers: strict where they are."""

import base64
import hashlib
import hmac
import json
import re
from typing import Any, ClassVar

from aiohttp import web

from tests.bots.bot import Bot, BotCall

DURATION = re.compile(r"^PT(?:\d*\.)?\d+S$")
UUID = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
SIGNED = (
    "@request-target",
    "@authority",
    "audiohook-organization-id",
    "audiohook-session-id",
    "audiohook-correlation-id",
    "x-api-key",
)
"""Components without which the reference servers do not take a signature."""


class GenesysCall(BotCall):
    def __init__(self, socket: web.WebSocketResponse, request: web.Request, refuses: bool) -> None:
        super().__init__(socket, request)
        self.refuses = refuses
        self.farewell: dict[str, str] = {}
        """Output variables for an end that is not the bot's."""
        self.state = "preparing"
        self.seq = 0
        self.client_seq = 0

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.messages if message["type"] == kind]

    async def on_binary(self, audio: bytes) -> None:
        if self.state != "active":
            self.faults.append(f"audio in state {self.state}")
        self.heard += audio

    async def on_text(self, text: str) -> None:
        message = json.loads(text)
        self.messages.append(message)
        self._check(message)
        parameters = message["parameters"]
        match message["type"]:
            case "open":
                await self._opened(parameters)
            case "ping":
                await self.send("pong", {})
            case "dtmf":
                self.digits.append(parameters["digit"])
            case "playback_completed":
                self.played.append("playback_completed")
            case "paused":
                self.state = "paused"
            case "resumed":
                self.state = "active"
            case "close":
                self.state = "closed"
                await self.send("closed", {"outputVariables": self.farewell} if self.farewell else {})
                self.over.set()

    def _check(self, message: dict[str, Any]) -> None:
        self.client_seq += 1
        if message["seq"] != self.client_seq:
            self.faults.append(f"seq {message['seq']}, and {self.client_seq} was expected")
        if message["serverseq"] > self.seq:
            self.faults.append(f"serverseq {message['serverseq']} of {self.seq}")
        if message["id"] != self.request.headers.get("Audiohook-Session-Id") or not UUID.match(message["id"]):
            self.faults.append(f"id {message['id']}")
        if message["version"] != "2" or not DURATION.match(message["position"]):
            self.faults.append(f"version {message['version']}, position {message['position']}")

    async def _opened(self, parameters: dict[str, Any]) -> None:
        if parameters["organizationId"] != self.request.headers.get("Audiohook-Organization-Id"):
            self.faults.append("another organization than in the handshake")
        ids = (parameters["organizationId"], parameters["conversationId"], parameters["participant"]["id"])
        self.faults += [f"no UUID: {value}" for value in ids if not UUID.match(value)]
        if self.refuses:
            await self.disconnect("error", "too many conversations")
            return
        self.state = "active"
        await self.send("opened", {"media": parameters["media"][:1], "startPaused": False})

    async def send(self, kind: str, parameters: dict[str, Any]) -> None:
        self.seq += 1
        message = {"version": "2", "id": self.messages[0]["id"], "type": kind, "seq": self.seq}
        await self.socket.send_str(json.dumps(message | {"clientseq": self.client_seq, "parameters": parameters}))

    async def disconnect(self, reason: str, info: str = "", **variables: str) -> None:
        await self.send("disconnect", {"reason": reason, "info": info, "outputVariables": variables})

    async def speak(self, audio: bytes) -> None:
        await self.socket.send_bytes(audio)

    async def mark(self, name: str) -> None:
        """There are no names: playback_completed comes unasked."""

    async def clear(self) -> None:
        await self.send("event", {"entities": [{"type": "barge_in", "data": {}}]})

    async def transfer(self) -> None:
        await self.disconnect("completed", action="transfer", summary="wants a human")

    async def hangup(self) -> None:
        await self.disconnect("completed", action="finished")


class GenesysBot(Bot):
    """`token` is `api key:client secret in Base64`; without the secret requests need not be signed."""

    PROTOCOL: ClassVar = "genesys"

    def answer(self, socket: web.WebSocketResponse, request: web.Request) -> GenesysCall:
        return GenesysCall(socket, request, self.refuses)

    def authorized(self, request: web.Request) -> bool:
        api_key, _, secret = self.token.partition(":")
        if request.headers.get("X-API-KEY", "") != api_key:
            return False
        return not secret or verified(request, api_key, base64.b64decode(secret))


def verified(request: web.Request, api_key: str, secret: bytes) -> bool:
    """Whether the request is signed with the secret that belongs to the key."""
    given = re.fullmatch(r'sig1=\(((?:"[^"]+" ?)+)\)(;.+)', request.headers.get("Signature-Input", ""))
    if given is None:
        return False
    names = re.findall(r'"([^"]+)"', given[1])
    derived = {"@request-target": request.raw_path, "@authority": request.headers["Host"]}
    lines = [f'"{name}": {derived.get(name) or request.headers.get(name, "")}' for name in names]
    base = "\n".join([*lines, f'"@signature-params": {request.headers["Signature-Input"].removeprefix("sig1=")}'])
    digest = base64.b64encode(hmac.new(secret, base.encode(), hashlib.sha256).digest()).decode()
    nonce = re.search(r';nonce="([^"]{22,})"', given[2])
    return (
        set(SIGNED) <= set(names)
        and nonce is not None
        and f';keyid="{api_key}"' in given[2]
        and hmac.compare_digest(request.headers.get("Signature", ""), f"sig1=:{digest}:")
    )
