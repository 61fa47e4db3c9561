"""The end of a certificate, against openssl's own word."""

import ssl
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from controller.doctor.der import not_after


@pytest.mark.parametrize("days", [1, 300, 20_000])
@pytest.mark.parametrize("kind", [["rsa:2048"], ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]])
def test_known_certificates(tmp_path: Path, days: int, kind: list[str]) -> None:
    """Beyond 2049 the time has another form."""
    files = ["-keyout", str(tmp_path / "key"), "-out", str(tmp_path / "pem")]
    command = ["openssl", "req", "-x509", "-newkey", *kind, "-nodes", "-subj", "/CN=x", "-days", str(days), *files]
    subprocess.run(command, check=True, capture_output=True)
    told = subprocess.run(
        ["openssl", "x509", "-in", str(tmp_path / "pem"), "-noout", "-enddate"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    expected = datetime.strptime(told, "notAfter=%b %d %H:%M:%S %Y GMT").replace(tzinfo=UTC)
    assert not_after(ssl.PEM_cert_to_DER_cert((tmp_path / "pem").read_text())) == expected


@pytest.mark.parametrize("data", [b"", b"\x30", b"\x30\x03abc", b"hello there", b"\x30\x84\xff\xff\xff\xff"])
def test_what_is_no_certificate(data: bytes) -> None:
    with pytest.raises(ValueError, match="certificate"):
        not_after(data)
