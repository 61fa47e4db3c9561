"""What this controller is: for a page that greets people, and says what is missing."""

from importlib.metadata import version

from controller.api.bots import is_demo, shown_url
from controller.api.operations import Asked, Model, Nothing, Operation
from controller.api.parts import Parts
from controller.api.tokens import Role


class About(Model):
    """Facts that do not change while it runs, and the bots of the routes as they are."""

    version: str
    node: str
    phone_number: str
    """The number that callers dial."""
    sip_port: int
    bots: list[str]
    """Their addresses, without what may be secret in them."""
    demo_bot: bool
    """The only bot is the one that comes with us: nobody has set a bot of their own."""


async def show_about(parts: Parts, _asked: Asked[Nothing, Nothing]) -> About:
    urls = [bot.url for bot in parts.router.routes.bots().values()]
    return About(
        version=version("ari-controller"),
        node=parts.settings.node_name,
        phone_number=parts.settings.phone_number,
        sip_port=parts.settings.sip_port,
        bots=sorted({shown_url(url) for url in urls}),
        demo_bot=bool(urls) and all(map(is_demo, urls)),
    )


OPERATIONS = (Operation("GET", "/v1/about", Role.READ, show_about, "What this controller is", About),)
