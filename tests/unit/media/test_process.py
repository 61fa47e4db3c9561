"""A media worker that `serve` has started ends with it, however it ends."""

import asyncio
import os
import signal
import sys

import pytest

PATIENCE_SECONDS = 40.0
SETTINGS = {"PATH": os.environ["PATH"], "MEDIA_LISTEN": "127.0.0.1:0", "MEDIA_RTP_LISTEN": "127.0.0.1:0"}


async def started(*command: str) -> asyncio.subprocess.Process:
    worker = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", *command),
        env=SETTINGS,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert worker.stdout
    said = b""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while b"media worker ready" not in said:
            line = await worker.stdout.readline()
            assert line, said.decode()
            said += line
    return worker


async def test_it_ends_with_who_owns_it() -> None:
    worker = await started("controller", "media", "--owned")
    assert worker.stdin
    worker.stdin.close()
    async with asyncio.timeout(PATIENCE_SECONDS):
        await worker.communicate()
    assert worker.returncode == 0


@pytest.mark.parametrize("command", [("controller", "media"), ("controller.media",)])
async def test_one_of_its_own_goes_on_without_input_until_it_is_told_to_end(command: tuple[str, ...]) -> None:
    worker = await started(*command)
    assert worker.stdin
    worker.stdin.close()
    worker.send_signal(signal.SIGTERM)
    async with asyncio.timeout(PATIENCE_SECONDS):
        await worker.communicate()
    assert worker.returncode == 0
