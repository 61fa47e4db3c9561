"""What a run has measured: the line with which `make browser` ends."""

import json
from typing import Any, Final

FIGURES: Final[dict[str, Any]] = dict.fromkeys(
    [
        "bot_heard_page",
        "page_heard_bot",
        "result_shown",
        "human_reached",
        "history_shown",
        "axe_serious",
        "fps_200_calls",
        "mb_200_calls",
        "first_paint_ms",
    ]
)
"""Null: nobody has measured it."""


def line() -> str:
    return json.dumps(FIGURES)
