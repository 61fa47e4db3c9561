"""A realtime speech endpoint on this machine, built on the official client's own event types.

What it is sent must be a client event without a field too many; what it sends are the server events' models.
"""

import base64
import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from aiohttp import WSMsgType, web
from openai.types import realtime as types
from openai.types.realtime.realtime_error import RealtimeError
from openai.types.realtime.realtime_session_create_request import RealtimeSessionCreateRequest
from pydantic import BaseModel, TypeAdapter

CLIENT_EVENT: TypeAdapter[Any] = TypeAdapter(types.RealtimeClientEvent)
SERVER_EVENT: TypeAdapter[Any] = TypeAdapter(types.RealtimeServerEvent)
KEY = "sk-test"


def read_client_event(text: str) -> Any:
    """A client event as the official types read it. Raises ValueError where there is a field that they do not know."""
    told = json.loads(text)
    try:
        event = CLIENT_EVENT.validate_json(text)
    except ValueError as error:
        raise ValueError(f"{told['type']} is no client event: {text[:500]}") from error
    if told["type"] != event.type:
        raise ValueError(f"{told['type']} is no client event")
    for path in strange_fields(event):
        raise ValueError(f"{told['type']} has no field {path}")
    return event


def strange_fields(value: Any, path: str = "") -> list[str]:
    if isinstance(value, list):
        return [found for item in value for found in strange_fields(item, path)]
    if not isinstance(value, BaseModel):
        return []
    found = [f"{path}.{name}" for name in (value.model_extra or {})]
    for name in value.model_fields_set & type(value).model_fields.keys():
        found += strange_fields(getattr(value, name), f"{path}.{name}")
    return found


class Session:
    """One connection: the server's side of a conversation, driven by a script."""

    def __init__(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        self.socket = socket
        self.model = request.query["model"]
        self.headers = request.headers
        self.told: list[Any] = []
        self.heard = bytearray()
        self.configured: RealtimeSessionCreateRequest | None = None
        self.refuses: tuple[str, str] | None = None
        """Code and message of the error that answers `session.update`."""
        self.on_event: Callable[[Session, Any], Awaitable[None]] | None = None
        self._ids = itertools.count(1)

    def told_of(self, kind: str) -> list[Any]:
        return [event for event in self.told if event.type == kind]

    async def send(self, event: BaseModel) -> None:
        text = event.model_dump_json(exclude_none=True)
        assert SERVER_EVENT.validate_json(text).type == json.loads(text)["type"]
        await self.socket.send_str(text)

    def new_id(self, kind: str) -> str:
        return f"{kind}_{next(self._ids):04}"

    async def take(self, text: str) -> None:
        event = read_client_event(text)
        if event.type == "input_audio_buffer.append":
            self.heard += base64.b64decode(event.audio, validate=True)
        else:
            self.told.append(event)
        if event.type == "session.update":
            await self._configure(event.session)
        if self.on_event is not None:
            await self.on_event(self, event)

    async def _configure(self, session: Any) -> None:
        if self.refuses is not None:
            code, message = self.refuses
            await self.fail(code, message)
            return
        assert isinstance(session, RealtimeSessionCreateRequest)
        self.configured = session
        await self.send(
            types.SessionUpdatedEvent(event_id=self.new_id("event"), type="session.updated", session=session)
        )

    # --- what a model does ----------------------------------------------------------------------------------

    async def speak(self, audio: bytes, words: str = "", chunk: int = 4_000) -> str:
        """A whole response of speech; gives the item's id."""
        response, item = self.new_id("resp"), self.new_id("item")
        await self.begin_response(response)
        await self.send_audio(response, item, audio, chunk)
        if words:
            await self.send_words(response, item, words)
        await self.finish_response(response)
        return item

    async def begin_response(self, response: str) -> None:
        await self.send(
            types.ResponseCreatedEvent(
                event_id=self.new_id("event"),
                type="response.created",
                response=types.RealtimeResponse(id=response, status="in_progress", output=[]),
            )
        )

    async def send_audio(self, response: str, item: str, audio: bytes, chunk: int = 4_000) -> None:
        for start in range(0, len(audio), chunk):
            await self.send(
                types.ResponseAudioDeltaEvent(
                    event_id=self.new_id("event"),
                    type="response.output_audio.delta",
                    response_id=response,
                    item_id=item,
                    output_index=0,
                    content_index=0,
                    delta=base64.b64encode(audio[start : start + chunk]).decode(),
                )
            )

    async def send_words(self, response: str, item: str, words: str) -> None:
        common: dict[str, Any] = {
            "event_id": self.new_id("event"),
            "response_id": response,
            "item_id": item,
            "output_index": 0,
            "content_index": 0,
        }
        for word in words.split(" "):
            await self.send(
                types.ResponseAudioTranscriptDeltaEvent(
                    type="response.output_audio_transcript.delta", delta=f"{word} ", **common
                )
            )
        await self.send(
            types.ResponseAudioTranscriptDoneEvent(
                type="response.output_audio_transcript.done", transcript=words, **common
            )
        )

    async def finish_response(self, response: str, *calls: tuple[str, str, str]) -> None:
        """`calls`: name, arguments and id of function calls."""
        output = [
            types.RealtimeConversationItemFunctionCall(
                id=self.new_id("item"),
                type="function_call",
                status="completed",
                name=name,
                arguments=arguments,
                call_id=call,
            )
            for name, arguments, call in calls
        ]
        await self.send(
            types.ResponseDoneEvent(
                event_id=self.new_id("event"),
                type="response.done",
                response=types.RealtimeResponse(id=response, status="completed", output=list(output)),
            )
        )

    async def call_function(self, name: str, arguments: Any, audio: bytes = b"") -> str:
        """A response that speaks, perhaps, and calls a function; gives the call's id."""
        response, call = self.new_id("resp"), self.new_id("call")
        await self.begin_response(response)
        await self.send_audio(response, self.new_id("item"), audio)
        text = arguments if isinstance(arguments, str) else json.dumps(arguments)
        await self.finish_response(response, (name, text, call))
        return call

    async def fail_response(self, code: str, message: str) -> None:
        response = self.new_id("resp")
        await self.begin_response(response)
        error = {"type": "failed", "error": {"type": "server_error", "code": code, "message": message}}
        raw = {"id": response, "status": "failed", "output": [], "status_details": error}
        done = {"event_id": self.new_id("event"), "type": "response.done", "response": raw}
        # The types have no message there; the service sends one.
        SERVER_EVENT.validate_python(done)
        await self.socket.send_str(json.dumps(done))

    async def hear_speech(self, item: str, words: str = "") -> None:
        """The caller begins to speak; with `words` also what it was."""
        await self.send(
            types.InputAudioBufferSpeechStartedEvent(
                event_id=self.new_id("event"),
                type="input_audio_buffer.speech_started",
                item_id=item,
                audio_start_ms=0,
            )
        )
        if not words:
            return
        first = words.split(" ", maxsplit=1)[0]
        await self.send(
            types.ConversationItemInputAudioTranscriptionDeltaEvent(
                event_id=self.new_id("event"),
                type="conversation.item.input_audio_transcription.delta",
                item_id=item,
                content_index=0,
                delta=first,
            )
        )
        done = {
            "event_id": self.new_id("event"),
            "type": "conversation.item.input_audio_transcription.completed",
            "item_id": item,
            "content_index": 0,
            "transcript": words,
            "usage": {"type": "duration", "seconds": 1.0},
        }
        await self.send(types.ConversationItemInputAudioTranscriptionCompletedEvent.model_validate(done))

    async def fail(self, code: str, message: str) -> None:
        await self.send(
            types.RealtimeErrorEvent(
                event_id=self.new_id("event"),
                type="error",
                error=RealtimeError(type="invalid_request_error", code=code, message=message),
            )
        )

    async def limit(self, name: str, limit: int, remaining: int) -> None:
        limits = [{"name": name, "limit": limit, "remaining": remaining, "reset_seconds": 60}]
        raw = {"event_id": self.new_id("event"), "type": "rate_limits.updated", "rate_limits": limits}
        await self.send(types.RateLimitsUpdatedEvent.model_validate(raw))


Script = Callable[[Session], Awaitable[None]]


class RealtimeServer:
    """Every connection is a session; `begin` is told of each before it is configured."""

    def __init__(self, begin: Script | None = None) -> None:
        self.begin = begin
        self.url = ""
        self.sessions: list[Session] = []
        self.faults: list[str] = []
        """What we sent that is no client event; a test ends with none."""

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            raise web.HTTPUnauthorized(text="Incorrect API key provided")
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        session = Session(socket, request)
        self.sessions.append(session)
        created = RealtimeSessionCreateRequest(type="realtime", model=session.model)
        if self.begin is not None:
            await self.begin(session)
        await session.send(
            types.SessionCreatedEvent(event_id=session.new_id("event"), type="session.created", session=created)
        )
        with suppress(ConnectionError):
            async for frame in socket:
                if frame.type is WSMsgType.TEXT:
                    await self._take(session, frame.data)
                else:
                    self.faults.append(f"a frame of type {frame.type.name}")
        return socket

    async def _take(self, session: Session, text: str) -> None:
        try:
            await session.take(text)
        except ValueError as error:
            self.faults.append(str(error))


@asynccontextmanager
async def serving_model(begin: Script | None = None) -> AsyncIterator[RealtimeServer]:
    server = RealtimeServer(begin)
    application = web.Application()
    application.router.add_get("/v1/realtime", server.serve)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"ws://127.0.0.1:{runner.addresses[0][1]}/v1/realtime"
    try:
        yield server
    finally:
        await runner.cleanup()
