"""What becomes of a request to place a call."""

from datetime import UTC, datetime

import pytest

from controller.api.control import NotAllowed, Placement
from controller.routing.route import Arrival, BotRung, Placed
from controller.routing.router import Router
from controller.session.placing import to_call
from tests.unit.routing.files import routes_of

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
OWN = "+493023125000"
ROUTES = """
[defaults]
country = "DE"
[fence]
prefixes = ["+4930"]
[bots.reception]
url = "ws://bot/"
waiting = {calls_max = 3}
[humans.desk]
dial = "PJSIP/desk"
[[routes]]
name = "vip"
match = {from = "+493099999999"}
ladder = [{bot = "reception", accept_seconds = 1}]
[[routes]]
name = "desk"
match = {to = "+493023125001"}
ladder = [{human = "desk"}]
[[routes]]
name = "default"
ladder = [{bot = "reception"}, {human = "desk"}]
"""
ROUTER = Router(routes_of(ROUTES))


def test_route_number_and_caller_id() -> None:
    placement = Placement("030 12345678", "default", metadata={"a": 1}, ring_seconds=20.0)
    arrival, decision = to_call(ROUTER, placement, OWN, "desk", AT)
    endpoint = "PJSIP/+493012345678@trunk"
    assert arrival == Arrival("api", OWN, "", "+493012345678", placed=Placed(endpoint, 20.0, "desk", {"a": 1}))
    assert (arrival.direction, arrival.other_number, arrival.own_number) == ("outbound", "+493012345678", OWN)
    (bot,) = decision.route.ladder
    assert isinstance(bot, BotRung)
    assert bot.waiting is None
    assert (
        to_call(ROUTER, Placement("+493012345678", from_number="+493011"), OWN, "desk", AT)[0].from_number == "+493011"
    )


def test_without_a_route_it_is_the_one_of_the_callees_own_calls() -> None:
    assert to_call(ROUTER, Placement("+493099999999"), OWN, "desk", AT)[1].route.name == "vip"
    assert to_call(ROUTER, Placement("+493012345678"), OWN, "desk", AT)[1].route.name == "default"


@pytest.mark.parametrize(
    ("placement", "why"),
    [
        (Placement("+441632960000"), "no prefix"),
        (Placement("+19005550000"), "no prefix"),
        (Placement("12"), "no telephone number"),
        (Placement("+493012345678", "desk"), "has no bot"),
        (Placement("+493012345678", "nowhere"), "there is no route 'nowhere'"),
    ],
)
def test_what_is_not_allowed(placement: Placement, why: str) -> None:
    with pytest.raises(NotAllowed, match=why):
        to_call(ROUTER, placement, OWN, "desk", AT)
