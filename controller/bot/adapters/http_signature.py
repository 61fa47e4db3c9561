"""HTTP message signatures with a shared secret (HMAC-SHA256), in the draft of RFC 9421 that AudioHook has kept.

The draft differs from the RFC in one thing that matters here: the request's path is `@request-target`.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from controller.errors import ProtocolError

LABEL: Final = "sig1"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """`name` goes with the request, `secret` does not."""

    name: str
    secret: bytes


def signature_headers(
    components: Sequence[tuple[str, str]], key: SigningKey, created: int, expires: int, nonce: str
) -> dict[str, str]:
    """`Signature` and `Signature-Input` of a request. `components` are what is signed: lower-case names and values."""
    names = " ".join(f'"{name}"' for name, _ in components)
    signed = (
        f'({names});created={created};expires={expires};keyid={_quoted(key.name)};nonce="{nonce}";alg="hmac-sha256"'
    )
    lines = [f'"{name}": {value}' for name, value in components]
    base = "\n".join([*lines, f'"@signature-params": {signed}'])
    digest = hmac.new(key.secret, base.encode(), hashlib.sha256).digest()
    return {"Signature": f"{LABEL}=:{base64.b64encode(digest).decode()}:", "Signature-Input": f"{LABEL}={signed}"}


def _quoted(text: str) -> str:
    """A string of structured fields (RFC 8941, section 3.3.3)."""
    if not (text.isascii() and text.isprintable()):
        raise ProtocolError("the name of the signing key may have printable ASCII characters only", "keyid")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
