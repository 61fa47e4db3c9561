"""What the doctor says: a finding for each thing that was looked at, good or bad."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Area(StrEnum):
    """What was looked at, in the order in which a call meets it."""

    SETTINGS = "settings"
    ASTERISK = "asterisk"
    MODULES = "modules"
    CLOCK = "clock"
    SIP = "sip"
    ADDRESS = "address"
    TRUNK = "trunk"
    NUMBERS = "numbers"
    CODECS = "codecs"
    AUDIO = "audio"
    CONTROLLER = "controller"
    APPLICATION = "application"
    LIMITS = "limits"
    ROUTES = "routes"
    MEDIA = "media"
    BOT = "bot"
    HUMAN = "human"
    RECORDS = "records"
    DISK = "disk"
    WEBHOOKS = "webhooks"
    CERTIFICATES = "certificates"


class Level(StrEnum):
    """How much it matters."""

    GOOD = "good"
    SKIPPED = "skipped"
    """Could not be looked at; the detail says why."""
    HINT = "hint"
    """Worth knowing; calls do not suffer from it."""
    WARNING = "warning"
    """Some calls suffer from it, or all of them soon."""
    FAULT = "fault"
    """Calls fail because of it."""


class Fault(StrEnum):
    """Every name that a finding can have: for monitoring, and for who looks it up in docs/doctor.md."""

    NONE = ""
    ASTERISK_UNREACHABLE = "asterisk_unreachable"
    ASTERISK_REFUSES = "asterisk_refuses"
    ASTERISK_TOO_OLD = "asterisk_too_old"
    ASTERISK_UNTRIED = "asterisk_untried"
    MODULES_MISSING = "modules_missing"
    CLOCK_DIFFERS = "clock_differs"
    CLOCK_FREE = "clock_free"
    SIP_SILENT = "sip_silent"
    PUBLIC_ADDRESS_DIFFERS = "public_address_differs"
    PUBLIC_ADDRESS_UNKNOWN = "public_address_unknown"
    TRUNKS_UNUSABLE = "trunks_unusable"
    TRUNK_UNREACHABLE = "trunk_unreachable"
    REGISTRATION_REFUSED = "registration_refused"
    NUMBER_FORMAT = "number_format"
    CODEC_MISMATCH = "codec_mismatch"
    NO_AUDIO = "no_audio"
    ONE_WAY_AUDIO = "one_way_audio"
    CALLERS_NOT_HEARD = "callers_not_heard"
    TEST_CALL_FAILED = "test_call_failed"
    CONTROLLER_AWAY = "controller_away"
    CONTROLLER_NOT_READY = "controller_not_ready"
    APPLICATION_TAKEN = "application_taken"
    APPLICATION_INACTIVE = "application_inactive"
    RTP_PORTS_SHORT = "rtp_ports_short"
    CALLS_NEAR_LIMIT = "calls_near_limit"
    ROUTES_UNUSABLE = "routes_unusable"
    MEDIA_AWAY = "media_away"
    MEDIA_TOKEN_DIFFERS = "media_token_differs"  # noqa: S105 - the name of a fault
    MEDIA_OVERLOADED = "media_overloaded"
    BOT_UNREACHABLE = "bot_unreachable"
    BOT_CERTIFICATE = "bot_certificate"
    BOT_PROTOCOL = "bot_protocol"
    BOT_SLOW = "bot_slow"
    BOT_REFUSES = "bot_refuses"
    HUMAN_UNKNOWN = "human_unknown"
    HUMAN_OFFLINE = "human_offline"
    RECORDS_UNUSABLE = "records_unusable"
    RECORDS_NEWER = "records_newer"
    RECORDS_OLDER = "records_older"
    RECORDS_WAITING = "records_waiting"
    FOLDER_UNUSABLE = "folder_unusable"
    DISK_FULL = "disk_full"
    WEBHOOK_UNREACHABLE = "webhook_unreachable"
    WEBHOOK_GIVEN_UP = "webhook_given_up"
    WEBHOOK_WAITING = "webhook_waiting"
    CERTIFICATE_EXPIRED = "certificate_expired"
    CERTIFICATE_EXPIRING = "certificate_expiring"
    CERTIFICATE_UNUSABLE = "certificate_unusable"


@dataclass(frozen=True, slots=True)
class Finding:
    """`seen`: what is so; `where`: the setting, file or service it is about; `mend`: what to do."""

    area: Area
    level: Level
    seen: str
    fault: Fault = Fault.NONE
    where: str = ""
    mend: str = ""


STATUS: Final = {Level.GOOD: 0, Level.SKIPPED: 0, Level.HINT: 0, Level.WARNING: 1, Level.FAULT: 2}
"""Exit status, as monitoring systems (Nagios and those after it) read it."""


def status(findings: Sequence[Finding]) -> int:
    """Of the worst."""
    return max((STATUS[finding.level] for finding in findings), default=0)


def good(area: Area, seen: str, where: str = "") -> Finding:
    return Finding(area, Level.GOOD, seen, where=where)


def skipped(area: Area, why: str, where: str = "") -> Finding:
    return Finding(area, Level.SKIPPED, why, where=where)


def hint(area: Area, fault: Fault, seen: str, mend: str, where: str = "") -> Finding:
    return Finding(area, Level.HINT, seen, fault, where, mend)


def warning(area: Area, fault: Fault, seen: str, mend: str, where: str = "") -> Finding:
    return Finding(area, Level.WARNING, seen, fault, where, mend)


def fault(area: Area, name: Fault, seen: str, mend: str, where: str = "") -> Finding:
    return Finding(area, Level.FAULT, seen, name, where, mend)
