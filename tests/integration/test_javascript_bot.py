"""The JavaScript example on a real call."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from controller.carrier.carrier import Carrier
from controller.carrier.sounds import tone
from tests.integration.stack.asterisks import PHONE_NUMBER
from tests.integration.stack.stack import Stack

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]  # Node is installed here where make did not

INSTALL_SECONDS = 60.0
START_SECONDS = 10.0
PITCH = 1300.0


@pytest.fixture(scope="module")
def node() -> str:
    """The folder of Node and npm."""
    return subprocess.run(["setup/node"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("javascript") / "bot"
    shutil.copytree("examples/javascript_bot", folder, ignore=shutil.ignore_patterns("node_modules"))
    return folder


@pytest.fixture
async def bot(running_stack: Stack, node: str, installed: Path) -> AsyncIterator[Path]:
    environment = os.environ | {"PATH": f"{node}:{os.environ['PATH']}", "PORT": str(running_stack.bot_port)}
    if not (installed / "node_modules").is_dir():
        install = await asyncio.create_subprocess_exec(
            f"{node}/npm", "ci", "--no-audit", "--no-fund", cwd=installed, env=environment
        )
        assert await asyncio.wait_for(install.wait(), INSTALL_SECONDS) == 0
    bot = await asyncio.create_subprocess_exec(
        f"{node}/node", "bot.js", cwd=installed, env=environment, stdout=asyncio.subprocess.PIPE
    )
    assert bot.stdout is not None
    assert b"bot on" in await asyncio.wait_for(bot.stdout.readline(), START_SECONDS)
    yield installed
    bot.kill()
    await bot.wait()


async def test_it_is_heard_and_hears_takes_keys_and_hangs_up(stack: Stack, bot: Path, carrier: Carrier) -> None:
    assert (bot / "bot.js").is_file()
    phone = await carrier.dial(PHONE_NUMBER)
    await phone.until_answered()
    await phone.until_tone(1000.0)
    phone.play(tone(PITCH, 0.6))
    await phone.until_tone(PITCH)
    await phone.press("9")
    await phone.until_tone(600.0)
    await phone.until_ended()
    record = await stack.record()
    assert record.summary.ending == "bot_hung_up"
    assert [result.data for result in record.results] == [{"key": "9"}]
