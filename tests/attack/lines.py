"""`make attack` prints what held: one JSON object a line for every test with the marker `attack`.

A pytest plugin of that verb only. What a test measured stands in its `record_property`.
"""

import json
from collections.abc import Generator
from typing import Any, Final

import pytest

MARKER: Final = "attack"


class Lines:
    def __init__(self, config: pytest.Config) -> None:
        self._capture: Any = config.pluginmanager.getplugin("capturemanager")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        marker = item.get_closest_marker(MARKER)
        if marker and (report.when == "call" or not report.passed):
            measured = {name: value for name, value in item.user_properties if name != "rerun"}
            line = {"attack": marker.args[0], **measured, "held": report.passed}
            with self._capture.global_and_fixture_disabled():
                print("\n" + json.dumps(line), flush=True)  # noqa: T201
        return report


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Lines(config))
