"""An authority of our own and what it signs, made by openssl when they are needed."""

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]


@dataclass(frozen=True, slots=True)
class Certificates:
    folder: Path

    @property
    def ca(self) -> str:
        return str(self.folder / "ca.pem")

    def certificate(self, name: str) -> str:
        return str(self.folder / f"{name}.pem")

    def key(self, name: str) -> str:
        return str(self.folder / f"{name}.key")

    def server(self, *, mutual: bool = False) -> ssl.SSLContext:
        """Of a bot at 127.0.0.1; `mutual`: it wants to see a certificate of this authority's."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate("server"), self.key("server"))
        if mutual:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.ca)
        return context


def make(folder: Path, address: str = "127.0.0.1") -> Certificates:
    """An authority, a server's certificate for this address, and a client's."""
    made = Certificates(folder)
    _openssl(*KEY, "-subj", "/CN=test authority", "-keyout", made.key("ca"), "-out", made.ca)
    for name, whose in (("server", f"IP:{address}"), ("client", "DNS:controller")):
        signed = ["-CA", made.ca, "-CAkey", made.key("ca"), "-addext", "basicConstraints=CA:FALSE"]
        names = ["-subj", f"/CN={name}", "-addext", f"subjectAltName={whose}"]
        _openssl(*KEY, *signed, *names, "-keyout", made.key(name), "-out", made.certificate(name))
    return made


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", "req", "-x509", *arguments], check=True, capture_output=True)
