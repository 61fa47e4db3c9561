"""Calls: list and read them, and act on those in progress."""

import asyncio
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any, Literal

from aiohttp import web
from pydantic import AwareDatetime, Field, StringConstraints, model_validator

from controller.api.control import LiveCall, Placement, Playable, Recording, Way
from controller.api.models import CallList, JsonObject, ListedCall, Name, Text, Timeline, WholeCall
from controller.api.operations import Asked, Model, Nothing, Operation
from controller.api.parts import Parts
from controller.api.problems import Problem
from controller.api.tokens import Role
from controller.records.search import CALLS_PER_PAGE_MAX, BadQuery, CallQuery, search

Words = Annotated[str, StringConstraints(max_length=200)]


class CallFilter(Model):
    """Which calls: all that is given has to fit."""

    number: Words = ""
    """Of the caller or the called: whole with +, or its last digits."""
    text: Words = ""
    """Words that were said: `refund "blue car" appoint*`. Known once a call is over."""
    result: Words = ""
    """The whole name of a result."""
    route: Words = ""
    ending: Words = ""
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None

    def in_records(self) -> CallQuery:
        return CallQuery(self.number, self.text, self.result, self.route, self.ending, self.since, self.until)


class CallsQuery(CallFilter):
    """And which of them."""

    live: bool = False
    """Those in progress, from the controller's memory; otherwise all, from the records. Goes with `limit` only."""
    after: Annotated[str, StringConstraints(max_length=64)] | None = None
    """`next` of the page before."""
    limit: Annotated[int, Field(ge=1, le=CALLS_PER_PAGE_MAX)] = 50


class Transfer(Model):
    """Where the caller is to go."""

    to: Name = ""
    """A name of the route's humans, a number or a dial string inside the route's fence; empty: the route's human."""
    way: Literal["bridge", "attended", "refer", "queue"] = "bridge"
    summary: Text = ""
    """What the human is told."""


class TakeOver(Model):
    """Who takes the call from the bot."""

    to: Name = ""
    """As for a transfer."""


class Play(Model):
    """What the caller is to hear: exactly one of text, url and sound."""

    text: Text = ""
    """Spoken."""
    url: Annotated[str, StringConstraints(max_length=2_000, pattern=r"^(https?://\S+)?$")] = ""
    """A WAV file."""
    sound: Annotated[str, StringConstraints(max_length=200, pattern=r"^[A-Za-z0-9/_-]*$")] = ""
    """One of the bundled Asterisk's, by name."""
    language: Annotated[str, StringConstraints(pattern=r"^([A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*)?$")] = ""

    @model_validator(mode="after")
    def _one(self) -> "Play":
        if sum(map(bool, (self.text, self.url, self.sound))) != 1:
            raise ValueError("exactly one of text, url and sound has to be given")
        return self


class Digits(Model):
    """What is dialled into the call."""

    digits: Annotated[str, StringConstraints(pattern=r"^[0-9A-D*#]{1,64}$")]


class Metadata(Model):
    """Added to what is known about the call, key by key."""

    metadata: Annotated[JsonObject, Field(max_length=100)]


class Record(Model):
    """What is to become of the recording."""

    action: Literal["start", "pause", "resume", "stop"]


class Place(Model):
    """A call to be placed."""

    to: Annotated[str, StringConstraints(pattern=r"^\+?[0-9]{2,20}$")]
    route: Name = ""
    """Whose bot talks to the callee; empty: where a call from that number would go."""
    from_number: Annotated[str, StringConstraints(pattern=r"^(\+?[0-9]{2,20})?$")] = ""
    """What the callee sees; empty: PHONE_NUMBER."""
    ring_seconds: Annotated[float, Field(ge=1, le=300)] = 30.0
    metadata: Annotated[JsonObject, Field(max_length=100, default_factory=dict)]
    idempotency_key: Annotated[str, StringConstraints(max_length=200)] = ""
    """Of your choice: asked again with the same one within a day, nobody is called twice, and the id is the first's."""


class Placed(Model):
    """The call that is being placed."""

    id: str


class WhichRecording(Model):
    """Of those of a call."""

    number: Annotated[int, Field(ge=0, le=10_000)] = 0
    """From 1; 0: the latest."""


async def list_calls(parts: Parts, asked: Asked[CallsQuery, Nothing]) -> CallList:
    query = asked.query
    if query.live:
        if query.model_fields_set - {"live", "limit"}:
            raise BadQuery("live calls cannot be searched: ask for live and limit only")
        return CallList(calls=[ListedCall.of_live(call) for call in parts.calls.live()[: query.limit]])
    page = await search(parts.store.database, query.in_records(), query.limit, query.after)
    return CallList(calls=[ListedCall.of(call) for call in page.calls], next=page.next)


async def show_call(parts: Parts, asked: Asked[Nothing, Nothing]) -> WholeCall:
    detail = await parts.store.show_call(asked.path["call_id"])
    return WholeCall.of(detail, _live(parts, detail.summary.id))


async def show_timeline(parts: Parts, asked: Asked[Nothing, Nothing]) -> Timeline:
    return Timeline.of(await parts.store.show_call(asked.path["call_id"]))


async def play_recording(parts: Parts, asked: Asked[WhichRecording, Nothing]) -> web.StreamResponse:
    """Ranges of it, too: a player jumps about in it."""
    recordings = (await parts.store.show_call(asked.path["call_id"])).recordings
    number = asked.query.number or len(recordings)
    if not 1 <= number <= len(recordings):
        raise Problem(HTTPStatus.NOT_FOUND, f"there is no recording {number or ''} of this call".replace("  ", " "))
    path = parts.recordings_folder / f"{Path(recordings[number - 1].name).name}.wav"
    if not await asyncio.to_thread(path.is_file):
        raise Problem(HTTPStatus.NOT_FOUND, "its file is not there any more")
    return web.FileResponse(path, headers={"Content-Type": "audio/wav"})


def _live(parts: Parts, call_id: str) -> LiveCall | None:
    return next((call for call in parts.calls.live() if call.id == call_id), None)


async def hang_up_call(parts: Parts, asked: Asked[Nothing, Nothing]) -> None:
    await parts.calls.hang_up(asked.path["call_id"], asked.by)


async def transfer_call(parts: Parts, asked: Asked[Nothing, Transfer]) -> None:
    wanted = asked.body
    await parts.calls.transfer(asked.path["call_id"], wanted.to, Way(wanted.way), wanted.summary, asked.by)


async def take_over_call(parts: Parts, asked: Asked[Nothing, TakeOver]) -> None:
    await parts.calls.take_over(asked.path["call_id"], asked.body.to, asked.by)


async def play_to_call(parts: Parts, asked: Asked[Nothing, Play]) -> None:
    what = Playable(asked.body.text, asked.body.url, asked.body.sound, asked.body.language)
    await parts.calls.play(asked.path["call_id"], what, asked.by)


async def press_in_call(parts: Parts, asked: Asked[Nothing, Digits]) -> None:
    await parts.calls.press(asked.path["call_id"], asked.body.digits, asked.by)


async def add_metadata_to_call(parts: Parts, asked: Asked[Nothing, Metadata]) -> None:
    await parts.calls.add_metadata(asked.path["call_id"], asked.body.metadata, asked.by)


async def record_call(parts: Parts, asked: Asked[Nothing, Record]) -> None:
    await parts.calls.record(asked.path["call_id"], Recording(asked.body.action), asked.by)


async def place_call(parts: Parts, asked: Asked[Nothing, Place]) -> Placed:
    placement = Placement(**asked.body.model_dump())
    return Placed(id=await parts.calls.place(placement, asked.by))


def _on_call(path: str, work: Any, summary: str, body: type[Model] = Nothing) -> Operation:
    """Something that is done to a call in progress."""
    problems = (403, 404, 409, 501)
    return Operation(
        "POST", f"/v1/calls/{{call_id}}/{path}", Role.OPERATE, work, summary, body=body, status=202, problems=problems
    )


OPERATIONS = (
    Operation("GET", "/v1/calls", Role.READ, list_calls, "List calls", CallList, query=CallsQuery, problems=(503,)),
    Operation(
        "POST", "/v1/calls", Role.OPERATE, place_call, "Place a call", Placed, body=Place, status=201,
        problems=(403, 409, 501),
    ),
    Operation(
        "GET", "/v1/calls/{call_id}", Role.READ, show_call, "One call, by its id or an unambiguous beginning of it",
        WholeCall, problems=(404, 503),
    ),
    Operation(
        "GET", "/v1/calls/{call_id}/timeline", Role.READ, show_timeline, "All of a call on one line of time", Timeline,
        problems=(404, 503),
    ),
    Operation(
        "GET", "/v1/calls/{call_id}/recording", Role.READ, play_recording, "A recording of a call as a WAV file",
        query=WhichRecording, media_type="audio/wav", also=(206,), problems=(404, 503),
    ),
    _on_call("hangup", hang_up_call, "End a call"),
    _on_call("transfer", transfer_call, "Give the caller to a human", Transfer),
    _on_call("takeover", take_over_call, "Take a call away from its bot", TakeOver),
    _on_call("play", play_to_call, "Let the caller hear something", Play),
    _on_call("digits", press_in_call, "Send digits into a call", Digits),
    _on_call("recording", record_call, "Record a call, or cease to", Record),
    _on_call("metadata", add_metadata_to_call, "Add to what is known about a call", Metadata),
)  # fmt: skip
