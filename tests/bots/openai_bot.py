"""A speech model behind OpenAI's Realtime interface, by the official client's own types (`openai_server`)."""

import re
from typing import Any, ClassVar

from aiohttp import web
from openai.types import realtime as types
from openai.types.realtime.realtime_session_create_request import RealtimeSessionCreateRequest

from tests.bots.bot import Bot, BotCall
from tests.bots.openai_server import Session


class OpenAICall(BotCall):
    def __init__(self, socket: web.WebSocketResponse, request: web.Request, *, refuses: bool) -> None:
        super().__init__(socket, request)
        self.session = Session(socket, request)
        self.session.refuses = ("rate_limit_exceeded", "too many sessions") if refuses else None
        self.session.on_event = self._note
        self.heard = self.session.heard

    async def on_text(self, text: str) -> None:
        if not self.session.told:
            created = RealtimeSessionCreateRequest(type="realtime", model=self.session.model)
            await self.session.send(types.SessionCreatedEvent(event_id="e0", type="session.created", session=created))
        try:
            await self.session.take(text)
        except ValueError as fault:
            self.faults.append(str(fault))

    async def _note(self, _session: Session, event: Any) -> None:
        if event.type == "conversation.item.create" and event.item.type == "message":
            pressed = re.search(r"pressed on the telephone: (\S+)\)", event.item.content[0].text)
            self.digits += list(pressed[1]) if pressed else []

    async def _configured(self) -> None:
        await self.until(lambda _: self.session.configured)

    async def speak(self, audio: bytes) -> None:
        await self._configured()
        await self.session.speak(audio)

    async def mark(self, name: str) -> None:
        raise NotImplementedError("a model does not ask what was heard")

    async def clear(self) -> None:
        """It hears the caller speak."""
        await self.session.hear_speech("item_of_the_caller")

    async def transfer(self) -> None:
        await self._configured()
        await self.session.call_function("transfer", {"summary": "wants a human"})

    async def hangup(self) -> None:
        await self.session.call_function("hangup", {"reason": "all is said"})


class OpenAIBot(Bot):
    PROTOCOL: ClassVar = "openai"
    PARAMETERS: ClassVar = {"greeting": ""}

    def answer(self, socket: web.WebSocketResponse, request: web.Request) -> OpenAICall:
        return OpenAICall(socket, request, refuses=self.refuses)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """There is no word for the end of a call: the socket closes."""
        before = len(self.calls)
        socket = await super().serve(request)
        for call in self.calls[before:]:
            call.over.set()
        return socket
