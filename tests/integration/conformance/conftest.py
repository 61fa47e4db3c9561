"""A bot of every protocol behind a number of its own; `make conformance` prints what came of each behaviour."""

import json
import os
from collections.abc import AsyncIterator, Generator
from pathlib import Path
from typing import Any

import pytest

from controller.bot.adapters import adapter_of
from tests.bots.audiocodes_bot import AudioCodesBot
from tests.bots.bot import Bot, running
from tests.bots.genesys_bot import GenesysBot
from tests.bots.native_bot import NativeBot
from tests.bots.openai_bot import OpenAIBot
from tests.bots.twilio_bot import TwilioBot
from tests.integration.stack.asterisks import HUMAN_NUMBER
from tests.integration.stack.processes import free_port

LINES_VARIABLE = "CONFORMANCE_LINES"
"""Where set: print the lines."""

BOTS: list[type[Bot]] = [NativeBot, TwilioBot, AudioCodesBot, GenesysBot, OpenAIBot]
NUMBERS = {kind.PROTOCOL: f"+4930231252{index:02}" for index, kind in enumerate(BOTS)}

TOKEN_VARIABLE = "CONFORMANCE_TOKEN"
TOKEN = "c2VjcmV0:c2VjcmV0"

ROUTES = f"""
[defaults]
country = "DE"
time_zone = "Europe/Berlin"
human = "desk"

[humans.desk]
dial = "PJSIP/{HUMAN_NUMBER}@trunk"
ring_seconds = 5

[[routes]]
name = "default"
ladder = [{{human = "desk"}}]
"""

ROUTE = """
[bots.{protocol}]
url = "ws://127.0.0.1:{port}/bot"
protocol = "{protocol}"
audio = "{audio}"
token = {{env = "{token}"}}
parameters = {{{parameters}}}
accept_seconds = 2
reconnect_seconds = 0

[[routes]]
name = "{protocol}"
match = {{to = "{number}"}}
ladder = [{{bot = "{protocol}"}}, {{human = "desk"}}]
"""

RAN = pytest.StashKey[dict[str, pytest.TestReport]]()


def route(kind: type[Bot], port: int) -> str:
    parameters = ", ".join(f"{name} = {json.dumps(value)}" for name, value in kind.PARAMETERS.items())
    return ROUTE.format(
        protocol=kind.PROTOCOL, port=port, audio=kind.AUDIO, token=TOKEN_VARIABLE, parameters=parameters,
        number=NUMBERS[kind.PROTOCOL],
    )  # fmt: skip


@pytest.fixture(scope="session")
def ports() -> dict[str, int]:
    return {kind.PROTOCOL: free_port() for kind in BOTS}


@pytest.fixture(scope="session")
def routes_file(ports: dict[str, int], tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("conformance") / "routes.toml"
    file.write_text(ROUTES + "".join(route(kind, ports[kind.PROTOCOL]) for kind in BOTS))
    return file


@pytest.fixture
def settings(routes_file: Path) -> dict[str, str]:
    """The same for all protocols: the controller is started anew once."""
    return {"ROUTES_FILE": str(routes_file), TOKEN_VARIABLE: TOKEN}


@pytest.fixture(params=BOTS, ids=lambda kind: kind.PROTOCOL)
async def bot(request: pytest.FixtureRequest, ports: dict[str, int]) -> AsyncIterator[Bot]:
    """In the place of the usual one. Its vendor's own server would have taken all that we sent."""
    kind: type[Bot] = request.param
    async with running(kind(token=TOKEN), ports[kind.PROTOCOL]) as bot:
        yield bot
        assert not [fault for call in bot.calls for fault in call.faults]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A line when all of a test is over: what it leaves behind belongs to it."""
    report = yield
    reports = item.stash.setdefault(RAN, {})
    reports[report.when] = report
    if report.when == "teardown" and os.environ.get(LINES_VARIABLE) and isinstance(item, pytest.Function):
        capture: Any = item.config.pluginmanager.getplugin("capturemanager")
        with capture.global_and_fixture_disabled():
            print("\n" + json.dumps(line(item.callspec.params, list(reports.values()))), flush=True)  # noqa: T201
    return report


def line(parameters: dict[str, Any], reports: list[pytest.TestReport]) -> dict[str, Any]:
    protocol, behaviour = parameters["bot"].PROTOCOL, parameters["behaviour"]
    cannot = adapter_of(protocol).CANNOT.get(behaviour)
    if cannot is not None:
        return {"protocol": protocol, "behaviour": behaviour, "cannot": cannot}
    return {"protocol": protocol, "behaviour": behaviour, "passed": all(report.passed for report in reports)}
