"""Where a transfer may go."""

from controller.errors import RefusedDestination
from controller.routing.route import Destination, Route


def resolve(route: Route, to: str, way: str) -> Destination:  # noqa: ARG001
    """The destination that is meant. Raises RefusedDestination."""
    if to in {"", "human"} and route.human:
        return route.human
    if to in route.humans:
        return route.humans[to]
    raise RefusedDestination(f"route {route.name} has no human {to or ''}".rstrip())


def check_count(route: Route, transfers: int) -> None:
    """Raises RefusedDestination where one call asks too often: that is a bot in a loop."""
    if transfers > route.fence.per_call_max:
        raise RefusedDestination(f"this call has tried {route.fence.per_call_max} transfers already")
