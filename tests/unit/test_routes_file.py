"""The routes file: found, read, watched, and refused where it is bad."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from controller.bot.adapters import audio_carried
from controller.bot.tls import TlsFiles
from controller.config import Settings
from controller.errors import ControllerError, SettingError
from controller.routes_file import RoutesFile, load_routes, tls_of
from controller.routing.router import Router
from controller.routing.routes import Routes
from tests import certificates

ROUTE = '[[routes]]\nname = "{}"\nladder = [{{busy = 486}}]\n'
PATIENCE_SECONDS = 10.0


def settings_of(path: Path) -> Settings:
    return Settings(routes_file=str(path))


def written(path: Path, name: str) -> Path:
    path.write_text(ROUTE.format(name))
    return path


def test_without_a_file_the_settings_are_the_route(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_routes(Settings()).source == "the settings"
    written(Path("routes.toml"), "of file")
    assert load_routes(Settings()).routes[0].name == "of file"


def test_a_named_file_has_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"^ROUTES_FILE: cannot read .*none.toml \(No such file or directory\)"):
        load_routes(settings_of(tmp_path / "none.toml"))


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "routes.toml").write_bytes(b"x = '\xff'")
    with pytest.raises(SettingError, match=r"is not UTF-8 \(byte 5\)"):
        load_routes(settings_of(tmp_path / "routes.toml"))


def test_files_and_secrets_are_found_from_the_folder_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOME_TOKEN", "from the environment")
    (tmp_path / ".env").write_text("OTHER_TOKEN=from .env\nSOME_TOKEN=no")
    (tmp_path / "key").write_text("from a file\n")
    (tmp_path / "closed.wav").write_bytes(b"")
    (tmp_path / "routes.toml").write_text(
        '[bots.a]\nurl = "ws://a"\ntoken = {env = "SOME_TOKEN"}\n'
        '[bots.b]\nurl = "ws://b"\ntoken = {file = "key"}\n'
        '[bots.c]\nurl = "ws://c"\ntoken = {env = "OTHER_TOKEN"}\n'
        '[[routes]]\nname = "r"\n'
        'ladder = [{bot = "a"}, {bot = "b"}, {bot = "c"}, {announcement = {file = "closed.wav"}}]'
    )
    routes = load_routes(settings_of(tmp_path / "routes.toml"))
    assert [bot.token for bot in routes.bots().values()] == ["from the environment", "from a file", "from .env"]
    assert [sound.file for sound in routes.sounds()] == [str(tmp_path / "closed.wav")]


BOT = '[bots.a]\nurl = "wss://a"\n{}\n[[routes]]\nname = "r"\nladder = [{{bot = "a"}}]\n'


def test_certificates_are_tried_when_the_file_is_read(tmp_path: Path) -> None:
    made = certificates.make(tmp_path)
    path = tmp_path / "routes.toml"
    path.write_text(BOT.format('ca_file = "ca.pem"\ncertificate_file = "client.pem"\nkey_file = "client.key"'))
    (bot,) = load_routes(settings_of(path)).bots().values()
    assert tls_of(bot) == TlsFiles(made.ca, made.certificate("client"), made.key("client"))
    path.write_text(BOT.format('ca_file = "routes.toml"'))
    with pytest.raises(SettingError, match=r"routes.toml:3: bots.a.ca_file: cannot use .*routes.toml"):
        load_routes(settings_of(path))
    path.write_text(BOT.format('certificate_file = "client.pem"\nkey_file = "server.key"'))
    with pytest.raises(SettingError, match=r"routes.toml:3: bots.a.certificate_file: cannot use .*server.key"):
        load_routes(settings_of(path))


def test_a_secret_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"\xff\xfe")
    (tmp_path / "routes.toml").write_text(BOT.format('token = {file = "key"}'))
    with pytest.raises(SettingError, match=r"routes.toml:3: bots.a.token: .*key is no text"):
        load_routes(settings_of(tmp_path / "routes.toml"))


def test_every_protocol_is_known(tmp_path: Path) -> None:
    for name, audios in audio_carried().items():
        for audio in audios:
            (tmp_path / "routes.toml").write_text(BOT.format(f'protocol = "{name}"\naudio = "{audio}"'))
            (bot,) = load_routes(settings_of(tmp_path / "routes.toml")).bots().values()
            assert (bot.protocol, bot.audio) == (name, audio)


@asynccontextmanager
async def watched(
    path: Path, on_loaded: Callable[[Routes], Awaitable[None]] | None = None
) -> AsyncIterator[tuple[Router, RoutesFile]]:
    router = Router(load_routes(settings_of(path)))
    file = RoutesFile(settings_of(path), router, on_loaded)
    task = asyncio.create_task(file.watch())
    try:
        yield router, file
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in a file
            await asyncio.sleep(0.01)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("controller.settings_file.POLL_SECONDS", 0.02)


async def test_a_change_takes_effect(tmp_path: Path) -> None:
    path = written(tmp_path / "routes.toml", "one")
    async with watched(path) as (router, _):
        written(path, "another")
        await until(lambda: router.routes.routes[0].name == "another")


async def test_a_secret_that_has_changed_is_read_again_when_told(tmp_path: Path) -> None:
    path, secret = tmp_path / "routes.toml", tmp_path / "key"
    secret.write_text("first")
    path.write_text(BOT.format('signing_secret = {file = "key"}'))
    async with watched(path) as (router, file):
        secret.write_text("second")
        file.reload()
        await until(lambda: [bot.signing_secret for bot in router.routes.bots().values()] == ["second"])
        secret.unlink()
        with capture_logs() as lines:
            file.reload()
            await until(lambda: lines)
        assert "bots.a.signing_secret: cannot read" in lines[0]["problem"]
        assert [bot.signing_secret for bot in router.routes.bots().values()] == ["second"]


async def test_an_editor_that_renames_is_seen(tmp_path: Path) -> None:
    """Even if the new file has the length and the time of the old one."""
    path = written(tmp_path / "routes.toml", "one")
    async with watched(path) as (router, _):
        other = written(tmp_path / "routes.toml~", "two")
        os.utime(other, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
        other.replace(path)
        await until(lambda: router.routes.routes[0].name == "two")


async def test_a_bad_file_changes_nothing_and_says_why(tmp_path: Path) -> None:
    path = written(tmp_path / "routes.toml", "one")
    with capture_logs() as logs:
        async with watched(path) as (router, _):
            path.write_text('[defualts]\n[[routes]]\nname = "x"\nladder = [{busy = 1}]')
            await until(lambda: len(logs) >= 2)
            assert [entry["problem"].removeprefix(f"{path}:")[:2] for entry in logs] == ["1:", "4:"]
            assert router.routes.routes[0].name == "one"
            path.unlink()
            await until(lambda: len(logs) >= 3)
            assert router.routes.routes[0].name == "one"
            written(path, "mended")
            await until(lambda: router.routes.routes[0].name == "mended")


async def test_reload_reads_an_unchanged_file_again(tmp_path: Path) -> None:
    """What it refers to may have changed."""
    path = written(tmp_path / "routes.toml", "one")
    async with watched(path) as (router, file):
        earlier = router.routes
        file.reload()
        await until(lambda: router.routes is not earlier)


async def test_new_routes_wait_for_what_they_need(tmp_path: Path) -> None:
    path = written(tmp_path / "routes.toml", "one")
    prepared = asyncio.Event()
    asked: list[str] = []

    async def prepare(routes: Routes) -> None:
        asked.append(routes.routes[0].name)
        await prepared.wait()

    async with watched(path, prepare) as (router, _):
        written(path, "two")
        await until(lambda: asked)
        assert router.routes.routes[0].name == "one"
        prepared.set()
        await until(lambda: router.routes.routes[0].name == "two")


async def test_routes_that_cannot_be_prepared_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "routes.toml", "one")

    async def prepare(_: Routes) -> None:
        raise ControllerError("no voice")

    with capture_logs() as logs:
        async with watched(path, prepare) as (router, _):
            written(path, "two")
            await until(lambda: logs)
    assert logs[0]["problem"] == "no voice"
    assert router.routes.routes[0].name == "one"
