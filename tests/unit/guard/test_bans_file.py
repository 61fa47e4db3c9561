from datetime import UTC, datetime
from pathlib import Path

import pytest

from controller.config import Settings
from controller.errors import SettingError
from controller.guard.bans import Ban, note, shut_out
from controller.guard.bans_file import BansFile

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
BAN = Ban("198.51.100.7", NOW, 11)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(database_url=f"sqlite+aiosqlite:///{tmp_path}/calls.sqlite3")


def test_what_is_kept_is_read_by_others_once(settings: Settings, tmp_path: Path) -> None:
    ours, others = BansFile(settings), BansFile(settings)
    assert ours.read().bans == {}
    ours.change(lambda ledger: shut_out(ledger, BAN))
    ours.change(lambda ledger: note(ledger, "198.51.100.8", NOW))
    assert ours.news() is None
    found = others.news()
    assert found is not None
    assert (found.bans, found.known) == ({BAN.address: BAN}, {"198.51.100.8": NOW})
    assert others.news() is None
    others.change(lambda ledger: ledger.bans.clear())
    again = ours.news()
    assert again is not None
    assert again.bans == {}
    assert (tmp_path / "bans.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", ["{", "[]", '{"bans": [{}], "known": {}}', '{"bans": [], "known": {"a": "noon"}}'])
def test_a_file_that_cannot_be_read(settings: Settings, tmp_path: Path, content: str) -> None:
    (tmp_path / "bans.json").write_text(content)
    with pytest.raises(SettingError, match=r"bans\.json: cannot be read"):
        BansFile(settings).read()
