"""The tables of routes.toml as pydantic checks them. docs/routing.md says what they mean."""

import json
import re
from datetime import date
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, model_validator

from controller.config import BotAudio, MediaTransport, UplinkMs, Voice
from controller.routing.numbers import is_country
from controller.routing.problems import wrong
from controller.routing.route import RecordingMode
from controller.routing.trigger import Trigger
from controller.routing.webhook import EVENTS_BY_DEFAULT, EventType

_SAFE: Final = r"[^&,;|\s]*"
"""What cannot add a second destination or an option to a dial string."""

ELSEWHERE: Final = 'Write {env = "NAME"} or {file = "/run/secrets/name"}'
CONFIDENTIAL: Final = re.compile(r"auth|token|secret|password|cookie|key", re.IGNORECASE)
"""Names of headers whose values are secrets."""


CLIENT_SECRET: Final = "oauth_client_secret"  # noqa: S105 - its name
"""The one parameter of bots that is a secret."""


class Table(BaseModel):
    """Closed: a key that is not known is an error. Types are TOML's own; only a whole number may stand for a float."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def _listed(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _like(pattern: str, what: str, mend: str) -> AfterValidator:
    """Text of a certain form."""
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            raise wrong(f"{value!r} is no {what}", mend)
        return value

    return AfterValidator(check)


def _is_url(value: str, *schemes: str) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _bot_url(value: str) -> str:
    if not _is_url(value, "ws", "wss"):
        raise wrong("is no WebSocket URL", 'Write url = "wss://bot.example.com/call"')
    return value


def _http_url(value: str, info: ValidationInfo) -> str:
    if not _is_url(value, "http", "https"):
        raise wrong("is no URL of a web server", f'Write {info.field_name} = "https://crm.example.com/calls"')
    return value


def _events(value: Any) -> Any:
    return list(EventType) if value == "all" else value


def _country(value: str) -> str:
    if not is_country(value):
        raise wrong(f"{value!r} is no country", 'Write its two capital letters (ISO 3166), such as "DE"')
    return value


def _secret(value: Any) -> Any:
    if isinstance(value, str):
        raise wrong("a secret does not belong into this file", ELSEWHERE)
    return value


def _variable(value: str) -> str:
    """Not shown where it does not fit: it could be the secret itself."""
    if value and not value.isidentifier():
        raise wrong("is no name of an environment variable", 'Write the name only, such as "BOT_TOKEN"')
    return value


def _no_secrets(headers: dict[str, "HeaderValueTable"]) -> dict[str, "HeaderValueTable"]:
    for name, value in headers.items():
        if value.text and CONFIDENTIAL.search(name):
            raise wrong(f"{name} looks like a secret, which does not belong into this file", ELSEWHERE)
    return headers


def _no_client_secret(parameters: dict[str, str]) -> dict[str, str]:
    if CLIENT_SECRET in parameters:
        mend = 'Leave it out and write token = {env = "NAME"}: the token is the client secret then'
        raise wrong(f"{CLIENT_SECRET} does not belong into this file", mend)
    return parameters


def _json(value: Any) -> Any:
    """TOML knows dates, JSON does not."""
    try:
        json.dumps(value)
    except TypeError as error:
        raise wrong("dates and times cannot be told to a bot", "Write them as text, in quotes") from error
    return value


def _as(key: str) -> BeforeValidator:
    """A text stands for a table with this one key."""
    return BeforeValidator(lambda value: {key: value} if isinstance(value, str) else value)


Seconds = Annotated[float, Field(gt=0, le=3600)]
SecondsOrNever = Annotated[float, Field(ge=0, le=3600)]
Count = Annotated[int, Field(ge=0, le=1_000_000)]
Digit = Annotated[str, _like(r"[0-9*#]?", "key of a telephone", 'Write one of "0" to "9", "*", "#"')]
Name = Annotated[str, _like(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,63}", "name", "Up to 64 letters, digits, spaces and _ . -")]
SipUri = Annotated[str, _like(r"sips?:[^\s,;<>&]+", "SIP URI", 'Write "sip:name@host"')]
DialString = Annotated[
    str, _like(rf"[A-Za-z0-9]+/\S{_SAFE}", "dial string", 'Write "PJSIP/name" or "PJSIP/+49…@trunk"')
]
NumberDialString = Annotated[
    str, _like(rf"[A-Za-z0-9]+/{_SAFE}\{{number\}}{_SAFE}", "dial string", 'Write "PJSIP/{number}@trunk"')
]
UriDialString = Annotated[str, _like(rf"[A-Za-z0-9]+/{_SAFE}\{{uri\}}", "dial string", 'Write "PJSIP/trunk/{uri}"')]
NumberUri = Annotated[
    str, _like(r"(sips?:[^\s,;<>&]*\{number\}[^\s,;<>&]*)?", "SIP URI", 'Write "sip:{number}@pbx.example.com"')
]
Prefix = Annotated[str, _like(r"\+[1-9][0-9]{0,14}", "prefix", 'Write it with + and country code, such as "+4930"')]
SoundName = Annotated[str, _like(r"[A-Za-z0-9/_-]*", "name of a sound", "Write it without its ending")]
VariableName = Annotated[str, AfterValidator(_variable)]
BotUrl = Annotated[str, AfterValidator(_bot_url)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
Event = Annotated[EventType, Field(strict=False)]
UserName = Annotated[str, _like(r"[^:\x00-\x1f\x7f]*", "user name", "It has no colon (RFC 7617) and no line breaks")]
Country = Annotated[str, AfterValidator(_country)]
OneOrMore = Annotated[list[str], BeforeValidator(_listed), Field(min_length=1)]
Otherwise = Literal["back", "next"]


class SecretTable(Table):
    """Where a secret is; never what it is."""

    env: VariableName = ""
    file: str = ""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if bool(self.env) == bool(self.file):
            raise wrong("a secret comes from one place", ELSEWHERE)
        return self


class HeaderValueTable(Table):
    """A header's value in clear, or a secret."""

    text: str = ""
    env: str = ""
    file: str = ""


class SoundTable(Table):
    """Text to be spoken, a WAV file, or one of Asterisk's own sounds."""

    text: str = ""
    file: str = ""
    builtin: SoundName = ""
    language: str = ""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if [bool(self.text), bool(self.file), bool(self.builtin)].count(True) != 1:
            raise wrong("a sound is one thing", 'Write a text, {file = "x.wav"} or {builtin = "name"}')
        return self


Secret = Annotated[SecretTable, BeforeValidator(_secret)]
Sound = Annotated[SoundTable, _as("text")]
HeaderValue = Annotated[HeaderValueTable, _as("text")]


class DefaultsTable(Table):
    country: Country | None = None
    time_zone: str = ""
    language: str = "en"
    human: str = ""
    escape: Digit = ""


class LimitsTable(Table):
    calls_max: Count = 0


class TrunkTable(Table):
    country: Country


class WaitingTable(Table):
    seconds_max: Seconds = 120.0
    calls_max: Annotated[int, Field(ge=1, le=10_000)] = 10
    announce_seconds: SecondsOrNever = 20.0
    music: str = "music"


class OfRung(Table):
    """What every rung may have."""

    on: list[Annotated[Trigger, Field(strict=False)]] = []
    hours: str = ""


class BotTable(OfRung):
    url: BotUrl
    token: Secret | None = None
    username: UserName = ""
    password: Secret | None = None
    signing_secret: Secret | None = None
    ca_file: str = ""
    certificate_file: str = ""
    key_file: str = ""
    audio: BotAudio = "mulaw"
    uplink_ms: UplinkMs = 20
    voice: Voice = "off"
    accept_seconds: Seconds = 5.0
    multiplex: bool = False
    transport: MediaTransport = "rtp"
    protocol: str = "native"
    parameters: Annotated[dict[str, str], AfterValidator(_no_client_secret)] = {}
    headers: Annotated[dict[str, HeaderValue], AfterValidator(_no_secrets)] = {}
    first_audio_seconds: SecondsOrNever = 0.0
    stall_seconds: Seconds = 5.0
    reconnect_seconds: SecondsOrNever = 5.0
    calls_max: Count = 0
    waiting: WaitingTable | None = None
    choose_url: HttpUrl = ""
    choose_secret: Secret | None = None
    choose_seconds: Annotated[float, Field(gt=0, le=5)] = 1.0


class DialTable(OfRung):
    """A human with a telephone: `dial` or `number`."""

    dial: Annotated[list[DialString], BeforeValidator(_listed)] = []
    number: Annotated[list[str], BeforeValidator(_listed)] = []
    ring_seconds: Seconds = 30.0
    order: Literal["in_order", "at_once"] = "in_order"
    hears: str = "ringback"
    whisper: Sound | None = None
    accept_digit: Digit = ""
    accept_seconds: Seconds = 15.0
    otherwise: Otherwise = "back"


class ReferTable(OfRung):
    refer: SipUri
    otherwise: Otherwise = "back"


class QueueTable(OfRung):
    queue: Name | None = None
    context: Name | None = None
    seconds_max: Seconds = 300.0


class VoicemailDetails(Table):
    greeting: Sound
    seconds_max: Seconds = 180.0
    silence_seconds: Seconds = 5.0
    finish_digit: Digit = "#"


class VoicemailTable(OfRung):
    voicemail: Annotated[VoicemailDetails, _as("greeting")]


class CallbackTable(OfRung):
    callback: Sound


class AnnouncementTable(OfRung):
    announcement: Sound


class BusyTable(OfRung):
    busy: Literal[480, 486, 503, 600, 603]


class MatchTable(Table):
    """One of each list, and all of the lists."""

    from_: Annotated[OneOrMore | None, Field(alias="from")] = None
    country: Annotated[list[Country], BeforeValidator(_listed), Field(min_length=1)] | None = None
    header: Annotated[dict[str, OneOrMore], Field(max_length=1, min_length=1)] | None = None
    forwarded_from: OneOrMore | None = None
    to: OneOrMore | None = None
    trunk: OneOrMore | None = None


class FenceTable(Table):
    prefixes: list[Prefix] = []
    endpoints: list[str] = []
    queues: list[str] = []
    dial: NumberDialString = "PJSIP/{number}@trunk"
    dial_uri: UriDialString = "PJSIP/trunk/{uri}"
    refer: NumberUri = ""
    per_call_max: Annotated[int, Field(ge=0, le=1000)] = 5
    per_minute_max: Annotated[int, Field(ge=0, le=100_000)] = 60


class KeepTable(Table):
    transcripts: bool = True
    digits: bool = True
    logs: bool = True


class RecordingTable(Table):
    mode: RecordingMode = "off"
    announcement: Sound | None = None


class RouteTable(Table):
    name: Name
    match: MatchTable = MatchTable()
    ladder: Annotated[list[dict[str, Any]], Field(min_length=1)]
    human: str = ""
    humans: list[str] | None = None
    escape: Digit | None = None
    calls_max: Count = 0
    language: str = ""
    fence: FenceTable | None = None
    recording: Annotated[RecordingTable, _as("mode")] = RecordingTable()
    metadata: Annotated[dict[str, Any], AfterValidator(_json)] = {}
    webhooks: list[str] | None = None
    keep: KeepTable = KeepTable()
    trunk: Name | None = None


class WebhookTable(Table):
    """A target of webhooks."""

    url: HttpUrl
    secret: Secret
    events: Annotated[list[Event], BeforeValidator(_events)] = sorted(EVENTS_BY_DEFAULT)


class ClosingTable(Table):
    """Closing days of a calendar."""

    from_: Annotated[date, Field(alias="from")]
    to: date | None = None
    reason: str = ""
