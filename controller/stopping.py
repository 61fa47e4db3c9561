"""How a process of ours ends: by a signal, or because a task has ended that should run for ever."""

import asyncio
import signal


class Stopping:
    """SIGTERM and SIGINT: the first asks us to end, the second to wait for nothing."""

    def __init__(self) -> None:
        self.asked, self.hurried = asyncio.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._take)

    def _take(self) -> None:
        (self.hurried if self.asked.is_set() else self.asked).set()


async def until_stopped(stopping: Stopping, tasks: list["asyncio.Task[None]"]) -> None:
    """Until a signal, or until a task that should run for ever ends: its error is ours."""
    signalled = asyncio.create_task(stopping.asked.wait())
    done, _ = await asyncio.wait([signalled, *tasks], return_when=asyncio.FIRST_COMPLETED)
    signalled.cancel()
    if signalled not in done:
        stopping.hurried.set()  # without what has ended calls cannot be waited for
    for task in done - {signalled}:
        await task


async def cancel(tasks: list["asyncio.Task[None]"]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
