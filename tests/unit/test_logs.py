"""What a line of the log shows, and what it never does."""

import sys
from pathlib import Path
from secrets import token_hex
from typing import Any, Literal

import pytest
import structlog

from controller.logs import configure


@pytest.fixture(autouse=True)
def logging_of_the_tests() -> Any:
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_traceback_shows_no_variables(
    log_format: Literal["text", "json"], capsys: pytest.CaptureFixture[str]
) -> None:
    def connect(headers: dict[str, str]) -> None:
        raise ValueError(f"{len(headers)} headers")

    configure("info", log_format)
    secret = token_hex()  # the traceback shows this line
    try:
        connect({"Authorization": secret})
    except ValueError:
        structlog.get_logger().exception("bot not asked")
    logged = capsys.readouterr().err
    assert "connect" in logged
    assert "headers" in logged
    assert secret not in logged


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux's own")
def test_a_full_disk_takes_the_line_and_not_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    configure("info", "text")
    with Path("/dev/full").open("wb", buffering=0) as full:
        stderr = open(full.fileno(), "w", closefd=False)  # noqa: SIM115 - it cannot be closed: that writes
        monkeypatch.setattr(sys, "stderr", stderr)
        structlog.get_logger().info("nobody reads this")
        with pytest.raises(OSError, match="No space left"):
            stderr.flush()
        with pytest.raises(OSError, match="No space left"):
            stderr.detach()
