"""All operations, and the one that lists them."""

from functools import cache
from typing import Final

from aiohttp import web

from controller.api import (
    about,
    bans,
    bots,
    calendars,
    calls,
    events,
    exporting,
    health,
    openapi,
    phoning,
    routes,
    signing_in,
    tasks,
    trunks,
    warnings,
)
from controller.api.operations import Asked, Nothing, Operation
from controller.api.parts import Parts
from controller.api.tokens import Role


async def show_openapi(_parts: Parts, _asked: Asked[Nothing, Nothing]) -> web.Response:
    return web.Response(text=_document(), content_type="application/json")


@cache
def _document() -> str:
    return openapi.render(OPERATIONS)


OPERATIONS: Final = (
    *health.OPERATIONS,
    *calls.OPERATIONS,
    *tasks.OPERATIONS,
    *routes.OPERATIONS,
    *calendars.OPERATIONS,
    *trunks.OPERATIONS,
    *bans.OPERATIONS,
    *events.OPERATIONS,
    *signing_in.OPERATIONS,
    *about.OPERATIONS,
    *bots.OPERATIONS,
    *warnings.OPERATIONS,
    *exporting.OPERATIONS,
    *phoning.OPERATIONS,
    Operation("GET", "/v1/openapi.json", Role.READ, show_openapi, "This document"),
)
