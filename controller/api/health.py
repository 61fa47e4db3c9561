"""How the controller is: it runs (`/healthz`), it would serve a call (`/readyz`), and in figures (`/metrics`)."""

from http import HTTPStatus

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from controller.api.operations import Asked, Model, Nothing, Operation
from controller.api.parts import Parts
from controller.api.tokens import Role


class HealthState(Model):
    """What the controller knows of itself."""

    ready: bool
    """A call that arrived now would be served."""
    draining: bool = False
    """No further calls are taken: it is about to end, or was asked to by `POST /v1/drain`."""
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
    records_on_disk: int = 0
    """Of them, those that wait on disk, because the database is away. Calls go on."""
    records_lost: int = 0
    """That will never be in the database: neither it nor the disk took them, and memory was full."""


async def show_health(parts: Parts, _asked: Asked[Nothing, Nothing]) -> HealthState:
    return HealthState.model_validate(parts.health())


async def show_readiness(parts: Parts, _asked: Asked[Nothing, Nothing]) -> web.Response:
    state = HealthState.model_validate(parts.health())
    status = HTTPStatus.OK if state.ready else HTTPStatus.SERVICE_UNAVAILABLE
    return web.Response(status=status, text=state.model_dump_json(), content_type="application/json")


async def drain(parts: Parts, _asked: Asked[Nothing, Nothing]) -> HealthState:
    """Calls in progress go on."""
    parts.drain(True)
    return HealthState.model_validate(parts.health())


async def undrain(parts: Parts, _asked: Asked[Nothing, Nothing]) -> HealthState:
    parts.drain(False)
    return HealthState.model_validate(parts.health())


async def show_metrics(parts: Parts, _asked: Asked[Nothing, Nothing]) -> web.Response:
    text = parts.metrics.render(await parts.gauges())
    return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE_LATEST})


OPERATIONS = (
    Operation("GET", "/healthz", None, show_health, "Whether the controller runs", HealthState),
    Operation(
        "GET", "/readyz", None, show_readiness, "Whether a call that arrived now would be served", HealthState,
        also=(503,),
    ),
    Operation("POST", "/v1/drain", Role.ADMIN, drain, "Take no further calls", HealthState),
    Operation("DELETE", "/v1/drain", Role.ADMIN, undrain, "Take calls again", HealthState),
    Operation(
        "GET", "/metrics", Role.READ, show_metrics, "Figures for Prometheus", media_type="text/plain",
    ),
)  # fmt: skip
