"""A setting that cannot work: one line that names it and the mend, exit status 2, and no traceback."""

import os
import subprocess
import sys

import pytest

from tests.integration.stack.stack import Stack

pytestmark = pytest.mark.integration

ENDS_SECONDS = 20.0


def run(command: str, settings: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "controller", command],
        env={"PATH": os.environ["PATH"], **settings},
        capture_output=True,
        text=True,
        timeout=ENDS_SECONDS,
        check=False,
    )


@pytest.mark.parametrize(
    ("command", "setting", "value"),
    [
        ("serve", "ARI_PASSWORD", "wrong"),
        ("serve", "ARI_URL", "asterisk"),
        ("serve", "API_LISTEN", "{taken}"),
        ("serve", "BOT_URL", "bot.example.com"),
        ("serve", "BOT_URL", "wss://{taken}/"),
        ("serve", "HUMAN_RING_SECONDS", "soon"),
        ("serve", "DATABASE_URL", "sqlite+aiosqlite:////proc/calls.sqlite3"),
        ("media", "MEDIA_LISTEN", "{taken}"),
        ("media", "MEDIA_TOKEN", ""),
        ("check", "ARI_URL", "http://127.0.0.1:1"),
        ("check", "BOT_URL", "ws://127.0.0.1:1/"),
    ],
)
def test_one_line_and_status_2(running_stack: Stack, command: str, setting: str, value: str) -> None:
    taken = f"127.0.0.1:{running_stack.media_port}"
    settings = {
        **running_stack.settings,
        "API_LISTEN": "127.0.0.1:0",
        "MEDIA_LISTEN": "0.0.0.0:0",
        setting: value.format(taken=taken),
    }
    ended = run(command, settings)
    (line,) = [line for line in ended.stderr.splitlines() if line.startswith("error: ")]
    assert ended.returncode == 2
    assert line.startswith(f"error: {setting}: ")
    assert "Traceback" not in ended.stderr
