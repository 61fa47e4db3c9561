"""`bans`, as a user types it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from controller.cli import cli
from controller.config import Settings
from controller.errors import SettingError
from controller.guard.bans import Ban, shut_out
from controller.guard.bans_file import BansFile


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BansFile:
    monkeypatch.chdir(tmp_path)
    # It would write to the standard error of this one command for the rest of the tests.
    monkeypatch.setattr("controller.logs.configure", lambda *_: None)
    file = BansFile(Settings())
    now = datetime.now(UTC)
    for address, seconds in (("198.51.100.7", 600), ("198.51.100.8", 600), ("198.51.100.9", -1)):
        ban = Ban(address, now + timedelta(seconds=seconds), 11)
        file.change(lambda ledger, ban=ban: shut_out(ledger, ban))  # type: ignore[misc]
    return file


def run(*arguments: str) -> str:
    result = CliRunner().invoke(cli, ["bans", *arguments])
    if result.exception:
        raise result.exception
    return result.output


def test_who_is_shut_out(file: BansFile) -> None:
    assert [line.split()[0] for line in run().splitlines()] == ["198.51.100.7", "198.51.100.8"]
    assert [line.split()[0] for line in run("--lift", "198.51.100.7").splitlines()] == ["198.51.100.8"]
    assert run("--lift-all") == "nobody is shut out\n"
    assert file.read().bans == {}


@pytest.mark.parametrize(
    ("address", "problem"), [("198.51.100.10", "is not shut out"), ("somebody", "is no IP address")]
)
def test_who_is_not(address: str, problem: str) -> None:
    with pytest.raises(SettingError, match=problem):
        run("--lift", address)
