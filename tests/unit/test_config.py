"""Settings: where they come from, and what a bad one says."""

import re
from pathlib import Path

import pytest

from controller.config import SECRETS, Settings, load
from controller.errors import SettingError

ROOT = Path(__file__).parents[2]
FOR_COMPOSE_OR_ASTERISK_ONLY = {
    "ARI_ADDRESSES",
    "API_PORT",
    "HUMAN_PASSWORD",
    "QUEUE_MEMBERS",
    "RTP_PORTS",
    "SIP_TLS_CA",
    "SIP_TLS_CERTIFICATE",
    "SIP_TLS_KEY",
    "STOP_GRACE_PERIOD",
    "SIP_TLS_PORT",
    "TRUNK_ADDRESSES",
    "TRUNK_HOST",
}


def test_defaults_need_no_environment() -> None:
    assert load({}).bot_url == "ws://127.0.0.1:8765/"


def test_the_environment_outranks_the_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("ARI_APP=from-file\nBOT_TOKEN='s3cret'\n")
    settings = load({"ARI_APP": "from-environment"}, tmp_path / ".env")
    assert settings.ari_app == "from-environment"
    assert settings.bot_token.get_secret_value() == "s3cret"


def test_an_account_of_twilios_has_its_form() -> None:
    assert load({"TWILIO_ACCOUNT_SID": "AC" + "0" * 32}).twilio_account_sid
    with pytest.raises(SettingError, match="TWILIO_ACCOUNT_SID: 'AC1' is no account sid"):
        load({"TWILIO_ACCOUNT_SID": "AC1"})


def test_an_empty_variable_counts_as_absent() -> None:
    assert load({"BOT_ACCEPT_SECONDS": ""}).bot_accept_seconds == 5.0


def test_a_secret_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("pa55\n")
    settings = load({"ARI_PASSWORD_FILE": str(tmp_path / "password")})
    assert settings.ari_password.get_secret_value() == "pa55"
    assert "pa55" not in repr(settings)


def test_a_secret_file_that_is_not_there() -> None:
    with pytest.raises(SettingError, match=r"^ARI_PASSWORD_FILE: cannot read /nowhere .* or set ARI_PASSWORD$"):
        load({"ARI_PASSWORD_FILE": "/nowhere"})


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("BOT_URL", "bot.example.com", "'bot.example.com' is not a URL that starts with ws:// or wss://"),
        ("BOT_URL", "http://bot.example.com/", "is not a URL that starts with ws:// or wss://"),
        ("BOT_URL", "ws://bot:port/", "is not a URL"),
        ("ARI_URL", "asterisk:8088", "is not a URL that starts with http:// or https://"),
        ("MEDIA_URL", "ws://a:1,b", "'b' is not a URL"),
        ("MEDIA_TRANSPORT", "carrier pigeon", "does not fit: input should be 'rtp' or 'websocket'"),
        ("MEDIA_ASTERISK_URL", "asterisk:8088", "is not a URL that starts with http:// or https://"),
        ("MEDIA_LISTEN", "8090", "'8090' is not HOST:PORT"),
        ("API_LISTEN", "0.0.0.0:99999", "is not HOST:PORT"),
        ("BOT_AUDIO", "opus", "'opus' does not fit: input should be 'mulaw', 'alaw', 'pcm16/8000'"),
        ("BOT_UPLINK_MS", "30", "does not fit: input should be 20, 40, 60 or 100"),
        ("BOT_ACCEPT_SECONDS", "soon", "'soon' does not fit"),
        ("BOT_ACCEPT_SECONDS", "0", "'0' does not fit"),
        ("HUMAN_ENDPOINT", "phone", "'phone' is no Asterisk dial string"),
        ("SIP_PORT", "70000", "'70000' does not fit"),
        ("ON_STOP", "hang_up", "'hang_up' does not fit: input should be 'hand_over', 'finish' or 'human'"),
        ("EXTERNAL_ADDRESS", "http://example.com", "'http://example.com' is no address and no name"),
        ("STUN_SERVER", "stun:stun.example.com", "is no server, such as stun.example.com:3478"),
        ("STUN_SERVER", "stun.example.com:0", "is no server"),
        ("LOG_LEVEL", "loud", "'loud' does not fit"),
    ],
)
def test_a_bad_value_names_the_setting_and_the_mend(name: str, value: str, problem: str) -> None:
    with pytest.raises(SettingError) as caught:
        load({name: value})
    assert caught.value.setting == name
    assert problem in str(caught.value)
    assert ".env" in caught.value.mend
    assert "\n" not in str(caught.value)


def test_env_example_names_every_setting_and_no_other() -> None:
    named = set(re.findall(r"^#([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    ours = {name.upper() for name in Settings.model_fields}
    files = {name for name in named - ours if name.endswith("_FILE")}
    assert named - files - FOR_COMPOSE_OR_ASTERISK_ONLY == ours
    assert {name.removesuffix("_FILE") for name in files} <= ours


@pytest.mark.parametrize("value", ["X Customer", "X-A,b c", ",".join(f"X-{n}" for n in range(17))])
def test_bad_names_of_headers(value: str) -> None:
    with pytest.raises(SettingError, match="SIP_HEADERS"):
        load({"SIP_HEADERS": value})


def test_names_of_headers() -> None:
    assert load({"SIP_HEADERS": "X-Customer-Id, X-Language"}).sip_headers == "X-Customer-Id,X-Language"


def test_secrets_of_the_container(tmp_path: Path) -> None:
    """As Docker and Kubernetes give them; what is said otherwise outranks them."""
    for name in ("bot_token", "ari_password", "api_listen"):
        (tmp_path / name).write_text(f"{name} of the folder\n")
    settings = load({"ARI_PASSWORD": "said"}, secrets=tmp_path)
    assert settings.bot_token.get_secret_value() == "bot_token of the folder"
    assert settings.ari_password.get_secret_value() == "said"
    assert settings.api_listen == "127.0.0.1:8080"
    assert {"database_url", "media_token", "api_tokens", "webhook_secret", "phone_password"} <= SECRETS
