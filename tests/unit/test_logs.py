"""What a line of the log shows, and what it never does."""

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
