"""Events as they happen: server-sent events, and the same over a WebSocket."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated, Any, Final

from aiohttp import WSMsgType, web
from pydantic import Field, StringConstraints

from controller.api.event_log import Entry, EventLog, Filter, Reader
from controller.api.operations import Asked, Model, Nothing, Operation
from controller.api.parts import Parts
from controller.api.passing import PassingType
from controller.api.problems import Mistake, Problem
from controller.api.tokens import Role
from controller.routing.webhook import EventType

HEARTBEAT_SECONDS: Final = 15.0
"""Longest silence: proxies close what is silent for 30 s or more."""
WRITE_SECONDS_MAX: Final = 30.0
"""For a subscriber to take what is sent: then it is gone, whatever TCP thinks."""
RETRY_MS: Final = 2_000
"""After which a browser comes back."""
WORDS_MAX: Final = 4_096
"""Bytes of a WebSocket message to us: nothing that is said there is of interest."""

Send = Callable[[list[Entry], bool], Awaitable[None]]
"""Sends events, and before them that some are lost; nothing at all: a sign of life."""


class EventsQuery(Model):
    """Which events."""

    call: Annotated[str, StringConstraints(max_length=64)] = ""
    """Whole id of a call."""
    route: Annotated[str, StringConstraints(max_length=200)] = ""
    type: Annotated[str, StringConstraints(pattern=r"^[A-Za-z_.,]*$", max_length=500)] = ""
    """Types, comma separated, such as `result,transcript`. Without: all that are stored. `speaking`, who is to be heard
    just now, comes to those only who name it, without an id, and is not kept."""
    after: Annotated[int, Field(ge=0, lt=2**63)] | None = None
    """Number of the last event that was seen; the header Last-Event-ID says the same. Without: only what is new."""
    raw: bool = False
    """Asterisk's own events instead, as it sends them; for the role admin."""


async def stream_events(parts: Parts, asked: Asked[EventsQuery, Nothing]) -> web.StreamResponse:
    with _reader(parts, asked) as reader:
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
        await answer.prepare(asked.request)
        await answer.write(f"retry: {RETRY_MS}\n\n".encode())

        async def send(entries: list[Entry], lost: bool) -> None:
            text = "event: missed\ndata: {}\n\n" if lost else ""
            text += "".join(_as_sse(entry, numbered=not asked.query.raw) for entry in entries)
            await answer.write((text or ": still here\n\n").encode())

        await _pass_on(reader, send, asked.lasts)
    return answer


async def connect_events(parts: Parts, asked: Asked[EventsQuery, Nothing]) -> web.StreamResponse:
    with _reader(parts, asked) as reader:
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT_SECONDS, max_msg_size=WORDS_MAX, compress=False)
        if not socket.can_prepare(asked.request):
            upgrade = {"Connection": "Upgrade", "Upgrade": "websocket"}
            raise Problem(HTTPStatus.UPGRADE_REQUIRED, "this is for WebSockets: see /v1/events", headers=upgrade)
        await socket.prepare(asked.request)

        async def send(entries: list[Entry], lost: bool) -> None:
            if lost:
                await socket.send_str('{"missed":true}')
            for entry in entries:
                number = "" if asked.query.raw or not entry.number else f'"number":{entry.number},'
                await socket.send_str(f'{{{number}"event":{entry.text}}}')

        sending = asyncio.create_task(_pass_on(reader, send, asked.lasts), name="events")
        try:
            await _until_closed(socket, sending)
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
        await socket.close()
    return socket


async def _until_closed(socket: web.WebSocketResponse, sending: "asyncio.Task[None]") -> None:
    """By the subscriber, or because there is nothing more to send."""
    receiving = asyncio.create_task(_listen(socket), name="events subscriber")
    try:
        await asyncio.wait([receiving, sending], return_when=asyncio.FIRST_COMPLETED)
    finally:
        receiving.cancel()
        await asyncio.gather(receiving, return_exceptions=True)


async def _listen(socket: web.WebSocketResponse) -> None:
    async for message in socket:
        if message.type is not WSMsgType.TEXT:
            return


def _reader(parts: Parts, asked: Asked[EventsQuery, Nothing]) -> Reader:
    query = asked.query
    if query.raw:
        if asked.role is not Role.ADMIN:
            raise Problem(HTTPStatus.FORBIDDEN, "raw events need the role admin")
        return Reader(parts.raw_events, Filter(types=_types(query.type)))
    types = _types(query.type)
    known = [*EventType, *PassingType]
    unknown = sorted(types - set(known))
    if unknown:
        problem = f"{unknown[0]!r} is none of {', '.join(known)}"
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY, "no such type", mistakes=[Mistake(where="type", problem=problem)]
        )
    wanted = Filter(query.call, query.route, types)
    return Reader(parts.events, wanted, _last_seen(asked))


def _types(text: str) -> frozenset[str]:
    return frozenset(filter(None, text.split(",")))


def _last_seen(asked: Asked[EventsQuery, Nothing]) -> int | None:
    header = asked.request.headers.get("Last-Event-ID", "")
    if not header:
        return asked.query.after
    if not (header.isascii() and header.isdecimal() and len(header) < len(str(2**63))):
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "Last-Event-ID is not the id of an event")
    return int(header)


async def _pass_on(reader: Reader, send: Send, lasts: Callable[[], bool]) -> None:
    """For as long as both sides last; whoever is signed out meanwhile is told nothing more."""
    loop = asyncio.get_running_loop()
    said = loop.time()
    with contextlib.suppress(ConnectionError, TimeoutError):
        while not reader.over:
            entries, lost = await reader.read(HEARTBEAT_SECONDS)
            if not lasts():
                return
            if entries or lost or loop.time() - said >= HEARTBEAT_SECONDS:
                await asyncio.wait_for(send(entries, lost), WRITE_SECONDS_MAX)
                said = loop.time()


def _as_sse(entry: Entry, *, numbered: bool) -> str:
    number = f"id: {entry.number}\n" if numbered and entry.number else ""
    # One line: JSON has line breaks inside of strings as \n only, and Asterisk's is made so.
    return f"{number}event: {entry.type}\ndata: {entry.text}\n\n"


def raw_type(text: str) -> tuple[str, str]:
    """Type and text, on one line, of an event of Asterisk's."""
    event: dict[str, Any] = json.loads(text)
    return str(event.get("type", "")), json.dumps(event, ensure_ascii=False, separators=(",", ":"))


def tap(log: EventLog) -> Callable[[str], None]:
    """For `EventStream`: every event of Asterisk's, while somebody reads them."""

    def take(text: str) -> None:
        if log.readers:
            with contextlib.suppress(ValueError, AttributeError):
                log.publish(*raw_type(text))

    return take


OPERATIONS = (
    Operation(
        "GET", "/v1/events", Role.READ, stream_events, "Events as they happen (server-sent events)", query=EventsQuery,
        media_type="text/event-stream", problems=(403, 503),
    ),
    Operation(
        "GET", "/v1/events/ws", Role.READ, connect_events, "The same over a WebSocket", query=EventsQuery,
        status=101, problems=(403, 426, 503),
    ),
)  # fmt: skip
