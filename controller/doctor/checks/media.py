"""The media workers: there, known to the controller, and not too busy."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from controller.doctor.checks.asterisk import ControllerSeen
from controller.doctor.finding import Area, Fault, Finding, fault, good, skipped, warning


@dataclass(frozen=True, slots=True)
class WorkerSeen:
    """`problem`: why it does not answer; `controller`: whether one is connected to it."""

    url: str
    problem: str = ""
    controller: bool = False


def workers(seen: Sequence[WorkerSeen], controller: ControllerSeen, load_max: float) -> Iterator[Finding]:
    """One that is away matters less than that there is none."""
    for worker in seen:
        if worker.problem:
            problem = f"no media worker answers at {worker.url} ({worker.problem})"
            alone = controller.workers == 0
            mend = "Start it (docker compose up media; ari-controller media), or correct MEDIA_URL"
            finding = fault if alone else warning
            yield finding(Area.MEDIA, Fault.MEDIA_AWAY, problem, mend, "MEDIA_URL")
        elif not worker.controller and not controller.problem:
            problem = f"the media worker at {worker.url} runs, and the controller is not connected to it"
            mend = "Give both the same MEDIA_TOKEN; the controller's log says why it is refused"
            yield fault(Area.MEDIA, Fault.MEDIA_TOKEN_DIFFERS, problem, mend, "MEDIA_TOKEN")
    if controller.problem:
        yield skipped(Area.MEDIA, "without a controller nobody knows its media workers")
        return
    if controller.workers == 0 and not seen:
        problem = "the controller has no media worker: no bot can be heard"
        yield fault(Area.MEDIA, Fault.MEDIA_AWAY, problem, "Its log says why its own worker ended", "MEDIA_URL")
    busy = [load for load in controller.loads if load > load_max]
    if busy:
        problem = (
            f"{len(busy)} of {len(controller.loads)} media workers use {max(busy):.0%} of a core and take no calls"
        )
        mend = "Add workers (docker compose up --scale media=2), or raise MEDIA_LOAD_MAX"
        yield warning(Area.MEDIA, Fault.MEDIA_OVERLOADED, problem, mend, "MEDIA_LOAD_MAX")
    elif controller.workers:
        yield good(Area.MEDIA, f"{controller.workers} media workers connected")
