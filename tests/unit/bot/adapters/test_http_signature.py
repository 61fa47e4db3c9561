"""Signed requests against one that Genesys Cloud has sent."""

import base64

import pytest

from controller.bot.adapters.http_signature import SigningKey, signature_headers
from controller.errors import ProtocolError

API_KEY = "SGVsbG8sIEkgYW0gdGhlIEFQSSBrZXkh"
SECRET = base64.b64decode("TXlTdXBlclNlY3JldEtleVRlbGxOby0xITJAMyM0JDU=")
SESSION = "386dc26f-6d1d-4cf0-b153-93c43f540874"


def test_a_request_is_signed_as_genesys_cloud_signs_it() -> None:
    """Headers of a real handshake, with the key and the secret of Genesys' documentation."""
    components = [
        ("@request-target", "/webhooks/genesys/websocket"),
        ("audiohook-session-id", SESSION),
        ("audiohook-organization-id", "22352111-6076-492a-8163-514a00723975"),
        ("audiohook-correlation-id", SESSION),
        ("x-api-key", API_KEY),
        ("@authority", "pro-grouse-possibly.ngrok-free.app"),
    ]
    headers = signature_headers(
        components, SigningKey(API_KEY, SECRET), 1744210396, 1744210406, "9qAwwlMvkHqzxf0DoOOXVvNe"
    )
    assert headers == {
        "Signature": "sig1=:Y6jeGihkrFCi3XwNcwQzw1TeDurpB4bZsMAT6KUiGj4=:",
        "Signature-Input": (
            'sig1=("@request-target" "audiohook-session-id" "audiohook-organization-id" "audiohook-correlation-id"'
            ' "x-api-key" "@authority");created=1744210396;expires=1744210406;keyid="SGVsbG8sIEkgYW0gdGhlIEFQSSBrZXkh"'
            ';nonce="9qAwwlMvkHqzxf0DoOOXVvNe";alg="hmac-sha256"'
        ),
    }


def test_a_key_name_is_written_as_a_string_of_structured_fields() -> None:
    headers = signature_headers([], SigningKey('a"b\\c', b""), 1, 2, "n")
    assert headers["Signature-Input"] == 'sig1=();created=1;expires=2;keyid="a\\"b\\\\c";nonce="n";alg="hmac-sha256"'


@pytest.mark.parametrize("name", ["zwölf", "two\nlines"])
def test_a_key_name_that_no_header_can_carry_is_refused(name: str) -> None:
    with pytest.raises(ProtocolError, match="printable ASCII"):
        signature_headers([], SigningKey(name, b""), 1, 2, "n")
