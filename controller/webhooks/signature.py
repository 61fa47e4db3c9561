"""How a request is signed: the symmetric scheme of Standard Webhooks (standardwebhooks.com). Pure.

Their libraries, which exist for most languages, verify it.
"""

import binascii
import hmac
from base64 import b64decode, b64encode
from typing import Final

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - what a secret begins with
SECRET_BYTES_MIN: Final = 16
"""A shorter key can be guessed from one signed request."""


def key_of(secret: str) -> bytes:
    """The key in a secret: base64 after `whsec_`, otherwise its letters. Raises ValueError."""
    if secret.startswith(SECRET_PREFIX):
        try:
            key = b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
        except binascii.Error as error:
            raise ValueError(f"what follows {SECRET_PREFIX} is not base64") from error
    else:
        key = secret.encode()
    if len(key) < SECRET_BYTES_MIN:
        raise ValueError(f"it has {len(key)} bytes, and {SECRET_BYTES_MIN} are the least")
    return key


def sign(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature`. `timestamp`: seconds since 1970."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return f"v1,{b64encode(hmac.digest(key, signed, 'sha256')).decode()}"


def headers(key: bytes, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """All headers of a signed request with a JSON body."""
    return {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(key, message_id, timestamp, body),
    }
