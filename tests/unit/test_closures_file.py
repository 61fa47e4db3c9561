"""What is closed for now: kept, seen by others, and never half read."""

import asyncio
import json
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from controller.closures_file import ClosuresFile, closures_path
from controller.config import load
from controller.errors import SettingError
from controller.routing.closures import ALL, Closure, Closures

UNTIL = datetime(2026, 11, 24, 18, tzinfo=UTC)
OFFICE = Closure("office", UNTIL, "Fortbildung für alle")


@pytest.mark.parametrize(
    ("environment", "path"),
    [
        ({}, "data/closed.json"),
        ({"DATABASE_URL": "sqlite+aiosqlite:////data/calls.sqlite3"}, "/data/closed.json"),
        ({"DATABASE_URL": "postgresql+asyncpg://u:p@db/calls"}, "data/closed.json"),
        ({"CLOSED_FILE": "/var/lib/closed.json"}, "/var/lib/closed.json"),
    ],
)
def test_where_it_is(environment: dict[str, str], path: str) -> None:
    assert closures_path(load(environment)) == Path(path)


def test_it_outlives_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "new" / "closed.json"
    ClosuresFile(path).close(OFFICE)
    assert ClosuresFile(path).current == Closures().closed(OFFICE)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert [file.name for file in path.parent.iterdir()] == ["closed.json"]


def test_opening_takes_one_back_or_all(tmp_path: Path) -> None:
    file = ClosuresFile(tmp_path / "closed.json")
    file.close(OFFICE)
    file.close(Closure("shop", UNTIL))
    file.open("shop")
    assert list(file.current.by_calendar) == ["office"]
    file.close(Closure("shop", UNTIL))
    file.open(ALL)
    assert file.current == Closures()
    assert ClosuresFile(tmp_path / "closed.json").current == Closures()


def test_own_changes_are_told_at_once_and_those_of_others_are_not_lost(tmp_path: Path) -> None:
    heard: list[Closures] = []
    mine = ClosuresFile(tmp_path / "closed.json", heard.append)
    ClosuresFile(tmp_path / "closed.json").close(Closure("shop", UNTIL))
    mine.close(OFFICE)
    told = len(heard)
    mine.refresh()
    assert len(heard) == told
    assert heard[-1] == mine.current == ClosuresFile(tmp_path / "closed.json").current
    assert set(mine.current.by_calendar) == {"office", "shop"}


async def test_changes_of_others_are_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("controller.closures_file.POLL_SECONDS", 0.01)
    heard: asyncio.Queue[Closures] = asyncio.Queue()
    mine = ClosuresFile(tmp_path / "closed.json", heard.put_nowait)
    assert heard.get_nowait() == Closures()
    watching = asyncio.create_task(mine.watch())
    ClosuresFile(tmp_path / "closed.json").close(OFFICE)
    assert await asyncio.wait_for(heard.get(), 10) == Closures().closed(OFFICE)
    watching.cancel()


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        '{"closed": [{"calendar": "a"}]}',
        '{"closed": [{"calendar": "a", "until": "2026-11-24T18:00"}]}',
        "\xff",
    ],
)
def test_what_cannot_be_read_changes_nothing(tmp_path: Path, content: str) -> None:
    path = tmp_path / "closed.json"
    mine = ClosuresFile(path)
    mine.close(OFFICE)
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(SettingError, match=r"^CLOSED_FILE: .*cannot"):
        mine.refresh()
    assert mine.current == Closures().closed(OFFICE)
    assert ClosuresFile(path).current == Closures()


def test_where_it_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingError, match="cannot"):
        ClosuresFile(tmp_path / "file" / "closed.json").close(OFFICE)


def test_the_file_can_be_read_by_a_person(tmp_path: Path) -> None:
    ClosuresFile(tmp_path / "closed.json").close(OFFICE)
    content = (tmp_path / "closed.json").read_text(encoding="utf-8")
    assert "für" in content
    assert json.loads(content)["closed"][0]["until"] == "2026-11-24T18:00:00+00:00"
