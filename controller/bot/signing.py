"""HTTP Message Signatures (RFC 9421) with a shared secret: who has it can tell that a request is from us, and whole.

Signed are method, authority, path and query, and of a request with a body its digest (RFC 9530); with the time and a
nonce, so that nobody can send it again later. Pure: both come from the caller. Bots written in Python verify with this.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from controller.errors import ProtocolError

KEY_ID: Final = "ari-controller"
LABEL: Final = "sig1"
COMPONENTS: Final = ("@method", "@authority", "@path", "@query")
DIGEST: Final = "content-digest"

AGE_SECONDS_MAX: Final = 300.0
"""A signature is good for so long, either way: clocks differ, and a nonce must not be kept for ever."""

DEFAULT_PORTS: Final = {"ws": 80, "http": 80, "wss": 443, "https": 443}

_INPUT: Final = re.compile(LABEL + r"=(\(([^)]*)\)(;[^,]*)?)")
_CREATED: Final = re.compile(r";created=([0-9]{1,12})(?=;|$)")
_NONCE: Final = re.compile(r';nonce="([0-9a-zA-Z_-]{8,64})"(?=;|$)')


def sign(
    secret: str, url: str, *, nonce: str, unix_seconds: float, method: str = "GET", body: bytes | None = None
) -> dict[str, str]:
    """The headers of one request."""
    parts = urlsplit(url)
    fields = _fields(method, authority(url), parts.path, parts.query)
    headers = {}
    if body is not None:
        headers["Content-Digest"] = fields[DIGEST] = _digest(body)
    names = " ".join(f'"{name}"' for name in fields)
    parameters = f'({names});created={int(unix_seconds)};nonce="{nonce}";alg="hmac-sha256";keyid="{KEY_ID}"'
    headers["Signature-Input"] = f"{LABEL}={parameters}"
    headers["Signature"] = f"{LABEL}=:{_mac(secret.encode(), fields, parameters)}:"
    return headers


def verify(  # noqa: PLR0913 - what an HTTP request consists of
    secret: str,
    headers: Mapping[str, str],
    *,
    host: str,
    target: str,
    now: float,
    method: str = "GET",
    body: bytes | None = None,
) -> str:
    """The nonce of a request that is ours; `host` and `target` (path and query) as they were received.

    Raises ProtocolError, which does not say what would have been right.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    given = _INPUT.search(lower.get("signature-input", ""))
    if given is None:
        raise ProtocolError("the request is not signed", "Signature-Input")
    path, _, query = target.partition("?")
    fields = _fields(method, host.lower(), path, query)
    if body is not None:
        fields[DIGEST] = _digest(body)
    if given[2].split(" ") != [f'"{name}"' for name in fields]:
        raise ProtocolError("the signature does not cover what it must", "Signature-Input")
    created, nonce = _CREATED.search(given[3] or ""), _NONCE.search(given[3] or "")
    if created is None or nonce is None:
        raise ProtocolError("the signature has no time or no nonce", "Signature-Input")
    expected = f"{LABEL}=:{_mac(secret.encode(), fields, given[1])}:"
    if not hmac.compare_digest(lower.get("signature", "").encode(), expected.encode()):
        raise ProtocolError("the signature is wrong", "Signature")
    if abs(now - int(created[1])) > AGE_SECONDS_MAX:
        raise ProtocolError("the signature is too old, or one of the clocks is wrong", "Signature-Input")
    return nonce[1]


def authority(url: str) -> str:
    """Host and port as the `Host` header has them: in lower case, without user, password and the usual port."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2].lower()
    usual = DEFAULT_PORTS.get(parts.scheme)
    return host.removesuffix(f":{usual}") if usual else host


def _fields(method: str, host: str, path: str, query: str) -> dict[str, str]:
    values = (method.upper(), host, path or "/", f"?{query}")
    return dict(zip(COMPONENTS, values, strict=True))


def _mac(key: bytes, fields: Mapping[str, str], parameters: str) -> str:
    """Of the signature base (RFC 9421, section 2.5)."""
    lines = [f'"{name}": {value}' for name, value in fields.items()]
    base = "\n".join([*lines, f'"@signature-params": {parameters}'])
    return base64.b64encode(hmac.new(key, base.encode(), hashlib.sha256).digest()).decode()


def _digest(body: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"
