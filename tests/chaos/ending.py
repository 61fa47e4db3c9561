"""How both suites end: whatever ends them, their containers and processes end with them."""

import asyncio
import signal


def end_with_signals() -> None:
    """SIGTERM too ends what the current task has begun, as SIGINT does by itself (asyncio.Runner)."""
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
