"""Planted secrets are found wherever they stand, and what is none is left."""

import pytest

from controller.doctor.masking import MASK, is_secret_name, mask, mask_values, secrets_of

SECRET = "Gehe1mnis-42"


@pytest.mark.parametrize(
    "text",
    [
        f"postgresql+asyncpg://me:{SECRET}@host/calls",
        f"wss://bot.example.com/call?api_key={SECRET}&x=1",
        f"https://crm.example.com/?access_token={SECRET}",
        f"Authorization: Bearer {SECRET}",
        f"authorization='Basic {SECRET}=='",
        f"BOT_TOKEN={SECRET}",
        f'{{"password": "{SECRET}", "name": "x"}}',
        f"token = '{SECRET}'",
        f"sip:phone:{SECRET}@192.0.2.1",
        f'Digest username="phone", response="{SECRET}"',
        f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{SECRET}|2^20",
        f"a=ice-pwd:{SECRET}",
        f"whsec_{SECRET}",
        f"sk-{SECRET}",
        f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----",
    ],
)
def test_what_looks_like_a_secret_is_masked(text: str) -> None:
    assert SECRET not in mask(text)
    assert MASK in mask(text)


@pytest.mark.parametrize(
    "text",
    ["ws://demo-bot:8765/", "sip:+493023125000@10.0.0.2:5060", "the caller hung up", "codec_ulaw", "m=audio 4000"],
)
def test_what_is_none_stays(text: str) -> None:
    assert mask(text) == text


def test_known_secrets_are_found_in_any_words() -> None:
    known = secrets_of(
        {"API_TOKENS": f"crm:admin:{SECRET}", "PHONE_NUMBER": "+493023125000", "PHONE_PASSWORD": "short"}
    )
    assert SECRET in known
    assert mask(f"he said {SECRET}, +493023125000", known) == f"he said {MASK}, +493023125000"


def test_settings_say_that_a_secret_is_set() -> None:
    shown = mask_values(
        {"BOT_TOKEN": SECRET, "ARI_PASSWORD": "", "ARI_PASSWORD_FILE": "/secrets/x", "BOT_URL": f"ws://u:{SECRET}@b/"}
    )
    assert shown == {
        "BOT_TOKEN": MASK,
        "ARI_PASSWORD": "",
        "ARI_PASSWORD_FILE": "/secrets/x",
        "BOT_URL": f"ws://u:{MASK}@b/",
    }
    assert is_secret_name("TWILIO_AUTH_TOKEN")
    assert not is_secret_name("API_TLS_KEY")
