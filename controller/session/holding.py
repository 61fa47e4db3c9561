"""What is kept of a call in progress, so that another controller can go on with it, and what it is made from again."""

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from controller.call.call import Call
from controller.call.encoding import SECRETS, Unreadable
from controller.call.snapshot import Snapshots, restore
from controller.call.vocabulary import State
from controller.records.items import CallHeld
from controller.records.store import Held
from controller.routing.route import BotRung

VERSION: Final = 1
"""Of what is written here; another is not read."""

BOOT: Final = Path("/proc/sys/kernel/random/boot_id")
"""Until the machine starts anew, all its processes have one steady clock (proc(5), clock_gettime(2))."""

Hold = Callable[[CallHeld], None]
"""Hands it to the store, behind all that has been written of the call before."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """A call as another controller left it."""

    call: Call
    caller_channel: str
    started_at: datetime
    steps: int
    """Of its record, so far."""
    statistics: Mapping[str, int | float]
    """Of its bots that are over."""
    asterisk: str
    """When the Asterisk was started that had it."""


class Holding:
    """Of one call. `asterisk`: when Asterisk was started, as it says."""

    def __init__(self, call: Call, caller_channel: str, hold: Hold, asterisk: Callable[[], str]) -> None:
        self._call = call
        self._snapshots = Snapshots(call)
        self._caller_channel = caller_channel
        self._hold = hold
        self._asterisk = asterisk
        self._last: dict[str, Any] = {}

    def keep(self, started_at: datetime, statistics: Mapping[str, int | float]) -> None:
        """Where something has changed. What has ended is kept no more: its record says all."""
        if self._call.state is State.ENDED:
            return
        state = {
            "version": VERSION,
            "call": self._snapshots.take(),
            "caller": self._caller_channel,
            "started_at": started_at.isoformat(),
            "steady": {"boot": _boot(), "started": self._call.started},
            "statistics": dict(statistics),
            "asterisk": self._asterisk(),
        }
        if state != self._last:
            self._last = state
            self._hold(CallHeld(self._call.id, state))


def resume(held: Held, bots: Mapping[str, BotRung]) -> Resumed:
    """`bots`: those of the routes, by their keys; they know the secrets. Raises Unreadable."""
    state = held.state
    if state.get("version") != VERSION:
        raise Unreadable(f"it is of version {state.get('version')}")
    try:
        started_at = datetime.fromisoformat(state["started_at"])
        call = restore(
            state["call"], _started(state.get("steady"), started_at), lambda bot: _completed(bot, bots.get(bot.key))
        )
        return Resumed(call, state["caller"], started_at, held.steps, state["statistics"], state["asterisk"])
    except (KeyError, TypeError, ValueError) as error:
        raise Unreadable(f"{type(error).__name__}: {error}") from error


def _started(steady: Mapping[str, Any] | None, started_at: datetime) -> float:
    """When the call began, by the clock of our loop.

    The time of day may have been set meanwhile, and with it every deadline of the call. It is all that there is where
    another machine had the call.
    """
    now = asyncio.get_running_loop().time()
    if steady and steady["boot"] == _boot() and now - steady["started"] >= 0:
        return float(steady["started"])
    return now - (datetime.now(UTC) - started_at).total_seconds()


@cache
def _boot() -> str:
    try:
        return BOOT.read_text().strip()
    except OSError:
        return os.urandom(8).hex()


def _completed(bot: BotRung, known: BotRung | None) -> BotRung:
    """With the secrets of the bot that has this name, if it is the same one."""
    if known is None or known.url != bot.url:
        return bot
    return replace(bot, **{name: getattr(known, name) for name in SECRETS[BotRung]})
