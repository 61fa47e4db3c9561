import hashlib
import stat
from pathlib import Path

import pytest

from controller.api import tokens
from controller.api.tokens import Role
from controller.errors import SettingError

SECRET = "0123456789abcdef"


def test_entries_by_comma_and_by_line() -> None:
    found = tokens.parse(f"crm:read:{SECRET}, wall:operate:{SECRET}:with:colons\n# the boss\nboss:admin:{SECRET}2\n")
    assert [(token.name, token.role) for token in found] == [("crm", "read"), ("wall", "operate"), ("boss", "admin")]
    owner = tokens.Tokens(found).find(f"{SECRET}:with:colons")
    assert owner
    assert owner.name == "wall"
    assert SECRET not in repr(found)


def test_a_secret_given_as_its_hash() -> None:
    known = tokens.Tokens(tokens.parse(f"crm:read:sha256={hashlib.sha256(SECRET.encode()).hexdigest()}"))
    assert known.find(SECRET)
    assert not known.find(SECRET + "!")
    assert not known.find("")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("crm", "entry 1 is not name:role:secret"),
        (f"crm:read:{SECRET},x:reader:{SECRET}", "entry 2 is not"),
        (f"a b:read:{SECRET}", "entry 1 is not"),
        ("crm:read:", "entry 1 is not"),
        ("crm:read:passw0rd", "has fewer than 16 letters"),
        ("crm:read:sha256=abc", "the hash of 'crm' is not 64 hex digits"),
        (f"crm:read:{SECRET},crm:admin:{SECRET}x", "the name 'crm' stands there twice"),
    ],
)
def test_a_bad_entry_is_named_and_its_secret_is_not_shown(text: str, problem: str) -> None:
    with pytest.raises(SettingError, match=problem) as caught:
        tokens.parse(text)
    assert caught.value.setting == "API_TOKENS"
    assert SECRET not in str(caught.value)
    assert "passw0rd" not in str(caught.value)


@pytest.mark.parametrize("role", list(Role))
def test_a_role_includes_those_before_it(role: Role) -> None:
    order = [Role.READ, Role.OPERATE, Role.ADMIN]
    assert [role.includes(other) for other in order] == [order.index(other) <= order.index(role) for other in order]


def test_without_any_an_admin_token_is_made_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "new" / "token"
    tokens.load("", path)
    secret = path.read_text().strip()
    assert len(secret) > 40
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = tokens.load("", path).find(secret)
    assert again
    assert (again.name, again.role) == ("admin", Role.ADMIN)
    assert path.read_text().strip() == secret


def test_no_token_is_made_beside_configured_ones(tmp_path: Path) -> None:
    tokens.load(f"crm:read:{SECRET}", tmp_path / "token")
    assert not (tmp_path / "token").exists()


def test_the_log_says_where_it_is_and_not_what(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tokens.load("", tmp_path / "token")
    said = capsys.readouterr()
    assert str(tmp_path / "token") in said.out + said.err
    assert (tmp_path / "token").read_text().strip() not in said.out + said.err


def test_a_file_that_holds_no_token(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("\n")
    with pytest.raises(SettingError, match=r"API_TOKEN_PATH: there is no token in .* Delete the file"):
        tokens.load("", tmp_path / "token")


def test_a_place_that_cannot_be_written() -> None:
    with pytest.raises(SettingError, match="API_TOKEN_PATH: cannot write /proc/none/token"):
        tokens.load("", Path("/proc/none/token"))
