"""`trunks check` and `trunks show`."""

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from controller.cli import cli
from controller.config import load
from controller.errors import SettingError

TRUNKS = """
[trunks.carrier]
profile = "sipgate"
username = "1234567t0"
password = {env = "CARRIER_PASSWORD"}
numbers = "+493023125000"
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CARRIER_PASSWORD", "s3cret")
    monkeypatch.setenv("ARI_URL", "http://127.0.0.1:1")
    # The log would be set up for an output that ends with the test.
    monkeypatch.setattr("controller.commands.trunks.read_settings", lambda **_: load(os.environ))
    return tmp_path


def test_what_is_understood_is_said_without_the_password(here: Path) -> None:
    (here / "trunks.toml").write_text(TRUNKS)
    result = CliRunner().invoke(cli, ["trunks", "check"])
    assert result.exit_code == 0
    assert "carrier: registers at sip:sipconnect.sipgate.de as 1234567t0; UDP" in result.output
    assert "not from the provider's own documentation" in result.output
    assert "s3cret" not in result.output


def test_no_trunks() -> None:
    assert "no trunks: trunks.toml is not there" in CliRunner().invoke(cli, ["trunks", "check"]).output


def test_a_mistake_is_an_error_of_the_users(here: Path) -> None:
    (here / "trunks.toml").write_text(TRUNKS.replace("sipgate", "sipgat"))
    with pytest.raises(SettingError, match="Did you mean 'sipgate'"):
        CliRunner().invoke(cli, ["trunks", "check"], catch_exceptions=False)


def test_asterisk_that_cannot_be_asked(here: Path) -> None:
    (here / "trunks.toml").write_text(TRUNKS)
    result = CliRunner().invoke(cli, ["trunks", "show"])
    assert result.exit_code == 1
    assert "carrier: unknown, Asterisk cannot be asked" in result.output
    assert "AMI_PASSWORD" in result.output
