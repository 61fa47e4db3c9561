"""`python -m controller.media` is `ari-controller media` without the control plane, of which its image has nothing."""

import os
import sys
from pathlib import Path

import uvloop

from controller import logs
from controller.config import load
from controller.errors import SETTING_STATUS, SettingError
from controller.media.process import work


def main() -> None:
    """An error of the user's is one line on standard error, and status 2."""
    try:
        settings = load(os.environ, Path(".env"))
        logs.configure(settings.log_level, settings.log_format)
        uvloop.run(work(settings))
    except SettingError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(SETTING_STATUS)


main()
