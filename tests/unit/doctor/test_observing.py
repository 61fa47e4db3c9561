"""What is seen of files, databases and servers, good and bad. Nothing is left behind by looking."""

import asyncio
import socket
from pathlib import Path

from aiohttp import web

from controller.config import Settings
from controller.doctor.checks.storage import Schema
from controller.doctor.observe import media, outside, sip, storage
from controller.doctor.observe.asterisk import asterisk, controller
from controller.doctor.observe.storage import History
from controller.records.store import RecordStore
from controller.routing.router import routes_of_settings
from tests import certificates
from tests.unit.records.examples import whole_call


def settings(folder: Path, **more: str) -> Settings:
    names = {name: f"{folder}/{name}" for name in ("sounds_dir", "voicemail_dir", "recordings_dir")}
    return Settings(**{"database_url": f"sqlite+aiosqlite:///{folder}/calls.sqlite3", **names, **more})


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def test_looking_makes_no_database(tmp_path: Path) -> None:
    seen = await storage.records(settings(tmp_path))
    assert (seen.schema, seen.problem) == (Schema.MISSING, "")
    assert names_in(tmp_path) == []


async def test_a_database_in_use_is_current_and_can_be_written(tmp_path: Path) -> None:
    store = await RecordStore.open(settings(tmp_path).database_url)
    await store.write(whole_call())
    seen = await storage.records(settings(tmp_path))
    assert (seen.schema, seen.problem) == (Schema.CURRENT, "")
    known = await storage.history(settings(tmp_path))
    assert [number.call_id for number in known.numbers] == ["c1"]
    await store.close()


async def test_a_password_is_not_shown(tmp_path: Path) -> None:
    seen = await storage.records(settings(tmp_path, database_url="postgresql+asyncpg://me:geheim@127.0.0.1:1/calls"))
    assert seen.problem
    assert "geheim" not in seen.url + seen.problem


async def test_folders_and_what_stands_in_their_place(tmp_path: Path) -> None:
    (tmp_path / "voicemail_dir").write_text("no folder")
    seen = {folder.setting: folder for folder in await storage.folders(settings(tmp_path))}
    assert seen["VOICEMAIL_DIR"].problem == "it is no folder"
    assert (seen["SOUNDS_DIR"].problem, seen["SOUNDS_DIR"].free_bytes > 0) == ("", True)
    assert names_in(tmp_path) == ["voicemail_dir"]


async def test_nobody_at_home(tmp_path: Path) -> None:
    away = settings(tmp_path, ari_url="http://127.0.0.1:1", api_listen="127.0.0.1:1", media_url="ws://127.0.0.1:1")
    refused = "Connection refused"
    assert (await asterisk(away)).problem == refused
    assert (await controller(away)).problem == refused
    assert [worker.problem for worker in await media.workers(away)] == [refused]


async def test_sip_is_silent_where_nobody_speaks_it(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute, socket.create_server(("127.0.0.1", 0)) as deaf:
        mute.bind(("127.0.0.1", deaf.getsockname()[1]))
        ports = await sip.ports(settings(tmp_path, sip_port=str(deaf.getsockname()[1])))
    assert [(port.transport, port.status, bool(port.problem)) for port in ports] == [("UDP", 0, True), ("TCP", 0, True)]


async def test_webhooks_and_certificates(tmp_path: Path) -> None:
    made = await asyncio.to_thread(certificates.make, tmp_path)
    runner = web.AppRunner(web.Application())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=made.server())
    await site.start()
    port = runner.addresses[0][1]
    crm = settings(
        tmp_path, webhook_url=f"https://127.0.0.1:{port}/", webhook_secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    )
    routes = routes_of_settings(crm)
    try:
        (target,) = await outside.targets(crm, routes, History())
        (shown,) = await outside.certificates(crm, routes)
    finally:
        await runner.cleanup()
    assert "is not accepted" in target.problem
    assert shown.where == f"127.0.0.1:{port}"
    assert shown.not_after is not None


async def test_a_certificate_file_of_ours(tmp_path: Path) -> None:
    made = await asyncio.to_thread(certificates.make, tmp_path)
    ours = settings(tmp_path, api_tls_certificate=made.certificate("server"))
    (seen,) = await outside.certificates(ours, routes_of_settings(ours))
    assert seen.not_after is not None
    (tmp_path / "empty.pem").write_text("")
    ours = settings(tmp_path, api_tls_certificate=str(tmp_path / "empty.pem"))
    (seen,) = await outside.certificates(ours, routes_of_settings(ours))
    assert seen.problem == "no certificate in it"
