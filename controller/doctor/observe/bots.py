"""A call to every bot, as far as its `accept`."""

import asyncio
from typing import Final

from controller.bot.conversation import BotFailed, BotRefused
from controller.bot.preflight import BotAway, reach_bot
from controller.bot.protocol import AudioFormat
from controller.bot.tls import context_of
from controller.bot.websocket import where
from controller.conformance.line import BotLine, Target
from controller.doctor.checks.bots import BotSeen, BotState
from controller.errors import ControllerError, SettingError
from controller.routes_file import tls_of
from controller.routing.route import BotRung
from controller.routing.routes import Routes

BOTS_AT_ONCE: Final = 8
"""Of many bots: each costs a connection and perhaps a model."""


async def bots(routes: Routes, *, call: bool) -> list[BotSeen]:
    """In the order of the routes. `call`: not only reached, but asked to accept a call."""
    turn = asyncio.Semaphore(BOTS_AT_ONCE)

    async def look(setting: str, rung: BotRung) -> BotSeen:
        async with turn:
            return await _bot(setting, rung, call=call)

    return list(await asyncio.gather(*(look(setting, rung) for setting, rung in routes.bots().items())))


async def _bot(setting: str, rung: BotRung, *, call: bool) -> BotSeen:
    shown = where(rung.url)
    try:
        await reach_bot(rung.url, setting, tls_of(rung))
    except BotAway as away:
        return BotSeen(setting, shown, BotState.AWAY, away.problem)
    except SettingError as wrong:
        return BotSeen(setting, shown, BotState.CERTIFICATE, wrong.problem)
    if not call:
        return BotSeen(setting, shown, BotState.NOT_ASKED, "as you wished")
    if rung.multiplex:
        return BotSeen(setting, shown, BotState.NOT_ASKED, "its one connection carries the calls of a media worker")
    return await _ask(setting, shown, rung)


async def _ask(setting: str, shown: str, rung: BotRung) -> BotSeen:
    line = BotLine(_target(rung))

    def seen(state: BotState, detail: str = "") -> BotSeen:
        return BotSeen(setting, shown, state, detail, rung.protocol, line.now, rung.accept_seconds)

    try:
        await line.open()
    except BotRefused as refusal:
        return seen(BotState.REFUSED, f"{refusal.reject.reason} {refusal.reject.message}".strip())
    except BotFailed as failure:
        return seen(BotState.LATE if failure.trigger == "no_answer" else BotState.FAILED, failure.detail)
    except ControllerError as error:
        return seen(BotState.FAILED, str(error))
    accepted = seen(BotState.ACCEPTED)
    await line.end("not_answered")
    return accepted


def _target(rung: BotRung) -> Target:
    encoding, _, rate = rung.audio.partition("/")
    return Target(
        url=rung.url,
        protocol=rung.protocol,
        token=rung.token,
        username=rung.username,
        signing_secret=rung.signing_secret,
        headers=rung.headers,
        parameters=rung.parameters,
        audio=AudioFormat.model_validate({"encoding": encoding, "sample_rate": int(rate or 8000)}),
        tls=context_of(tls_of(rung)) if rung.url.startswith("wss") else None,
        accept_seconds=rung.accept_seconds,
    )
