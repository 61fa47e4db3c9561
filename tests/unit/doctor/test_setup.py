"""Setup writes files that work, and changes nothing that exists without a yes."""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from controller.cli import cli
from controller.config import Settings, load
from controller.doctor.setup.files import wanted, write
from controller.doctor.setup.writing import NO_TRUNK, Answers, env_with, needs_host, needs_proxy
from controller.routes_file import load_routes
from controller.trunks.profiles import PROFILES
from controller.trunks.trunks_file import load_trunks

OPTIONS = ["--number", "+49 30 23125000", "--bot", "ws://127.0.0.1:1/", "--no-input"]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("ARI_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("API_LISTEN", "127.0.0.1:1")
    monkeypatch.setattr("controller.logs.configure", lambda *_: None)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*options: str, **more: Any) -> tuple[int, str]:
    result = CliRunner().invoke(cli, ["setup", *OPTIONS, *options], **more)
    return result.exit_code, result.output


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_from_nothing_to_files_and_a_test_of_each(home: Path) -> None:
    status, said = run("--bot-token", "geheim-bot-token", "--human", "+493023125100")
    assert status == 1  # no Asterisk, no bot
    assert names(home) == [".env", "routes.toml"]
    settings = load({}, home / ".env")
    assert (settings.phone_number, settings.human_endpoint) == ("+493023125000", "PJSIP/+493023125100@trunk")
    assert settings.bot_token.get_secret_value() == "geheim-bot-token"
    assert (home / ".env").stat().st_mode & 0o777 == 0o600
    assert "asterisk_unreachable" in said
    assert "bot_unreachable" in said
    assert "a call to +493023125000" in said
    assert "geheim" not in said


def test_what_exists_is_changed_only_after_a_yes(home: Path) -> None:
    (home / ".env").write_text("# mine\nLOG_LEVEL=debug\nPHONE_NUMBER=+493023125999\nBOT_TOKEN=geheim-vorher\n")
    before = (home / ".env").read_text()
    _, said = run("--bot-token", "geheim-nachher")
    assert "stays as it is" in said
    assert "geheim" not in said
    assert (home / ".env").read_text() == before
    run("--bot-token", "geheim-nachher", "--yes")
    changed = (home / ".env").read_text().splitlines()
    assert changed[:2] == ["# mine", "LOG_LEVEL=debug"]
    assert "PHONE_NUMBER=+493023125000" in changed
    assert "BOT_TOKEN=geheim-nachher" in changed
    _, said = run()
    assert said.count("is as it should be") == 2


def test_in_compose_the_files_are_where_the_containers_see_them(home: Path) -> None:
    (home / "docker-compose.yml").write_text("services: {}\n")
    status, said = run("--trunk", "sipgate", "--trunk-username", "1234567t0", "--trunk-password", "geheim-trunk")
    assert names(home) == [
        ".env",
        "docker-compose.yml",
        *(f"routes/{name}" for name in ("routes.toml", "trunk_password", "trunks.toml")),
    ]
    assert "geheim" not in (home / "routes" / "trunks.toml").read_text() + (home / ".env").read_text() + said
    assert (home / "routes" / "trunk_password").stat().st_mode & 0o777 == 0o600
    assert (status, "docker compose up" in said) == (0, True)
    assert "ROUTES_FILE=routes/routes.toml" in (home / ".env").read_text()


@pytest.mark.parametrize("profile", [NO_TRUNK, *PROFILES])
@pytest.mark.parametrize("account", [True, False])
def test_what_is_written_can_be_read(home: Path, profile: str, account: bool) -> None:
    if not account and profile != NO_TRUNK and PROFILES[profile].values.get("way") == "register":
        pytest.skip("it wants an account")
    host = "sip.example.com:5070" if profile != NO_TRUNK and needs_host(profile) else ""
    proxy = "1.primary.companyflex.de" if needs_proxy(profile) else ""
    name, secret = ("user", "geheim-trunk") if account else ("", "")
    answers = Answers(
        "+493023125000",
        "wss://b.example.com/?a=b",
        "t0ken-token",
        "twilio",
        "phone",
        profile,
        host,
        proxy,
        name,
        secret,
    )
    write(wanted(answers, home), lambda _: False, lambda _: None)
    settings = load({}, home / ".env")
    (bot,) = load_routes(settings).bots().values()
    assert (bot.url, bot.token, bot.protocol) == (answers.bot_url, "t0ken-token", "twilio")
    if profile == NO_TRUNK:
        return
    trunk = load_trunks(settings).by_name["carrier"]
    assert (trunk.username, trunk.password, trunk.numbers) == (name, secret, ("+493023125000",))
    assert trunk.host == (host.partition(":")[0] or PROFILES[profile].values["host"])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--number", "110"], "--number"),
        (["--bot", "http://x"], "--bot"),
        (["--trunk", "nobody"], "--trunk"),
        (["--human", "Erika"], "--number"),
        (["--external-address", "a b"], "--external-address"),
    ],
)
def test_bad_answers_are_refused_and_nothing_is_written(home: Path, options: list[str], said: str) -> None:
    result = CliRunner().invoke(cli, ["setup", *OPTIONS, *options])
    assert said in str(result.exception)
    assert names(home) == []


def test_env_keeps_what_it_had() -> None:
    assert env_with("A=1\n#B=2\n", {"B": "it's", "A": "3"}) == "A=3\n#B=2\nB='it\\'s'\n"
