import asyncio
import ssl
import subprocess
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from controller.api.parts import Parts
from controller.api.server import serve_api
from controller.errors import SettingError
from tests import tls_versions
from tests.unit.api.conftest import SECRETS, make_settings


async def test_a_port_that_is_taken(tmp_path: Path, parts: Parts) -> None:
    settings = make_settings(tmp_path)
    async with serve_api(settings, parts):
        with pytest.raises(SettingError, match="API_LISTEN: cannot listen on"):
            async with serve_api(settings, parts):
                pass


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-out", certificate, "-keyout", key],
        check=True, capture_output=True,
    )  # fmt: skip
    return certificate, key


async def test_routes_of_others_are_counted_too(tmp_path: Path, parts: Parts) -> None:
    async def serve(_request: web.Request) -> web.Response:
        return web.json_response({"of": "others"})

    settings = make_settings(tmp_path, api_requests_per_second=0.5)
    others = [web.get("/others", serve)]
    async with serve_api(settings, parts, others), aiohttp.ClientSession() as session:
        url = f"http://{settings.api_listen}/others"
        async with session.get(url) as answer:
            assert await answer.json() == {"of": "others"}
        async with session.get(url) as answer:
            assert answer.status == 429


async def test_streams_come_to_an_end_when_we_stop(tmp_path: Path, parts: Parts) -> None:
    settings = make_settings(tmp_path)
    headers = {"Authorization": f"Bearer {SECRETS['read']}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        async with serve_api(settings, parts):
            answer = await session.get(f"http://{settings.api_listen}/v1/events")
            socket = await session.ws_connect(f"http://{settings.api_listen}/v1/events/ws")
        assert (await answer.content.read()).startswith(b"retry")
        assert (await socket.receive(timeout=5)).type is aiohttp.WSMsgType.CLOSE


async def test_over_tls(tmp_path: Path, parts: Parts, certificate: tuple[Path, Path]) -> None:
    settings = make_settings(tmp_path, api_tls_certificate=str(certificate[0]), api_tls_key=str(certificate[1]))
    trusting = ssl.create_default_context(cafile=str(certificate[0]))
    async with serve_api(settings, parts), aiohttp.ClientSession() as session:
        async with session.get(f"https://{settings.api_listen}/healthz", ssl=trusting) as answer:
            assert answer.status == 200
            assert "max-age" in answer.headers["Strict-Transport-Security"]
        with pytest.raises(aiohttp.ClientError):
            await session.get(f"http://{settings.api_listen}/healthz")


async def test_nothing_older_than_tls_1_2(tmp_path: Path, parts: Parts, certificate: tuple[Path, Path]) -> None:
    settings = make_settings(tmp_path, api_tls_certificate=str(certificate[0]), api_tls_key=str(certificate[1]))
    host, _, port = settings.api_listen.partition(":")
    async with serve_api(settings, parts):
        assert await asyncio.to_thread(tls_versions.spoken, host, int(port)) == ["TLSv1.2", "TLSv1.3"]


async def test_a_certificate_that_is_not_there(tmp_path: Path, parts: Parts) -> None:
    settings = make_settings(tmp_path, api_tls_certificate="/nowhere.pem")
    with pytest.raises(SettingError, match=r"API_TLS_CERTIFICATE: cannot use /nowhere.pem \(No such file"):
        async with serve_api(settings, parts):
            pass
