"""How a request is signed: the symmetric scheme of Standard Webhooks (standardwebhooks.com). Pure.

Their libraries, which exist for most languages, verify it.
"""

import hmac
from base64 import b64encode


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
