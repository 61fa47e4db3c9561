"""From what the API asks for to a call that we place: which route, whom, and whether that is allowed. Pure."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from controller.api.control import NotAllowed, Placement
from controller.errors import RefusedDestination
from controller.routing import fence
from controller.routing.route import Arrival, BotRung, Decision, Placed, Route
from controller.routing.router import Router

ORIGIN: Final = "api"
"""Who handed the call to us, beside the dialplan's `trunk` and `phone`."""


def to_call(router: Router, placement: Placement, own_number: str, by: str, at: datetime) -> tuple[Arrival, Decision]:
    """`own_number`: what the callee sees where nothing else is said. Raises NotAllowed."""
    route, reason = _route(router, placement, own_number, at)
    # Nobody is called in order to wait in a line, or to be told that nobody is there.
    bots = tuple(replace(rung, waiting=None) for rung in route.ladder if isinstance(rung, BotRung))
    if not bots:
        raise NotAllowed(f"route {route.name} has no bot")
    try:
        number, endpoint = fence.callee(route, placement.to)
    except RefusedDestination as refusal:
        raise NotAllowed(f"route {route.name}: {refusal}") from refusal
    placed = Placed(endpoint, placement.ring_seconds, by, dict(placement.metadata))
    arrival = Arrival(ORIGIN, placement.from_number or own_number, "", number, placed=placed)
    return arrival, Decision(replace(route, ladder=bots), reason)


def _route(router: Router, placement: Placement, own_number: str, at: datetime) -> tuple[Route, str]:
    if not placement.route:
        # As if the callee had called us.
        decision = router.decide(Arrival(ORIGIN, placement.to, "", placement.from_number or own_number), at)
        return decision.route, decision.reason
    found = next((route for route in router.routes.routes if route.name == placement.route), None)
    if found is None:
        raise NotAllowed(f"there is no route {placement.route!r}")
    return found, "as asked for"
