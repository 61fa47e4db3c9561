"""From an arrival to a decision."""

from controller.config import Settings
from controller.routing.route import Arrival, BotRung, Decision, HumanRung, Route

DEFAULT_ROUTE = "default"


class Router:
    """Knows the routes. Today there is one, made from the settings: the bot, then the human."""

    def __init__(self, settings: Settings) -> None:
        human = HumanRung(settings.human_endpoint, settings.human_ring_seconds)
        bot = BotRung(
            url=settings.bot_url,
            token=settings.bot_token.get_secret_value(),
            audio=settings.bot_audio,
            uplink_ms=settings.bot_uplink_ms,
            voice=settings.bot_voice,
            accept_seconds=settings.bot_accept_seconds,
            reconnect_seconds=settings.bot_reconnect_seconds,
            multiplex=settings.bot_multiplex,
            transport=settings.media_transport,
        )
        self._default = Route(DEFAULT_ROUTE, ladder=(bot, human), human=human)

    def decide(self, arrival: Arrival) -> Decision:
        """Where this call goes. Never fails: there is always the default route."""
        return Decision(self._default, f"the only route, for {arrival.to_number or 'any number'} by {arrival.origin}")
