import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.bot import signing
from controller.bot.signing import AGE_SECONDS_MAX, authority, sign, verify
from controller.errors import ProtocolError

NOW = 1_700_000_000.0
NONCE = "0f" * 16
URL = "wss://bot.example:8443/call?tenant=acme"


def test_the_example_of_the_standard() -> None:
    """RFC 9421, section B.2.5, with its shared secret of section B.1.5."""
    key = base64.b64decode("uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==")
    fields = {
        "date": "Tue, 20 Apr 2021 02:07:55 GMT",
        "@authority": "example.com",
        "content-type": "application/json",
    }
    parameters = '("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"'
    mac = signing._mac(key, fields, parameters)  # noqa: SLF001
    assert mac == "pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8="


@given(
    secret=st.text(min_size=1, max_size=40).filter(lambda text: text.isprintable()),
    path=st.from_regex(r"(/[a-z0-9%]{0,5}){0,3}(\?[a-z=&]{0,9})?", fullmatch=True),
    body=st.one_of(st.none(), st.binary(max_size=50)),
)
def test_what_is_signed_is_verified(secret: str, path: str, body: bytes | None) -> None:
    url = f"wss://Bot.example:443{path}"
    headers = sign(secret, url, nonce=NONCE, unix_seconds=NOW, method="POST", body=body)
    target = path if path.startswith("/") else f"/{path}"
    nonce = verify(secret, headers, host="bot.example", target=target, now=NOW + 5, method="POST", body=body)
    assert nonce == NONCE


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"secret": "other"}, "wrong"),
        ({"host": "bot.example"}, "wrong"),
        ({"target": "/call?tenant=evil"}, "wrong"),
        ({"method": "POST"}, "wrong"),
        ({"now": NOW + AGE_SECONDS_MAX + 1}, "too old"),
        ({"now": NOW - AGE_SECONDS_MAX - 1}, "too old"),
        ({"body": b"x"}, "does not cover"),
        ({"headers": {}}, "not signed"),
        ({"headers": {"Signature-Input": 'sig1=("@method");created=1;nonce="0f0f0f0f"'}}, "does not cover"),
        ({"headers": {"Signature-Input": 'sig1=("@method" "@authority" "@path" "@query")'}}, "no time"),
    ],
)
def test_everything_else_is_not(change: dict[str, object], problem: str) -> None:
    right = {
        "secret": "secret",
        "headers": sign("secret", URL, nonce=NONCE, unix_seconds=NOW),
        "host": "bot.example:8443",
        "target": "/call?tenant=acme",
        "now": NOW,
    }
    assert verify(**right) == NONCE  # type: ignore[arg-type]
    with pytest.raises(ProtocolError, match=problem):
        verify(**right | change)  # type: ignore[arg-type]


def test_a_body_that_was_changed_is_noticed() -> None:
    headers = sign("secret", "https://hook.example/", nonce=NONCE, unix_seconds=NOW, method="POST", body=b'{"a":1}')
    assert headers["Content-Digest"].startswith("sha-256=:")
    with pytest.raises(ProtocolError, match="wrong"):
        verify("secret", headers, host="hook.example", target="/", now=NOW, method="POST", body=b'{"a":2}')


def test_the_authority_is_what_the_host_header_has() -> None:
    assert authority("wss://user:pw@Bot.Example:443/x") == "bot.example"
    assert authority("ws://bot.example:443/x") == "bot.example:443"
    assert authority("ws://[::1]:80/") == "[::1]"
