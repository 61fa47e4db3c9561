"""The bots of the routes, as they are."""

from datetime import UTC, datetime
from statistics import median
from typing import Final
from urllib.parse import urlsplit

from controller.api.bot_states import BotState
from controller.api.operations import Asked, Model, Nothing, Operation
from controller.api.parts import Parts
from controller.api.tokens import Role


class BotInfo(Model):
    """One bot of the routes."""

    name: str
    """Empty: that of the settings."""
    url: str
    """Without what may be secret in it."""
    state: BotState
    since: datetime | None
    """When it was last seen so."""
    detail: str
    """What was wrong, in the words of the record."""
    calls: int
    """That it has."""
    calls_max: int
    """0: no limit."""
    response_ms: float | None
    """From the caller's last word to the bot's first, the median of its latest calls."""
    demo: bool
    """It is the one that comes with us."""


class BotList(Model):
    """All of them."""

    bots: list[BotInfo]


DEMO_BOT_HOSTS: Final = frozenset({"demo-bot"})
"""Of docker-compose.yml."""


def shown_url(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}"


def is_demo(url: str) -> bool:
    return urlsplit(url).hostname in DEMO_BOT_HOSTS


async def list_bots(parts: Parts, _asked: Asked[Nothing, Nothing]) -> BotList:
    live = parts.calls.live()
    rungs = {rung.key: rung for rung in parts.router.routes.bots().values()}
    found = []
    for key, rung in rungs.items():
        known, calls = parts.bots.of(key), sum(call.bot == key for call in live)
        full = 0 < rung.calls_max <= calls
        found.append(
            BotInfo(
                name=rung.name,
                url=shown_url(rung.url),
                state=BotState.BUSY if full else known.state,
                since=datetime.now(UTC) if full else known.since,
                detail="" if full else known.detail,
                calls=calls,
                calls_max=rung.calls_max,
                response_ms=median(known.responses) if known.responses else None,
                demo=is_demo(rung.url),
            )
        )
    return BotList(bots=sorted(found, key=lambda bot: bot.name))


OPERATIONS = (Operation("GET", "/v1/bots", Role.READ, list_bots, "How the bots are", BotList),)
