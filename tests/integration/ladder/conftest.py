"""`make ladder` prints what these tests found: one JSON object a line."""

import json
import os
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.integration.ladder.routes import BOT_THEN_DESK, routes
from tests.integration.stack.stack import Stack

LINES_VARIABLE = "LADDER_LINES"
"""Where set: print the lines."""


class Line:
    """What one test found. A test that fails leaves `record_right` false."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self.fields: dict[str, Any] = {}
        self.record_right = False
        self._capture: Any = request.config.pluginmanager.getplugin("capturemanager")

    def ladder(self, trigger: str, **fields: Any) -> None:
        self.fields = {"ladder": trigger, **fields}

    def transfer(self, way: str, outcome: str, **fields: Any) -> None:
        self.fields = {"transfer": way, "outcome": outcome, **fields}

    def print(self, left_behind: int) -> None:
        line = {**self.fields, "record_right": self.record_right, "left_behind": left_behind}
        if os.environ.get(LINES_VARIABLE) and self.fields:
            with self._capture.global_and_fixture_disabled():
                print("\n" + json.dumps(line), flush=True)  # noqa: T201


@pytest.fixture
def settings(running_stack: Stack) -> dict[str, str]:
    """A routes.toml for all of them, so that each test's routes are read by a controller that runs."""
    wanted = {"ROUTES_FILE": str(running_stack.routes_file)}
    # Only for a controller that is to be started: one that runs may be reading this while the test gives it its own.
    if running_stack.custom != wanted:
        running_stack.routes_file.write_text(routes(running_stack, BOT_THEN_DESK))
    return wanted


@pytest.fixture
async def line(stack: Stack, request: pytest.FixtureRequest) -> AsyncIterator[Line]:
    line = Line(request)
    yield line
    try:
        await stack.until_nothing_left()
    finally:
        line.print(len(await stack.left_behind()))
