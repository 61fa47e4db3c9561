"""docker-compose.yml and .env.example name the same settings with the same defaults."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]

FIXED_BY_COMPOSE = {
    "API_LISTEN",
    "API_TLS_CERTIFICATE",
    "API_TLS_KEY",
    "API_TOKEN_PATH",
    "CARRIER_ARI_URL",
    "MEDIA_LISTEN",
    "MEDIA_WORKERS",
    "PAGE_DIR",
    "SOUNDS_DIR",
    "TRUNKS_DIR",
}
"""The containers' own affair; for those who run without Compose."""
LEFT_TO_THE_PROGRAM = {
    "API_REQUESTS_PER_SECOND",
    "BOT_ACCEPT_SECONDS",
    "BOT_RECONNECT_SECONDS",
    "CONTEXT_DEADLINE_MS",
    "CONTEXT_PREVIOUS_CALLS",
    "DRAIN_NEW_CALLS",
    "DRAIN_SECONDS",
    "KEEP_CALLS_DAYS",
    "KEEP_EVENTS_DAYS",
    "KEEP_LOGS_DAYS",
    "KEEP_RECORDINGS_DAYS",
    "KEEP_TRANSCRIPTS_DAYS",
    "MEDIA_ASTERISK_URL",
    "MEDIA_LOAD_MAX",
    "MEDIA_SILENCE_SECONDS",
    "SIP_BAN_ATTEMPTS",
    "SIP_BAN_SECONDS",
}
"""Passed on empty, so that the program's own default counts."""


def in_compose() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    for name, default in re.findall(r"\$\{([A-Z_]+):-([^}]*)\}", text):
        found.setdefault(name, set()).add(default)
    return found


def in_example() -> dict[str, str]:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    return dict(re.findall(r"^#([A-Z_]+)=(.*)$", text, re.MULTILINE))


def test_every_setting_of_compose_is_explained_and_every_explained_one_is_passed_on() -> None:
    example = in_example()
    explained = {name for name in example if not (name.endswith("_FILE") and name.removesuffix("_FILE") in example)}
    assert explained == set(in_compose()) | FIXED_BY_COMPOSE


def test_the_defaults_are_the_same() -> None:
    example = in_example()
    for name, defaults in in_compose().items():
        expected = "" if name in LEFT_TO_THE_PROGRAM else example[name]
        assert defaults == {expected}, name
