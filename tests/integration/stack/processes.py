"""Our own processes, started as a user starts them."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

READY_SECONDS = 20.0
STOP_SECONDS = 12.0


class Process:
    """One `ari-controller` command with settings of its own; `log` is all that it printed."""

    def __init__(self, command: str, settings: dict[str, str], log: Path) -> None:
        self.command = command
        self.settings = settings
        self.prefix: tuple[str, ...] = ()
        """A command that becomes this one, such as `nice`."""
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self.started_at = 0
        """Where in the log the latest start is."""

    def start(self, **settings: str) -> None:
        """`settings` are for this start only."""
        # Nothing of the machine's own settings may leak in.
        environment = {"PATH": os.environ["PATH"], "LOG_LEVEL": "debug", **self.settings, **settings}
        with self._log.open("ab") as log:
            self.started_at = log.tell()
            self._process = subprocess.Popen(
                [*self.prefix, sys.executable, "-m", "controller", self.command],
                env=environment,
                stdout=log,
                stderr=log,
            )

    def stop(self) -> int:
        """As Docker does: SIGTERM, and SIGKILL for what will not end. Returns the exit status."""
        self.terminate()
        return self.until_ended()

    def terminate(self) -> None:
        """SIGTERM, and it may take its time."""
        assert self._process
        self._process.terminate()

    def until_ended(self) -> int:
        """After `terminate`. Returns the exit status."""
        assert self._process
        try:
            return self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise AssertionError(f"{self.command} did not end on SIGTERM:\n{self.log()}") from None

    def kill(self) -> None:
        """SIGKILL: no goodbye."""
        assert self._process
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def freeze(self) -> None:
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process
        self._process.send_signal(signal.SIGCONT)

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def log(self, since: int = 0) -> str:
        """From this byte on."""
        if not self._log.exists():
            return ""
        with self._log.open("rb") as log:
            log.seek(since)
            return log.read().decode(errors="replace")

    @property
    def logged(self) -> int:
        """Bytes so far."""
        return self._log.stat().st_size

    def reload(self) -> None:
        assert self._process
        self._process.send_signal(signal.SIGHUP)

    def wait_until_ready(self, url: str) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not healthy(url):
            if not self.running or time.monotonic() > deadline:
                raise AssertionError(f"{self.command} is not ready:\n{self.log()}")
            time.sleep(0.05)


def healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - http to our own process
            json.load(answer)
            return True
    except (urllib.error.URLError, OSError):
        return False


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
