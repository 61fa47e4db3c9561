"""Secrets planted wherever one can be, and none of them in the archive."""

import asyncio
import tarfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from controller.cli import cli
from controller.config import Settings
from controller.records.store import RecordStore
from tests.unit.records.examples import whole_call

PLANTED = {
    "ARI_PASSWORD": "geheim-ari-1",
    "BOT_TOKEN": "geheim-bot-2",
    "API_TOKENS": "crm:admin:geheim-api-token-3",
    "PHONE_PASSWORD": "geheim-phone-4",
    "WEBHOOK_SECRET": "whsec_Z2VoZWltLXdlYmhvb2stNQ==",
    "CONTEXT_SECRET": "geheim-context-6-long-enough",
    "MEDIA_TOKEN": "geheim-media-7",
    "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer geheim-otel-8",
    "BOT_URL": "ws://user:geheim-url-9@127.0.0.1:1/?api_key=geheim-query-10",
    "TWILIO_AUTH_TOKEN": "geheim-twilio-11",
}
SECRETS = ("geheim", "Z2VoZWltLXdlYmhvb2stNQ")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    kept = {
        "ARI_URL": "http://127.0.0.1:1",
        "API_LISTEN": "127.0.0.1:1",
        "SIP_PORT": "1",
        "PHONE_PASSWORD_FILE": "secret",
    }
    for name, value in {**PLANTED, **kept, "DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path}/calls.sqlite3"}.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "secret").write_text("geheim-file-12\n")
    (tmp_path / ".env").write_text("HUMAN_PASSWORD=geheim-env-13\n")
    (tmp_path / "routes.toml").write_text(
        '[bots.b]\nurl = "wss://b.example.com/?token=geheim-routes-14"\ntoken = "geheim-routes-15"\n'
        '[[routes]]\nname = "default"\nladder = [{bot = "b"}]\n'
    )
    (tmp_path / "trunks.toml").write_text('[trunks.x]\npassword = "geheim-trunk-16"\n')
    (tmp_path / "controller.log").write_text(
        'connected with geheim-env-13\nAuthorization: Digest response="geheim17"\n'
    )
    monkeypatch.setattr("controller.logs.configure", lambda *_: None)
    return tmp_path


def contents(path: Path) -> dict[str, str]:
    with tarfile.open(path) as archive:
        found = {}
        for member in archive.getmembers():
            file = archive.extractfile(member)
            assert file is not None
            found[member.name.partition("/")[2]] = file.read().decode()
        return found


def test_no_planted_secret_is_in_the_archive(home: Path) -> None:
    result = CliRunner().invoke(cli, ["bundle", "--output", "x.tar.gz", "--log", "controller.log", "--no-calls"])
    assert result.exit_code == 0, result.output
    assert (home / "x.tar.gz").stat().st_mode & 0o777 == 0o600
    files = contents(home / "x.tar.gz")
    assert set(files) == {
        "versions.json", "settings.json", "environment.json", "configuration/routes.toml", "configuration/trunks.toml",
        "logs/controller.log", "doctor.json", "doctor.txt", "warnings.json",
    }  # fmt: skip
    for name, text in files.items():
        for secret in SECRETS:
            assert secret not in text, (name, text[max(0, text.index(secret) - 80) :][:200])
    assert "asterisk_unreachable" in files["doctor.txt"]
    assert "b.example.com" in files["configuration/routes.toml"]
    assert '"BOT_TOKEN": "***"' in files["settings.json"]


async def _written(url: str) -> None:
    store = await RecordStore.open(url)
    await store.write(whole_call())
    await store.close()


def test_a_call_is_put_in_when_it_is_named(home: Path) -> None:
    asyncio.run(_written(f"sqlite+aiosqlite:///{home}/calls.sqlite3"))
    result = CliRunner().invoke(cli, ["bundle", "--output", "x.tgz", "--call", "c1", "--no-calls"])
    assert result.exit_code == 0, result.output
    files = contents(home / "x.tgz")
    assert "Appointment confirmed" in files["call.txt"]
    assert "The bot hung up" in files["call-explained.txt"]


def test_an_archive_that_is_there_is_not_overwritten(home: Path) -> None:
    (home / "x.tgz").write_text("mine")
    result = CliRunner().invoke(cli, ["bundle", "--output", "x.tgz", "--no-calls"])
    assert result.exit_code != 0
    assert (home / "x.tgz").read_text() == "mine"
