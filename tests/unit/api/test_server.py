import ssl
import subprocess
from pathlib import Path

import aiohttp
import pytest

from controller.api.parts import Parts
from controller.api.server import serve_api
from controller.errors import SettingError
from tests.unit.api.conftest import make_settings


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


async def test_over_tls(tmp_path: Path, parts: Parts, certificate: tuple[Path, Path]) -> None:
    settings = make_settings(tmp_path, api_tls_certificate=str(certificate[0]), api_tls_key=str(certificate[1]))
    trusting = ssl.create_default_context(cafile=str(certificate[0]))
    async with serve_api(settings, parts), aiohttp.ClientSession() as session:
        async with session.get(f"https://{settings.api_listen}/healthz", ssl=trusting) as answer:
            assert answer.status == 200
            assert "max-age" in answer.headers["Strict-Transport-Security"]
        with pytest.raises(aiohttp.ClientError):
            await session.get(f"http://{settings.api_listen}/healthz")


async def test_a_certificate_that_is_not_there(tmp_path: Path, parts: Parts) -> None:
    settings = make_settings(tmp_path, api_tls_certificate="/nowhere.pem")
    with pytest.raises(SettingError, match=r"API_TLS_CERTIFICATE: cannot use /nowhere.pem \(No such file"):
        async with serve_api(settings, parts):
            pass
