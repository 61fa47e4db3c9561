"""Callers who wait for a bot that is busy: one line per bot, first come, first served."""

import asyncio
from collections.abc import Callable
from typing import Final

from controller.call import events as e
from controller.routing.route import BotRung

RETRY_SECONDS: Final = 1.0
"""So often the first in line tries: a bot that is busy by its own word does not tell when it is free."""

Tell = Callable[[e.Event], None]


class Lines:
    """Of this process. A place is known by the function that tells its call."""

    def __init__(self) -> None:
        self._lines: dict[str, list[Tell]] = {}
        self._retry: asyncio.TimerHandle | None = None

    def join(self, rung: BotRung, tell: Tell) -> None:
        """The call is told its place (LineMoved), and when it is its turn (TurnCame); or LineFull."""
        line = self._lines.setdefault(rung.key, [])
        most = rung.waiting.calls_max if rung.waiting else 0
        if len(line) >= most:
            tell(e.LineFull(f"{len(line)} callers wait for {rung} already"))
            return
        line.append(tell)
        tell(e.LineMoved(len(line)))
        self._plan()

    def leave(self, tell: Tell) -> None:
        """Harmless for one who is in no line."""
        for key, line in list(self._lines.items()):
            if tell not in line:
                continue
            place = line.index(tell)
            line.remove(tell)
            for position, other in enumerate(line[place:], place + 1):
                other(e.LineMoved(position))
            if not line:
                del self._lines[key]

    def freed(self, key: str) -> None:
        """A bot may take a call: the first in line tries at once."""
        line = self._lines.get(key)
        if line:
            line[0](e.TurnCame())

    def goes_first(self, key: str, tell: Tell) -> bool:
        """Whether nobody waits before this call."""
        line = self._lines.get(key)
        return not line or line[0] == tell

    def waiting(self) -> dict[str, int]:
        """How many wait for each bot."""
        return {key: len(line) for key, line in self._lines.items()}

    def _plan(self) -> None:
        if self._retry is None and self._lines:
            self._retry = asyncio.get_running_loop().call_later(RETRY_SECONDS, self._try_again)

    def _try_again(self) -> None:
        self._retry = None
        for key in list(self._lines):
            self.freed(key)
        self._plan()
