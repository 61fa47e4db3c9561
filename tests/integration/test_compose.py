"""docker-compose.yml as a user meets it: quickly healthy, ARI out of reach, and up again after a stop."""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

ROOT = Path(__file__).parents[2]
HEALTHY_SECONDS = 20.0
SERVICES = {"asterisk", "carrier", "controller", "demo-bot", "media"}


class Stack:
    """A project of its own, with the demo's overrides (no port is published) in a network of its own."""

    def __init__(self, folder: Path) -> None:
        self._overrides = folder / "overrides.yml"
        demo = (ROOT / "setup" / "demo.yml").read_text(encoding="utf-8")
        self._overrides.write_text(demo.replace("10.213.78.", "10.213.79."), encoding="utf-8")

    def compose(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["docker", "compose", "--project-name", "ari-controller-test", "--env-file", os.devnull,
             "--file", "docker-compose.yml", "--file", str(self._overrides), "--profile", "carrier", *arguments],
            cwd=ROOT, check=False, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def up(self) -> float:
        """Bring all services up; the seconds until the last was healthy."""
        start = time.monotonic()
        run = self.compose("up", "--detach", "--no-build", "--wait", *SERVICES)
        assert run.returncode == 0, run.stdout + self.compose("logs", "--no-color").stdout
        return time.monotonic() - start

    def exec(self, service: str, *command: str) -> subprocess.CompletedProcess[str]:
        return self.compose("exec", "--no-TTY", service, *command)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    made = Stack(tmp_path_factory.mktemp("stack"))
    try:
        made.compose("build", "--quiet")
        yield made
    finally:
        made.compose("down", "--volumes", "--timeout", "2")


def test_is_healthy_soon_and_again_after_a_stop(stack: Stack) -> None:
    assert stack.up() < HEALTHY_SECONDS
    stack.compose("stop", "--timeout", "5")
    assert stack.up() < HEALTHY_SECONDS


def test_only_the_controllers_network_reaches_ari(stack: Stack) -> None:
    stack.up()
    statuses = {
        service: stack.exec(
            service, "curl", "--silent", "--max-time", "3", "--output", "/dev/null", "--write-out", "%{http_code}",
            "http://asterisk:8088/ari/channels",
        ).stdout.strip()
        for service in ("controller", "carrier", "demo-bot")
    }  # fmt: skip

    assert statuses == {"controller": "401", "carrier": "000", "demo-bot": "000"}


def test_the_trunk_is_the_test_carrier_until_there_is_another(stack: Stack) -> None:
    stack.up()
    identified = stack.exec("asterisk", "asterisk", "-rx", "pjsip show identifies").stdout
    assert "10.213.79.200/32" in identified


def test_nothing_runs_as_root(stack: Stack) -> None:
    stack.up()
    users = {service: stack.exec(service, "id", "-u").stdout.strip() for service in SERVICES}
    assert users == dict.fromkeys(SERVICES, "1500")
