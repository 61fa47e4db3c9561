"""From answers to files. Pure: what a file is to say, given what it says now."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from controller.errors import SettingError
from controller.routing.numbers import country_of, is_e164, normalise
from controller.trunks.profiles import PROFILES

NO_TRUNK: Final = "none"
SIP_PHONE: Final = "phone"
"""The human is a SIP phone that registers as `human`."""
TRUNK: Final = "carrier"
"""Name of the trunk, and of Asterisk's endpoint for it."""
PASSWORD_FILE: Final = "trunk_password"  # noqa: S105 - a file's name
URL: Final = re.compile(r"wss?://[^\s/]+\S*")
HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class Answers:
    """`human`: a number, or `phone`. `profile`: of a trunk, or `none`."""

    number: str
    bot_url: str
    bot_token: str = field(default="", repr=False)
    bot_protocol: str = "native"
    human: str = SIP_PHONE
    profile: str = NO_TRUNK
    trunk_host: str = ""
    trunk_proxy: str = ""
    trunk_username: str = ""
    trunk_password: str = field(default="", repr=False)
    external_address: str = ""


def read_number(text: str) -> str:
    """In E.164. Raises SettingError."""
    number = normalise(text)
    if not is_e164(number):
        raise SettingError("--number", f"{text!r} is no number with its country", "Write it like +493023125000")
    return number


def read_human(text: str) -> str:
    """Raises SettingError."""
    return SIP_PHONE if text == SIP_PHONE else read_number(text)


def read_bot(text: str) -> str:
    """Raises SettingError."""
    if not URL.fullmatch(text):
        raise SettingError("--bot", f"{text!r} is no WebSocket's address", "Write it like wss://bot.example.com/call")
    return text


def read_profile(text: str) -> str:
    """Raises SettingError."""
    if text != NO_TRUNK and text not in PROFILES:
        raise SettingError("--trunk", f"{text!r} is unknown", f"Use one of {', '.join((NO_TRUNK, *PROFILES))}")
    return text


def read_host(text: str) -> str:
    """Raises SettingError."""
    if text and not HOST.fullmatch(text):
        raise SettingError("--trunk-host", f"{text!r} is no host", "Write it like sip.example.com")
    return text


def needs_host(profile: str) -> bool:
    return profile != NO_TRUNK and "host" not in PROFILES[profile].values


def needs_proxy(profile: str) -> bool:
    return profile != NO_TRUNK and "outbound_proxy" in PROFILES[profile].mends


# --- .env ---------------------------------------------------------------------------------------------------


def settings_of(answers: Answers, *, folder: str) -> dict[str, str]:
    """`folder`: of the other files, as the controller sees it; empty: its own."""
    values = {"PHONE_NUMBER": answers.number, "BOT_URL": answers.bot_url}
    if answers.bot_token:
        values["BOT_TOKEN"] = answers.bot_token
    values["HUMAN_ENDPOINT"] = _dial(answers)
    if answers.external_address:
        values["EXTERNAL_ADDRESS"] = answers.external_address
    if folder:
        values["ROUTES_FILE"] = f"{folder}/routes.toml"
        if answers.profile != NO_TRUNK:
            values["TRUNKS_FILE"] = f"{folder}/trunks.toml"
    return values


def env_with(text: str, values: Mapping[str, str]) -> str:
    """The file with these values; every other line stays as it is, also a comment beside a default."""
    lines, left = text.splitlines(), dict(values)
    for number, line in enumerate(lines):
        name, equals, _ = line.partition("=")
        if equals and name.strip() in left:
            lines[number] = f"{name.strip()}={_quoted(left.pop(name.strip()))}"
    lines += [f"{name}={_quoted(value)}" for name, value in left.items()]
    return "\n".join(lines) + "\n"


def _quoted(value: str) -> str:
    """As python-dotenv and Compose both read it."""
    return value if re.fullmatch(r"[A-Za-z0-9+_./:@,?&=%~-]*", value) else "'" + value.replace("'", "\\'") + "'"


# --- routes.toml, trunks.toml -------------------------------------------------------------------------------


def routes(answers: Answers) -> str:
    """One bot, one human behind it, and a last rung that takes everybody."""
    token = 'token = {env = "BOT_TOKEN"}\n' if answers.bot_token else ""
    protocol = f"protocol = {_text(answers.bot_protocol)}\n" if answers.bot_protocol != "native" else ""
    country = country_of(answers.number)
    return f"""# Made by ari-controller setup. docs/routing.md explains every key; routes.example.toml has more of them.

[defaults]
{f"country = {_text(country)}" if country else ""}
human = "desk"

[bots.bot]
url = {_text(answers.bot_url)}
{protocol}{token}
[humans.desk]
dial = {_text(_dial(answers))}
ring_seconds = 30

[[routes]]
name = "default"
ladder = [
    {{bot = "bot"}},
    {{human = "desk"}},
    {{announcement = "Nobody is available. Please call again later."}},
]
"""


def trunks(answers: Answers) -> str:
    """One trunk, by which calls go out as well."""
    profile = PROFILES[answers.profile]
    lines = [
        f"# Made by ari-controller setup: {profile.title}. docs/trunks/{profile.page}",
        "",
        "[defaults]",
        f"trunk = {_text(TRUNK)}",
    ]
    if country := country_of(answers.number):
        lines.append(f"country = {_text(country)}")
    lines += ["", f"[trunks.{TRUNK}]", f"profile = {_text(answers.profile)}"]
    if answers.trunk_host:
        host, _, port = answers.trunk_host.partition(":")
        lines += [f"host = {_text(host)}", *([f"port = {port}"] if port else [])]
    if answers.trunk_proxy:
        lines.append(f"outbound_proxy = {_text(answers.trunk_proxy)}")
    if answers.trunk_username:
        lines.append(f"username = {_text(answers.trunk_username)}")
    if answers.trunk_password:
        lines.append(f"password = {{file = {_text(PASSWORD_FILE)}}}")
    if answers.profile == "generic":
        lines.append(f"way = {_text('register' if answers.trunk_username else 'peer')}")
    lines.append(f"numbers = {_text(answers.number)}")
    return "\n".join(lines) + "\n"


def _dial(answers: Answers) -> str:
    if answers.human == SIP_PHONE:
        return "PJSIP/human"
    return f"PJSIP/{answers.human}@{TRUNK if answers.profile != NO_TRUNK else 'trunk'}"


def _text(value: str) -> str:
    """A TOML string: JSON's are."""
    return json.dumps(value, ensure_ascii=False)
