"""What calls leave for people to do: handoffs to take, callbacks to make, voicemails to hear."""

import asyncio
import re
from dataclasses import asdict
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Final

from aiohttp import web
from pydantic import Field

from controller.api.models import JsonObject, Result, Text, Transcript, some
from controller.api.operations import Asked, Model, Nothing, Operation
from controller.api.parts import Parts
from controller.api.problems import Problem
from controller.api.tokens import Role
from controller.records import tasks

TASKS_PER_PAGE: Final = 100
TASKS_PER_PAGE_MAX: Final = 500

_RECORDING: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
"""What names a file without leaving its folder."""

AfterNumber = Annotated[int, Field(ge=0, lt=2**63)]
Limit = Annotated[int, Field(ge=1, le=TASKS_PER_PAGE_MAX)]


class Callback(Model):
    """Somebody wants to be called back."""

    number: int
    """Names the task."""
    call_id: str
    asked_at: datetime
    """When the call began in which it was asked for."""
    route: str
    from_name: str | None
    phone: str
    """The number to call."""
    note: str
    wanted_at: datetime | None
    """Null: as soon as possible."""
    done_at: datetime | None
    done_note: str


class CallbackList(Model):
    """Oldest first."""

    callbacks: list[Callback]
    next: int | None
    """Pass it as `after` to see what follows; null: that was all."""


class CallbacksQuery(Model):
    """Which callbacks."""

    all: bool = False
    """Also those that are done."""
    phone: Annotated[str, Field(max_length=64)] = ""
    after: AfterNumber = 0
    limit: Limit = TASKS_PER_PAGE


class Done(Model):
    """How it went."""

    note: Text = ""


class Voicemail(Model):
    """A message that was left."""

    number: int
    """Names the task."""
    call_id: str
    asked_at: datetime
    """When the call began."""
    route: str
    from_name: str | None
    from_number: str | None
    duration_ms: int
    text: str
    """What was said, where somebody has written it down."""
    heard_at: datetime | None


class VoicemailList(Model):
    """Oldest first."""

    voicemails: list[Voicemail]
    next: int | None
    """Pass it as `after` to see what follows; null: that was all."""


class VoicemailsQuery(Model):
    """Which voicemails."""

    unheard: bool = False
    """Only those that nobody has heard."""
    after: AfterNumber = 0
    limit: Limit = TASKS_PER_PAGE


class Handoff(Model):
    """What whoever takes a caller should know."""

    id: str
    call_id: str
    expires_at: datetime
    from_number: str | None
    from_name: str | None
    to_number: str | None
    route: str
    started_at: datetime
    summary: str
    data: JsonObject
    transcripts: list[Transcript]
    results: list[Result]


class HandoffQuery(Model):
    """The right to read it."""

    secret: Annotated[str, Field(max_length=200)] = ""
    """Of this handoff only. A header `Authorization: Bearer` with it does the same, and stays out of histories."""


# --- callbacks ----------------------------------------------------------------------------------------------


async def list_callbacks(parts: Parts, asked: Asked[CallbacksQuery, Nothing]) -> CallbackList:
    query = asked.query
    found = await tasks.callbacks(
        parts.store.database, open_only=not query.all, phone=query.phone, after=query.after, limit=query.limit + 1
    )
    page = [Callback.model_validate(asdict(one)) for one in found[: query.limit]]
    return CallbackList(callbacks=page, next=page[-1].number if len(found) > query.limit else None)


async def finish_callback(parts: Parts, asked: Asked[Nothing, Done]) -> None:
    note = f"{asked.body.note} ({asked.by})".strip()
    await tasks.finish_callback(parts.store.database, int(asked.path["number"]), datetime.now(UTC), note)


# --- voicemails ---------------------------------------------------------------------------------------------


async def list_voicemails(parts: Parts, asked: Asked[VoicemailsQuery, Nothing]) -> VoicemailList:
    query = asked.query
    found = await tasks.voicemails(
        parts.store.database, unheard_only=query.unheard, after=query.after, limit=query.limit + 1
    )
    page = [Voicemail.model_validate(some(one, Voicemail)) for one in found[: query.limit]]
    return VoicemailList(voicemails=page, next=page[-1].number if len(found) > query.limit else None)


async def hear_voicemail(parts: Parts, asked: Asked[Nothing, Nothing]) -> None:
    await tasks.hear_voicemail(parts.store.database, int(asked.path["number"]), datetime.now(UTC))


async def play_voicemail(parts: Parts, asked: Asked[Nothing, Nothing]) -> web.StreamResponse:
    number = int(asked.path["number"])
    found = await tasks.voicemails(parts.store.database, after=number - 1, limit=1)
    if not found or found[0].number != number:
        raise Problem(HTTPStatus.NOT_FOUND, f"there is no voicemail {number}")
    path = _file(parts.voicemail_folder, found[0].recording)
    if path is None or not await asyncio.to_thread(path.is_file):
        raise Problem(HTTPStatus.NOT_FOUND, "its recording is not there any more")
    return web.FileResponse(path, headers={"Content-Type": "audio/wav"})


def _file(folder: Path, recording: str) -> Path | None:
    name = recording.removesuffix(".wav")
    return folder / f"{name}.wav" if _RECORDING.fullmatch(name) else None


# --- handoffs -----------------------------------------------------------------------------------------------


async def take_handoff(parts: Parts, asked: Asked[HandoffQuery, Nothing]) -> Handoff:
    handoff_id, secret = _handoff(asked)
    taken = await tasks.take_handoff(parts.store.database, handoff_id, secret, datetime.now(UTC))
    call = await parts.store.show_call(taken.call_id)
    return Handoff.model_validate(
        {
            **some(call.summary, _OfTheCall),
            **some(taken, _OfTheHandoff),
            "data": dict(taken.data),
            "transcripts": [some(said, Transcript) for said in call.transcripts],
            "results": [some(result, Result) for result in call.results],
        }
    )


def _handoff(asked: Asked[HandoffQuery, Nothing]) -> tuple[str, str]:
    """Id and secret; with a call goes ID.SECRET, and whoever has it may put it into the path as it is."""
    handoff_id, _, in_path = asked.path["handoff_id"].partition(".")
    scheme, _, bearer = asked.request.headers.get("Authorization", "").partition(" ")
    in_header = bearer.strip() if scheme.lower() == "bearer" else ""
    secret = in_header or asked.query.secret or in_path
    if not secret:
        detail = "the secret of the handoff is needed"
        raise Problem(HTTPStatus.UNAUTHORIZED, detail, headers={"WWW-Authenticate": "Bearer"})
    return handoff_id, secret


class _OfTheCall(Model):
    from_number: str | None
    from_name: str | None
    to_number: str | None
    route: str
    started_at: datetime


class _OfTheHandoff(Model):
    id: str
    call_id: str
    expires_at: datetime
    summary: str


OPERATIONS = (
    Operation(
        "GET", "/v1/callbacks", Role.READ, list_callbacks, "Callbacks that were asked for", CallbackList,
        query=CallbacksQuery, problems=(503,),
    ),
    Operation(
        "POST", "/v1/callbacks/{number}/done", Role.OPERATE, finish_callback, "The caller has been called back",
        body=Done, status=204, problems=(404, 503),
    ),
    Operation(
        "GET", "/v1/voicemails", Role.READ, list_voicemails, "Messages that callers left", VoicemailList,
        query=VoicemailsQuery, problems=(503,),
    ),
    Operation(
        "GET", "/v1/voicemails/{number}/audio", Role.READ, play_voicemail, "A message as a WAV file",
        media_type="audio/wav", problems=(404, 503),
    ),
    Operation(
        "POST", "/v1/voicemails/{number}/heard", Role.OPERATE, hear_voicemail, "Somebody has listened", status=204,
        problems=(404, 503),
    ),
    Operation(
        "GET", "/v1/handoffs/{handoff_id}", None, take_handoff, "What whoever takes a caller should know", Handoff,
        query=HandoffQuery, limited=True, problems=(401, 404, 429, 503),
    ),
)  # fmt: skip
