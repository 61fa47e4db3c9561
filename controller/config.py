"""Settings: read once from the environment (and `.env`), checked as a whole, never changed afterwards.

Names, units and defaults are the ones in `.env.example` (a test holds the two together). A bad value is a
SettingError that names the variable and the mend.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from controller.errors import SettingError

BotAudio = Literal["mulaw", "alaw", "pcm16/8000", "pcm16/16000", "pcm16/24000"]
MediaTransport = Literal["rtp", "websocket"]
OnStop = Literal["hand_over", "finish", "human"]
DrainNewCalls = Literal["human", "refuse"]
UplinkMs = Literal[20, 40, 60, 100]
Voice = Literal["off", "tell", "barge_in"]
Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(gt=0, le=3600)]
Days = Annotated[float, Field(ge=0, le=36_500)]
"""0: for ever."""


AMI_PORT: Final = 5038
"""Asterisk's own default."""

STUN_PORT: Final = 3478
"""As RFC 8489 has it."""

HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
"""A name or an IPv4 address."""

SIP_HEADERS_MAX: Final = 16
"""Beside those of the routes: all names travel in one request."""


class Address(BaseModel):
    """Where to listen."""

    model_config = ConfigDict(frozen=True)

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> "Address":
        host, separator, port = text.rpartition(":")
        if not separator or not host or not port.isdecimal() or not 0 <= int(port) <= 65535:
            raise ValueError(f"{text!r} is not HOST:PORT, such as 0.0.0.0:8080")
        return cls(host=host.strip("[]"), port=int(port))

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class Settings(BaseModel):
    """All settings; the field's upper-case name is the variable's."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    ari_url: str = "http://127.0.0.1:8088"
    """Base URL of Asterisk's HTTP server."""
    ari_app: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")] = "ari-controller"
    """Stasis application name; the dialplan's `Stasis()` uses the same."""
    ari_username: str = "controller"
    ari_password: SecretStr = SecretStr("")
    ari_ca: str = ""
    """PEM file with the authority of an https `ari_url`; empty: those that this machine trusts."""

    bot_url: str = "ws://127.0.0.1:8765/"
    bot_token: SecretStr = SecretStr("")
    """Sent to the bot as a bearer token when not empty."""
    bot_audio: BotAudio = "mulaw"
    """What the bot hears and sends: encoding, and for pcm16 the samples per second."""
    bot_uplink_ms: UplinkMs = 20
    """How much of the caller's audio goes to the bot in one message."""
    bot_voice: Voice = "off"
    """Whether the bot is told when the caller speaks, and whether it is paused at once."""
    bot_accept_seconds: Seconds = 5.0
    """How long the phone may ring before the bot has accepted."""
    bot_reconnect_seconds: Annotated[float, Field(ge=0, le=300)] = 5.0
    """How long a bot whose connection was lost in mid-call is tried again, while the caller hears music; 0: not."""
    bot_multiplex: bool = False
    """One WebSocket for all calls of a media worker; the bot has to speak `ari-controller.v1.mux`."""

    human_endpoint: str = "PJSIP/human"
    """Asterisk dial string of the human who takes over."""
    human_ring_seconds: Seconds = 30.0

    routes_file: str = ""
    """The routes (docs/routing.md); empty: routes.toml where there is one, else the bot and the human above."""
    closed_file: str = ""
    """Where `ari-controller closed` is kept; empty: beside a SQLite database, else data/closed.json."""

    external_address: str = ""
    """By which carriers and phones outside of our networks reach Asterisk; `auto`: as `stun_server` sees us."""
    stun_server: str = ""
    """HOST or HOST:PORT of whoever is asked how we are seen (docs/nat.md); empty: nobody."""
    trunks_file: str = ""
    """Carriers and telephone systems (docs/trunks); empty: trunks.toml where there is one."""
    trunks_dir: str = "data/trunks"
    """Where what Asterisk reads of them is kept: it sees this folder as /trunks, and writes its warnings there."""
    ami_address: str = ""
    """Asterisk's manager interface, HOST:PORT; empty: ARI's host, port 5038."""
    ami_password: SecretStr = SecretStr("")

    sip_ban_attempts: Annotated[int, Field(ge=0, le=10_000)] = 10
    """SIP requests without the right password, from one address within a minute, that are let pass; 0: any number."""
    sip_ban_seconds: Annotated[float, Field(gt=0, le=86_400)] = 600.0
    """How long an address is shut out that sends more."""

    phone_number: str = "+493023125000"
    """The number that callers dial, and that those see whom we call."""
    sip_port: Port = 5060
    phone_password: SecretStr = SecretStr("")
    """Password of the SIP account `phone`, for `ari-controller phone`."""

    sounds_dir: str = "data/sounds"
    """Where spoken texts and WAV files are kept for Asterisk, which sees this folder under the same path."""

    voicemail_dir: str = "data/voicemail"
    """Where messages that callers leave are kept, as WAV files."""

    recordings_dir: str = "data/recordings"
    """Where recordings of calls are kept, as WAV files."""

    sip_headers: str = ""
    """Names of SIP headers that bots are told of, comma separated."""

    calls_max: Annotated[int, Field(ge=0)] = 0
    """Calls with bots at a time; further ones take the ladder's `busy`. 0: no limit."""

    database_url: str = "sqlite+aiosqlite:///data/calls.sqlite3"
    node_name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")] = "main"
    """What this controller is called among those that share a database."""
    keep_calls_days: Days = 0
    """Everything about a call."""
    keep_transcripts_days: Days = 0
    keep_logs_days: Days = 0
    keep_recordings_days: Days = 0
    """The files; what is known of them stays with the call."""
    keep_events_days: Annotated[float, Field(gt=0, le=365)] = 7
    """For subscribers who come back; what waits for a webhook is kept until it is delivered or given up."""

    webhook_url: str = ""
    """Where events go; empty: nowhere."""
    webhook_secret: SecretStr = SecretStr("")
    webhook_events: str = ""
    """Types of events, comma separated, or `all`; empty: all that comes of calls."""

    context_url: str = ""
    """Asked about every caller while the phone rings; empty: nobody is."""
    context_secret: SecretStr = SecretStr("")
    context_deadline_ms: Annotated[int, Field(ge=10, le=5_000)] = 300
    """After this the call goes on without an answer."""
    otel_exporter_otlp_endpoint: str = ""
    """An OpenTelemetry collector (OTLP over HTTP); empty: nothing is traced."""
    otel_exporter_otlp_headers: SecretStr = SecretStr("")
    """What it asks for, such as `authorization=Bearer …`, comma separated."""

    context_previous_calls: Annotated[int, Field(ge=0, le=50)] = 5
    """How many earlier calls of the caller the bot is told of."""

    media_url: str = ""
    """Control links of the media workers, comma separated; empty: `serve` starts a worker of its own."""
    media_workers: Annotated[int, Field(ge=0, le=64)] = 0
    """Where `serve` starts its own workers, how many; 0: one for every core."""
    media_load_max: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Share of a core above which a worker takes no further calls: past it audio would come late for all."""
    media_token: SecretStr = SecretStr("")
    media_listen: str = "127.0.0.1:8090"
    """Where a media worker listens for the controller."""
    media_transport: MediaTransport = "rtp"
    """How audio goes between Asterisk and the media workers."""
    media_asterisk_url: str = ""
    """Asterisk's HTTP server as the media workers reach it, for `websocket`; empty: `ari_url`."""
    media_rtp_listen: str = "0.0.0.0:0"
    """Where a media worker receives RTP; port 0: any free one."""
    media_rtp_host: str = ""
    """The address Asterisk sends RTP to; empty: the one on which the control link came in."""
    media_silence_seconds: Seconds = 60.0
    """A call without one packet from Asterisk for this long is ended."""

    on_stop: OnStop = "hand_over"
    """What becomes of live calls when `serve` is told to end: left to the next controller, waited for, or sent to the
    human. Without `media_url` nobody could go on with them, and they are waited for instead of handed over."""
    drain_seconds: Annotated[float, Field(ge=0, le=86_400)] = 30.0
    """How long calls are waited for (`finish`); those that are left then are handed over, or go to the human."""
    drain_new_calls: DrainNewCalls = "human"
    """What becomes of calls that arrive meanwhile: the dialplan's human, or SIP 503, so that others take them."""

    api_listen: str = "127.0.0.1:8080"
    api_tokens: SecretStr = SecretStr("")
    """`name:role:secret` entries, comma or line separated; empty: one admin token, kept at `api_token_path`."""
    api_token_path: str = "data/api_token"  # noqa: S105 - where it is kept, not what it is
    users_file: str = ""
    """Who may sign in (`ari-controller user`); empty: beside a SQLite database, else data/users.json."""
    page_dir: str = "web/dist"
    """The built page (`make page`), served at `/`."""
    api_requests_per_second: Annotated[float, Field(gt=0, le=100_000)] = 50.0
    """Of each token, and of each address without one."""
    api_tls_certificate: str = ""
    """PEM file with the certificate and its chain; empty: plain HTTP."""
    api_tls_key: str = ""
    """PEM file with its key; empty: it is in the certificate's."""
    twilio_account_sid: str = ""
    """The login of bots that steer their calls as they would at Twilio; empty: they cannot."""
    twilio_auth_token: SecretStr = SecretStr("")

    carrier_ari_url: str = "http://127.0.0.1:8089"
    """The test carrier's Asterisk (`ari-controller call`)."""
    carrier_ari_password: SecretStr = SecretStr("")

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["text", "json"] = "text"

    @field_validator("bot_uplink_ms", mode="before")
    @classmethod
    def _number(cls, value: Any) -> Any:
        """A Literal of numbers does not read text by itself."""
        return int(value) if isinstance(value, str) and value.isdecimal() else value

    @field_validator("ari_url", "carrier_ari_url")
    @classmethod
    def _http_url(cls, value: str) -> str:
        return _url(value, ("http", "https"), "http://127.0.0.1:8088").rstrip("/")

    @field_validator("twilio_account_sid")
    @classmethod
    def _account_sid(cls, value: str) -> str:
        if value and not re.fullmatch(r"AC[0-9a-f]{32}", value):
            raise ValueError(f"{value!r} is no account sid: AC and 32 digits of 0-9 a-f, such as AC{'0' * 32}")
        return value

    @field_validator("webhook_url", "context_url", "otel_exporter_otlp_endpoint")
    @classmethod
    def _https_url_or_none(cls, value: str) -> str:
        return _url(value, ("http", "https"), "https://crm.example.com/calls") if value else ""

    @field_validator("media_asterisk_url")
    @classmethod
    def _http_url_or_none(cls, value: str) -> str:
        return _url(value, ("http", "https"), "http://asterisk:8088").rstrip("/") if value else ""

    @field_validator("bot_url")
    @classmethod
    def _websocket_url(cls, value: str) -> str:
        return _url(value, ("ws", "wss"), "wss://bot.example.com/call")

    @field_validator("media_url")
    @classmethod
    def _websocket_urls(cls, value: str) -> str:
        return ",".join(_url(url.strip(), ("ws", "wss"), "ws://media:8090") for url in value.split(",") if url.strip())

    @field_validator("media_listen", "media_rtp_listen", "api_listen")
    @classmethod
    def _address(cls, value: str) -> str:
        Address.parse(value)
        return value

    @field_validator("ami_address")
    @classmethod
    def _address_or_none(cls, value: str) -> str:
        if value:
            Address.parse(value)
        return value

    @field_validator("external_address")
    @classmethod
    def _host_or_none(cls, value: str) -> str:
        if value and not HOST.fullmatch(value):
            raise ValueError(f"{value!r} is no address and no name, such as 203.0.113.7, and not auto")
        return value

    @field_validator("stun_server")
    @classmethod
    def _server_or_none(cls, value: str) -> str:
        if value and not re.fullmatch(HOST.pattern + r"(:[1-9][0-9]{0,4})?", value):
            raise ValueError(f"{value!r} is no server, such as stun.example.com:{STUN_PORT}")
        return value

    @field_validator("sip_headers")
    @classmethod
    def _header_names(cls, value: str) -> str:
        names = [name.strip() for name in value.split(",") if name.strip()]
        for name in names:
            if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}", name):
                raise ValueError(f"{name!r} is no name of a SIP header, such as X-Customer-Id")
        if len(names) > SIP_HEADERS_MAX:
            raise ValueError(f"{len(names)} names are too many: {SIP_HEADERS_MAX} or fewer")
        return ",".join(names)

    @field_validator("human_endpoint")
    @classmethod
    def _dial_string(cls, value: str) -> str:
        technology, separator, resource = value.partition("/")
        if not (technology.isalnum() and separator and resource):
            raise ValueError(f"{value!r} is no Asterisk dial string, such as PJSIP/human or PJSIP/+493023125100@trunk")
        return value

    @property
    def manager_address(self) -> Address:
        """Where Asterisk's manager interface is."""
        return Address.parse(self.ami_address or f"{urlsplit(self.ari_url).hostname}:{AMI_PORT}")

    @property
    def stun_address(self) -> Address:
        host, _, port = self.stun_server.partition(":")
        return Address(host=host, port=int(port or STUN_PORT))

    @property
    def media_urls(self) -> list[str]:
        return self.media_url.split(",") if self.media_url else []


FILE_SUFFIX: Final = "_FILE"
SECRETS_FOLDER: Final = Path("/run/secrets")
"""Where Docker, Podman and Kubernetes put files that are secrets: named as the setting, in lower case."""


SECRETS: Final = frozenset(
    {name for name, field in Settings.model_fields.items() if field.annotation is SecretStr} | {"database_url"}
)
"""What nobody else may know; the database's URL has its password in it."""


def load(environ: Mapping[str, str], env_file: Path | None = None, secrets: Path = SECRETS_FOLDER) -> Settings:
    """Settings from `environ`, which outranks `env_file`. Raises SettingError.

    An empty variable counts as absent. `NAME_FILE` names a file whose first line is the value of `NAME`; where neither
    is given, what is secret is looked for in the folder `secrets`.
    """
    values = {**read_env_file(env_file), **environ}
    given: dict[str, Any] = {}
    for field in Settings.model_fields:
        value = _value(values, field.upper()) or (_kept(secrets / field) if field in SECRETS else "")
        if value:
            given[field] = value
    try:
        return Settings(**given)
    except ValidationError as error:
        raise _explain(error) from error


def read_env_file(path: Path | None) -> dict[str, str]:
    if path is None or not path.is_file():
        return {}
    return {name: value for name, value in dotenv_values(path).items() if value}


def _value(values: Mapping[str, str], name: str) -> str:
    if values.get(name):
        return values[name]
    path = values.get(name + FILE_SUFFIX)
    return _read(name, Path(path)) if path else ""


def _kept(path: Path) -> str:
    return _read(path.name.upper(), path) if path.is_file() else ""


def _read(name: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingError(
            name + FILE_SUFFIX, f"cannot read {path} ({error.strerror})", f"Name a readable file, or set {name}"
        ) from error


def _url(value: str, schemes: tuple[str, ...], example: str) -> str:
    try:
        parts = urlsplit(value)
        usable = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ValueError(f"{value!r} is not a URL that starts with {' or '.join(s + '://' for s in schemes)}, "
                         f"such as {example}")  # fmt: skip
    return value


def _explain(error: ValidationError) -> SettingError:
    first = error.errors(include_url=False)[0]
    setting = str(first["loc"][0]).upper()
    problem = first["msg"].removeprefix("Value error, ")
    if first["type"] != "value_error":
        problem = f"{first['input']!r} does not fit: {problem[0].lower()}{problem[1:]}"
    return SettingError(setting, problem, "Correct it in .env or in the environment (.env.example explains each)")
