"""The commands as a person types them."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from controller.cli import cli
from controller.records import outbox
from controller.records.outbox import Outcome
from controller.records.store import RecordStore
from controller.records.targets import Audience
from controller.routing.webhook import Target
from tests.unit.records.examples import whole_call

Run = Callable[..., str]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path}/calls.sqlite3"


@pytest.fixture
def run(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command on a database with one call, whose messages were given up."""

    async def prepare() -> None:
        store = await RecordStore.open(url, audience=Audience((Target("crm", "https://crm.example.com/", "x" * 16),)))
        await store.write(whole_call())
        (stream,) = await outbox.take(store.database, "crm", datetime.now(UTC), 60, 1)
        await outbox.settle(store.database, [Outcome(stream, 0, "HTTP 503", with_all_after=True)], datetime.now(UTC))
        await store.close()

    asyncio.run(prepare())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("COLUMNS", "200")
    # The log would go on to the runner's own standard error after the command, and that is closed then.
    monkeypatch.setattr("controller.logs.configure", lambda *_: None)

    def command(*words: str, status: int = 0, typed: str = "") -> str:
        result = CliRunner().invoke(cli, words, input=typed)
        assert result.exit_code == status, result.output
        return result.output

    return command


def test_calls_are_listed_and_looked_for(run: Run) -> None:
    assert "Appointment confirmed" in run("calls")
    assert "c1" in run("calls", "--number", "12345678", "--text", "gott", "--route", "reception")
    assert "No calls" in run("calls", "--ending", "failed")
    assert "No calls" in run("calls", "--until", "2026-11-20")


def test_one_call_is_shown(run: Run) -> None:
    assert "“Grüß Gott 👋”" in run("calls", "show", "c1")


def test_one_call_is_followed_from_its_beginning(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def leave(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("controller.commands.calls.asyncio.sleep", leave)
    followed = run("calls", "follow", "c1")
    assert [line.split()[2] for line in followed.splitlines()] == [
        *("call.started", "call.step", "call.step", "transcript", "transcript", "result", "log", "call.ended")
    ]


def test_calls_are_exported(run: Run) -> None:
    assert json.loads(run("calls", "export"))["id"] == "c1"
    assert run("calls", "export", "--format", "csv").splitlines()[1].startswith("c1,2026-11-22T14:15:07.250Z")


def test_what_was_given_up_is_listed_and_sent_again(run: Run) -> None:
    listed = run("webhooks", "list")
    assert "crm" in listed
    assert "HTTP 503" in listed
    run("webhooks", "resend", status=2)
    assert "5 messages" in run("webhooks", "resend", "--call", "c1")
    assert "0 messages" in run("webhooks", "resend", "--all")


def test_a_number_is_forgotten_after_a_question(run: Run) -> None:
    assert "Nothing is known" in run("records", "forget", "+4930999")
    assert "1 calls" in run("records", "forget", "+493012345678", typed="n\n", status=1)
    assert "Removed 1 calls" in run("records", "forget", "+493012345678", "--yes")
    assert "No calls" in run("calls")


def test_what_is_old_is_swept(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEEP_EVENTS_DAYS", "7")
    assert "calls        0" in run("records", "sweep")


def test_users_are_added_listed_and_removed(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USERS_FILE", str(tmp_path / "users.json"))
    assert "Nobody yet" in run("user", "list")
    assert "role operate" in run("user", "add", "anna", "--role", "operate", typed="correct horse\n")
    run("user", "add", "berta", status=1, typed="short\n")
    assert run("user", "list") == "operate  anna\n"
    assert "may not sign in any more" in run("user", "remove", "anna")
    run("user", "remove", "anna", status=1)
