"""Opening: what is missing is made, what cannot work is one line about DATABASE_URL."""

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from controller.errors import SettingError
from controller.records import database
from controller.records.store import RecordStore
from tests import postgres
from tests.integration.stack.processes import free_port
from tests.unit.records.examples import whole_call


async def refusal(url: str) -> SettingError:
    with pytest.raises(SettingError) as raised:
        await RecordStore.open(url)
    assert raised.value.setting == "DATABASE_URL"
    assert "\n" not in str(raised.value)
    return raised.value


async def test_folder_file_and_tables_are_made(sqlite_url: str, sqlite_file: Callable[[], sqlite3.Connection]) -> None:
    store = await RecordStore.open(sqlite_url)
    await store.close()
    connection = sqlite_file()
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


async def test_the_connection_is_durable_and_keeps_references(sqlite_store: RecordStore) -> None:
    async with sqlite_store.database.reading() as connection:
        assert (await connection.exec_driver_sql("PRAGMA synchronous")).scalar_one() == 2, "FULL"
        assert (await connection.exec_driver_sql("PRAGMA foreign_keys")).scalar_one() == 1


async def test_opening_again_finds_what_was_written(url: str) -> None:
    first = await RecordStore.open(url)
    await first.write(whole_call())
    await first.close()
    second = await RecordStore.open(url)
    assert [call.id for call in await second.list_calls()] == ["c1"]
    await second.close()


@pytest.mark.parametrize(
    "url",
    [
        "calls.sqlite3",
        "",
        "sqlite://",
        "sqlite+aiosqlite://",
        "sqlite+aiosqlite:///:memory:",
        "mysql://u:secret@h/d",
        "postgresql://u:secret@h/d",
        "postgresql+asyncpg://u:secret@h",
    ],
)
async def test_what_is_no_database_of_ours_is_refused(url: str) -> None:
    error = await refusal(url)
    assert database.EXAMPLE in error.mend
    assert "secret" not in str(error)


async def test_a_file_that_is_no_database_is_refused(sqlite_url: str, tmp_path: Path) -> None:
    path = tmp_path / "data" / "calls.sqlite3"
    path.parent.mkdir()
    path.write_text("Dear diary, " * 1000)
    assert "not a database" in (await refusal(sqlite_url)).problem


async def test_a_folder_in_place_of_the_file_is_refused(sqlite_url: str, tmp_path: Path) -> None:
    (tmp_path / "data" / "calls.sqlite3").mkdir(parents=True)
    assert "unable to open" in (await refusal(sqlite_url)).problem


async def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    error = await refusal(f"sqlite+aiosqlite:///{tmp_path}/file/calls.sqlite3")
    assert str(tmp_path / "file") in error.problem


async def test_a_postgres_that_is_not_there_is_refused_without_its_password() -> None:
    error = await refusal(f"postgresql+asyncpg://user:secret@127.0.0.1:{free_port()}/calls")
    assert "Start Postgres" in error.mend
    assert "secret" not in str(error)


async def test_a_postgres_database_that_does_not_exist_is_refused(cluster: postgres.Postgres) -> None:
    assert 'database "nowhere" does not exist' in (await refusal(cluster.url("nowhere"))).problem


async def test_two_writers_of_one_process_take_turns(url: str) -> None:
    """In SQLite the second would otherwise look again and again whether the first has ended."""
    store = await RecordStore.open(url)
    order: list[int] = []

    async def write(number: int) -> None:
        async with store.database.writing():
            order.append(number)
            await asyncio.sleep(0)
            order.append(number)

    await asyncio.gather(*(write(number) for number in range(3)))
    if store.database.is_sqlite:
        assert order == [0, 0, 1, 1, 2, 2]
    await store.close()
