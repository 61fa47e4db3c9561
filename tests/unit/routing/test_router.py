from controller.config import load
from controller.routing.route import Arrival, BotRung, HumanRung
from controller.routing.router import Router


def test_the_default_route_is_the_bot_then_the_human() -> None:
    settings = load({"BOT_URL": "wss://bot.example.com/", "BOT_TOKEN": "t", "HUMAN_ENDPOINT": "PJSIP/1@trunk"})
    decision = Router(settings).decide(Arrival("trunk", "1", "", "2"))
    human = HumanRung("PJSIP/1@trunk", 30.0)
    assert decision.route.ladder == (BotRung("wss://bot.example.com/", "t"), human)
    assert decision.route.human == human
    assert "2" in decision.reason


def test_the_transport_is_a_setting() -> None:
    (bot, _) = Router(load({"MEDIA_TRANSPORT": "websocket"})).decide(Arrival("trunk", "1", "", "2")).route.ladder
    assert isinstance(bot, BotRung)
    assert bot.transport == "websocket"


def test_one_socket_for_all_calls_is_a_setting() -> None:
    (bot, _) = Router(load({"BOT_MULTIPLEX": "true"})).decide(Arrival("trunk", "1", "", "2")).route.ladder
    assert isinstance(bot, BotRung)
    assert bot.multiplex
