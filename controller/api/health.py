"""Whether it runs (`/healthz`), and whether a call that arrived now would be served (`/readyz`)."""

from http import HTTPStatus

from aiohttp import web

from controller.api.operations import Asked, Model, Nothing, Operation
from controller.api.parts import Parts


class HealthState(Model):
    """What the controller knows of itself."""

    ready: bool
    """A call that arrived now would be served."""
    asterisk: bool
    """Asterisk's event stream is open."""
    media_workers: int
    """Connected."""
    media_loads: list[float]
    """Of each, of one core."""
    calls: int
    """In progress."""
    records_waiting: int
    """Not yet in the database."""


async def show_health(parts: Parts, _asked: Asked[Nothing, Nothing]) -> HealthState:
    return HealthState.model_validate(parts.health())


async def show_readiness(parts: Parts, _asked: Asked[Nothing, Nothing]) -> web.Response:
    state = HealthState.model_validate(parts.health())
    status = HTTPStatus.OK if state.ready else HTTPStatus.SERVICE_UNAVAILABLE
    return web.Response(status=status, text=state.model_dump_json(), content_type="application/json")


OPERATIONS = (
    Operation("GET", "/healthz", None, show_health, "Whether the controller runs", HealthState),
    Operation(
        "GET", "/readyz", None, show_readiness, "Whether a call that arrived now would be served", HealthState,
        also=(503,),
    ),
)  # fmt: skip
