"""Signed as Standard Webhooks says."""

from base64 import b64encode

import pytest

from controller.routing.webhook import key_of
from controller.webhooks import signature

# The example of the Standard Webhooks specification's own libraries.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID, TIMESTAMP, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_known_answer() -> None:
    assert signature.sign(key_of(SECRET), ID, TIMESTAMP, BODY) == SIGNATURE


def test_the_headers() -> None:
    headers = signature.headers(key_of(SECRET), ID, TIMESTAMP, BODY)
    assert headers == {
        "content-type": "application/json",
        "webhook-id": ID,
        "webhook-timestamp": "1614265330",
        "webhook-signature": SIGNATURE,
    }


def test_a_secret_may_be_any_text() -> None:
    assert key_of("a secret of some length") == b"a secret of some length"


@pytest.mark.parametrize("secret", ["", "short", "whsec_", "whsec_!!!", "whsec_" + b64encode(b"x" * 15).decode()])
def test_what_is_no_secret(secret: str) -> None:
    with pytest.raises(ValueError, match=r"bytes|base64") as raised:
        key_of(secret)
    assert len(secret) < 6 or secret not in str(raised.value)
