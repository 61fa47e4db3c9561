"""The file of those who may sign in."""

import stat
from pathlib import Path

import pytest

from controller.api.tokens import Role
from controller.api.users import USERS_MAX, Users, users_path, verify
from controller.config import load
from controller.errors import SettingError

PASSWORD = "correct horse"


@pytest.mark.parametrize(
    ("environment", "path"),
    [
        ({}, "data/users.json"),
        ({"DATABASE_URL": "sqlite+aiosqlite:////data/calls.sqlite3", "CLOSED_FILE": "/x/closed"}, "/data/users.json"),
        ({"USERS_FILE": "/var/lib/users.json"}, "/var/lib/users.json"),
    ],
)
def test_where_it_is(environment: dict[str, str], path: str) -> None:
    assert users_path(load(environment)) == Path(path)


def test_a_user_is_added_changed_and_removed(tmp_path: Path) -> None:
    path = tmp_path / "new" / "users.json"
    users, others = Users(path), Users(path)
    assert others.all() == []
    users.add("anna", Role.READ, PASSWORD)
    users.add("berta@example.com", Role.ADMIN, PASSWORD)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert PASSWORD not in path.read_text(encoding="utf-8")
    found = others.find("anna")
    assert found is not None
    assert (found.role, verify(found, PASSWORD), verify(found, PASSWORD + " ")) == (Role.READ, True, False)
    users.add("anna", Role.OPERATE, "another " + PASSWORD)
    changed = others.find("anna")
    assert changed is not None
    assert (changed.role, verify(changed, PASSWORD)) == (Role.OPERATE, False)
    assert users.remove("anna")
    assert not users.remove("anna")
    assert [user.name for user in others.all()] == ["berta@example.com"]


def test_nobody_has_no_password() -> None:
    assert not verify(None, PASSWORD)


@pytest.mark.parametrize(
    ("name", "password", "problem"),
    [
        ("", PASSWORD, "cannot be the name"),
        ("anna\n", PASSWORD, "cannot be the name"),
        ("a" * 65, PASSWORD, "cannot be the name"),
        ("anna", "seven77", "has 7 letters"),
        ("anna", "x" * 257, "has 257 letters"),
    ],
)
def test_who_cannot_be_added(tmp_path: Path, name: str, password: str, problem: str) -> None:
    with pytest.raises(SettingError, match=problem):
        Users(tmp_path / "users.json").add(name, Role.READ, password)


@pytest.mark.parametrize(
    "content", ["", "{}", '{"users": [{"name": "anna", "role": "king", "password": "x"}]}', "\xff"]
)
def test_a_file_that_cannot_be_read(tmp_path: Path, content: str) -> None:
    (tmp_path / "users.json").write_bytes(content.encode("latin-1"))
    with pytest.raises(SettingError, match="USERS_FILE"):
        Users(tmp_path / "users.json").all()


def test_a_hash_of_somebody_elses_making_is_nobodys_password(tmp_path: Path) -> None:
    (tmp_path / "users.json").write_text('{"users": [{"name": "a", "role": "read", "password": "plain"}]}')
    assert not verify(Users(tmp_path / "users.json").find("a"), "plain")


def test_there_is_an_end_to_it(tmp_path: Path) -> None:
    one = '{"name": "a%d", "role": "read", "password": "x"}'
    text = ",".join(one % number for number in range(USERS_MAX))
    (tmp_path / "users.json").write_text(f'{{"users": [{text}]}}')
    with pytest.raises(SettingError, match="already"):
        Users(tmp_path / "users.json").add("one-more", Role.READ, PASSWORD)
    Users(tmp_path / "users.json").add("a7", Role.READ, PASSWORD)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingError, match="cannot write"):
        Users(tmp_path / "file" / "users.json").add("anna", Role.READ, PASSWORD)
