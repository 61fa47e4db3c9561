from datetime import UTC, datetime

from controller.config import load
from controller.routing.closures import Closure, Closures
from controller.routing.route import Arrival, BotRung, Decision, HumanRung
from controller.routing.router import Router, routes_of_settings
from tests.unit.routing.files import routes_of

AT = datetime(2026, 11, 24, 18, tzinfo=UTC)


def decide(**environment: str) -> Decision:
    return Router(routes_of_settings(load(environment))).decide(Arrival("trunk", "1", "", "2"), AT)


def test_the_default_route_is_the_bot_then_the_human() -> None:
    decision = decide(BOT_URL="wss://bot.example.com/", BOT_TOKEN="t", HUMAN_ENDPOINT="PJSIP/1@trunk")
    human = HumanRung("PJSIP/1@trunk", 30.0)
    assert decision.route.ladder == (BotRung("wss://bot.example.com/", "t"), human)
    assert decision.route.human == human
    assert "2" in decision.reason


def test_the_transport_is_a_setting() -> None:
    (bot, _) = decide(MEDIA_TRANSPORT="websocket").route.ladder
    assert isinstance(bot, BotRung)
    assert bot.transport == "websocket"


def test_one_socket_for_all_calls_is_a_setting() -> None:
    (bot, _) = decide(BOT_MULTIPLEX="true").route.ladder
    assert isinstance(bot, BotRung)
    assert bot.multiplex


TWO_CALENDARS = """
[calendars.office]
time_zone = "UTC"
mon-fri = ["09:00-17:00"]
[calendars.always]
time_zone = "UTC"
mon-sun = ["00:00-24:00"]
[humans.desk]
dial = "PJSIP/desk"
[[routes]]
name = "all"
ladder = [{human = "desk", hours = "office"}, {human = "desk", hours = "always"}, {busy = 486}]
"""


def test_a_rung_outside_its_hours_is_closed_and_says_why() -> None:
    router = Router(routes_of(TWO_CALENDARS))
    decision = router.decide(Arrival("trunk", "1", "", "2"), AT)
    assert decision.closed == {0: "calendar office: closed, Tue 18:00 is outside 09:00-17:00"}


def test_what_is_closed_by_switch_is_closed_at_once() -> None:
    router = Router(routes_of(TWO_CALENDARS))
    router.close(Closures().closed(Closure("always", AT.replace(hour=19), "fire drill")))
    closed = router.decide(Arrival("trunk", "1", "", "2"), AT).closed
    assert closed[1] == "calendar always: closed by switch until 2026-11-24 19:00: fire drill"
    assert 1 not in router.decide(Arrival("trunk", "1", "", "2"), AT.replace(hour=19)).closed


def test_new_routes_leave_a_decision_as_it_was() -> None:
    router = Router(routes_of(TWO_CALENDARS))
    earlier = router.decide(Arrival("trunk", "1", "", "2"), AT)
    router.routes = routes_of_settings(load({}))
    assert earlier.route.name == "all"
    assert router.decide(Arrival("trunk", "1", "", "2"), AT).route.name == "default"
