"""What every command begins with."""

import os
from pathlib import Path

from controller import logs
from controller.config import Settings, load


def read_settings(*, quiet: bool = False) -> Settings:
    """From the environment and `.env`. `quiet`: for commands whose own lines are what the user wants to see."""
    settings = load(os.environ, Path(".env"))
    level = "warning" if quiet and settings.log_level == "info" else settings.log_level
    logs.configure(level, settings.log_format)
    return settings
