"""What an integration test is given: `stack`, `bot` and `carrier`. After each test nothing may be left in Asterisk."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from controller.carrier.carrier import Carrier
from tests.integration.stack import asterisks
from tests.integration.stack.bot import Bot, serving
from tests.integration.stack.stack import Stack


@pytest.fixture(scope="session")
def sounds_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The controller writes it and Asterisk reads it."""
    return tmp_path_factory.mktemp("sounds")


@pytest.fixture(scope="session")
def running_asterisks(sounds_folder: Path) -> Iterator[asterisks.Asterisks]:
    with asterisks.running(folders={str(sounds_folder): sounds_folder}) as pair:
        yield pair


@pytest.fixture(scope="session")
def running_stack(
    running_asterisks: asterisks.Asterisks, sounds_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    stack = Stack(running_asterisks, tmp_path_factory.mktemp("stack"), sounds_folder)
    stack.start()
    yield stack
    stack.stop()


@pytest.fixture
async def bot(running_stack: Stack) -> AsyncIterator[Bot]:
    """At the URL where the controller looks for its bot."""
    async with serving(running_stack.bot_port) as bot:
        yield bot


@pytest.fixture
async def carrier(running_stack: Stack) -> AsyncIterator[Carrier]:
    carrier = running_stack.asterisks.carrier
    async with Carrier(carrier.url, carrier.password) as connected:
        yield connected


@pytest.fixture
def settings() -> dict[str, str]:
    """Of the controller, beside the usual ones: a module that needs others has a fixture of this name."""
    return {}


@pytest.fixture
async def stack(
    running_stack: Stack,
    settings: dict[str, str],
    bot: Bot,  # noqa: ARG001 - see below
    carrier: Carrier,  # noqa: ARG001
) -> AsyncIterator[Stack]:
    """Asked for last, so left first: while bot and carrier are still there, all that the test made must go.

    Every call of the test must have exactly one record, closed.
    """
    running_stack.as_usual(settings)
    running_stack.seen |= {record.id for record in await running_stack.records()}
    yield running_stack
    await running_stack.until_nothing_left()
    if running_stack.controller.running:
        await running_stack.until_closed()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Why a test got another try, which its name alone does not say."""
    for report in terminalreporter.stats.get("rerun", ()):
        errors = [line for line in report.longreprtext.splitlines() if line.startswith("E ")]
        terminalreporter.write_line(f"RERUN {report.nodeid} ({report.when}): {' '.join(errors[:1])[:300]}")
