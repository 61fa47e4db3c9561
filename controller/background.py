"""Tasks that end at different times and that nobody awaits: asyncio keeps no reference to them, nor tells of failures.

`asyncio.TaskGroup` is for those that are waited for together, and ends all of them when one fails.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

log = structlog.get_logger()


class Background:
    """The tasks of one owner. `said` is the line in the log when one fails, with `context`; the others go on.

    `usual`: errors that are nothing unusual to these tasks.
    """

    def __init__(self, said: str, usual: tuple[type[Exception], ...] = (), **context: Any) -> None:
        self._said = said
        self._usual = usual
        self._log = log.bind(**context)
        self._tasks: set[asyncio.Task[None]] = set()

    def __bool__(self) -> bool:
        return bool(self._tasks)

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Do it now, beside all else. Tasks begin in the order in which they were started."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    async def wait(self, seconds: float | None = None) -> None:
        """For those that run now to end, at most so long; the one that waits excepted."""
        others = self._tasks - {asyncio.current_task()}
        if others:
            await asyncio.wait(others, timeout=seconds)

    async def drain(self, seconds: float) -> None:
        """Until none runs, later ones included, at most so long; what is left then is cancelled."""
        deadline = asyncio.get_running_loop().time() + seconds
        while self._tasks and (left := deadline - asyncio.get_running_loop().time()) > 0:
            await self.wait(left)
        await self.cancel()

    async def cancel(self) -> None:
        """End all of them now."""
        tasks = self._tasks - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _finished(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if task.cancelled() or not (error := task.exception()):
            return
        if isinstance(error, self._usual):
            self._log.debug(self._said, error=str(error))
        else:
            self._log.error(self._said, exc_info=error)
