"""The JavaScript example on a real call, where there is Node."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from controller.carrier.carrier import Carrier
from controller.carrier.sounds import tone
from tests.integration.stack.asterisks import PHONE_NUMBER
from tests.integration.stack.stack import Stack

NODE, NPM = shutil.which("node"), shutil.which("npm")

pytestmark = [pytest.mark.integration, pytest.mark.skipif(not (NODE and NPM), reason="there is no Node here")]

INSTALL_SECONDS = 60.0
START_SECONDS = 10.0
PITCH = 1300.0


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("javascript") / "bot"
    shutil.copytree("examples/javascript_bot", folder, ignore=shutil.ignore_patterns("node_modules"))
    return folder


@pytest.fixture
async def bot(running_stack: Stack, installed: Path) -> AsyncIterator[Path]:
    assert NODE
    assert NPM
    if not (installed / "node_modules").is_dir():
        install = await asyncio.create_subprocess_exec(NPM, "ci", "--no-audit", "--no-fund", cwd=installed)
        assert await asyncio.wait_for(install.wait(), INSTALL_SECONDS) == 0
    node = await asyncio.create_subprocess_exec(
        NODE,
        "bot.js",
        cwd=installed,
        env=os.environ | {"PORT": str(running_stack.bot_port)},
        stdout=asyncio.subprocess.PIPE,
    )
    assert node.stdout is not None
    assert b"bot on" in await asyncio.wait_for(node.stdout.readline(), START_SECONDS)
    yield installed
    node.kill()
    await node.wait()


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
