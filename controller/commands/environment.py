"""What every command needs first: the settings, the log, the records."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from controller import logs
from controller.config import Settings, load
from controller.records.store import RecordStore


def read_settings(*, quiet: bool = False) -> Settings:
    """From the environment and `.env`. `quiet`: for commands whose own lines are what the user wants to see."""
    settings = load(os.environ, Path(".env"))
    level = "warning" if quiet and settings.log_level == "info" else settings.log_level
    logs.configure(level, settings.log_format)
    return settings


@asynccontextmanager
async def records() -> AsyncIterator[RecordStore]:
    """The records of the settings. Raises SettingError."""
    store = await RecordStore.open(read_settings(quiet=True).database_url)
    try:
        yield store
    finally:
        await store.close()
