"""What the doctor makes of what it sees: known cases, and that everything wrong has a name and a mend."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from controller.doctor.checks import asterisk, audio, bots, endpoints, media, numbers, outside, storage, trunks
from controller.doctor.checks.asterisk import MODULES, AsteriskSeen, ControllerSeen
from controller.doctor.checks.audio import TalkSeen, TrialCallSeen
from controller.doctor.checks.bots import BotSeen, BotState
from controller.doctor.checks.endpoints import EndpointSeen, PortSeen
from controller.doctor.checks.media import WorkerSeen
from controller.doctor.checks.numbers import NumberSeen
from controller.doctor.checks.outside import CertificateSeen, TargetSeen
from controller.doctor.checks.storage import FolderSeen, RecordsSeen, Schema
from controller.doctor.checks.trunks import TrunkSeen, TrunksSeen
from controller.doctor.finding import Fault, Finding, Level
from controller.trunks.status import TrunkState

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
GIGABYTE = 1024**3
ASTERISK = AsteriskSeen(
    "http://asterisk:8088",
    version="22.10.1",
    modules=frozenset(MODULES),
    application="ari-controller",
    application_registered=True,
    calls_max=25,
    channels=6,
    ahead_seconds=0.2,
)
CONTROLLER = ControllerSeen("http://127.0.0.1:8080", asterisk=True, ready=True, workers=1, loads=(0.1,))
PHONE = EndpointSeen("phone", "online", ("ulaw", "alaw", "g722"))
BOT = BotSeen("BOT_URL", "bot.example.com", BotState.ACCEPTED, seconds=0.1)
RECORDS = RecordsSeen("sqlite+aiosqlite:///calls.sqlite3")
FOLDER = FolderSeen("SOUNDS_DIR", "/sounds", free_bytes=100 * GIGABYTE, total_bytes=200 * GIGABYTE)
TARGET = TargetSeen("crm", "crm.example.com")


def of(findings: Iterable[Finding]) -> list[tuple[Level, Fault]]:
    """What is worth a person's time. Each says what to do."""
    found = list(findings)
    assert found
    wrong = [finding for finding in found if finding.level not in {Level.GOOD, Level.SKIPPED}]
    assert all(finding.mend and finding.fault for finding in wrong)
    assert not any(finding.fault for finding in found if finding not in wrong)
    return [(finding.level, finding.fault) for finding in wrong]


HEALTHY = [
    asterisk.reachable(ASTERISK),
    asterisk.modules(ASTERISK),
    asterisk.clock(ASTERISK, synchronised=True),
    asterisk.controller(CONTROLLER),
    asterisk.application(ASTERISK, CONTROLLER),
    asterisk.limits(ASTERISK, 20),
    asterisk.limits(replace(ASTERISK, calls_max=0), 20),
    endpoints.ports([PortSeen("UDP", "asterisk:5060", 401)]),
    endpoints.codecs([PHONE], ASTERISK.modules),
    endpoints.codecs([], ASTERISK.modules),
    endpoints.humans({"PJSIP/phone": "HUMAN_ENDPOINT", "PJSIP/+4930@phone": "a", "Local/x": "b"}, [PHONE]),
    audio.trial_call(TrialCallSeen(phone_heard=True, media_heard=True)),
    audio.trial_call(TrialCallSeen(skipped="as you wished")),
    audio.earlier_calls([TalkSeen("c1", 10.0, 480), TalkSeen("c2", 1.0, 0)]),
    numbers.arrived([NumberSeen("c1", "+493023125000", "a"), NumberSeen("c2", "101", "a")], "+493023125000", ""),
    numbers.arrived([NumberSeen("c1", "03023125000", "a")], "+493023125000", "DE"),
    numbers.arrived([], "+493023125000", ""),
    media.workers([WorkerSeen("media:8090", controller=True)], CONTROLLER, 0.5),
    bots.bot(BOT),
    bots.bot(replace(BOT, state=BotState.NOT_ASKED)),
    storage.records(RECORDS),
    storage.records(replace(RECORDS, schema=Schema.MISSING)),
    storage.folder(FOLDER),
    outside.target(TARGET, NOW),
    outside.target(replace(TARGET, waiting=3, since=NOW - timedelta(minutes=1)), NOW),
    outside.certificate(CertificateSeen("bot:443", NOW + timedelta(days=60)), NOW),
]


@pytest.mark.parametrize("findings", HEALTHY)
def test_what_is_healthy_is_left_alone(findings: Iterable[Finding]) -> None:
    assert of(findings) == []


FAULTS: list[tuple[Iterable[Finding], Level, Fault]] = [
    (asterisk.reachable(AsteriskSeen("u", "refused")), Level.FAULT, Fault.ASTERISK_UNREACHABLE),
    (asterisk.reachable(AsteriskSeen("u", status=401)), Level.FAULT, Fault.ASTERISK_REFUSES),
    (asterisk.reachable(AsteriskSeen("u", status=404)), Level.FAULT, Fault.ASTERISK_UNREACHABLE),
    (asterisk.reachable(replace(ASTERISK, version="22.9.3")), Level.FAULT, Fault.ASTERISK_TOO_OLD),
    (asterisk.reachable(replace(ASTERISK, version="23.1.0")), Level.HINT, Fault.ASTERISK_UNTRIED),
    (asterisk.modules(replace(ASTERISK, modules=frozenset())), Level.FAULT, Fault.MODULES_MISSING),
    (asterisk.clock(replace(ASTERISK, ahead_seconds=-90), synchronised=True), Level.WARNING, Fault.CLOCK_DIFFERS),
    (asterisk.clock(ASTERISK, synchronised=False), Level.HINT, Fault.CLOCK_FREE),
    (asterisk.controller(ControllerSeen("u", "refused")), Level.FAULT, Fault.CONTROLLER_AWAY),
    (asterisk.application(ASTERISK, ControllerSeen("u", "refused")), Level.WARNING, Fault.APPLICATION_TAKEN),
    (asterisk.application(ASTERISK, replace(CONTROLLER, asterisk=False)), Level.FAULT, Fault.APPLICATION_TAKEN),
    (
        asterisk.application(replace(ASTERISK, application_registered=False), CONTROLLER),
        Level.FAULT,
        Fault.APPLICATION_INACTIVE,
    ),
    (
        asterisk.application(replace(ASTERISK, application_registered=False), replace(CONTROLLER, asterisk=False)),
        Level.FAULT,
        Fault.CONTROLLER_NOT_READY,
    ),
    (asterisk.limits(ASTERISK, 26), Level.WARNING, Fault.RTP_PORTS_SHORT),
    (asterisk.limits(replace(ASTERISK, channels=70), 20), Level.WARNING, Fault.CALLS_NEAR_LIMIT),
    (endpoints.ports([PortSeen("UDP", "a:5060", problem="no answer")]), Level.FAULT, Fault.SIP_SILENT),
    (
        endpoints.codecs([PHONE, EndpointSeen("x", "online", ("g722",))], ASTERISK.modules),
        Level.FAULT,
        Fault.CODEC_MISMATCH,
    ),
    (
        endpoints.codecs([EndpointSeen("x", "online", ("alaw", "g729"))], ASTERISK.modules),
        Level.FAULT,
        Fault.CODEC_MISMATCH,
    ),
    (endpoints.humans({"PJSIP/nobody": "a"}, [PHONE]), Level.FAULT, Fault.HUMAN_UNKNOWN),
    (endpoints.humans({"PJSIP/+49@phone": "a"}, [replace(PHONE, state="offline")]), Level.WARNING, Fault.HUMAN_OFFLINE),
    (audio.trial_call(TrialCallSeen(phone_heard=True)), Level.FAULT, Fault.ONE_WAY_AUDIO),
    (audio.trial_call(TrialCallSeen(media_heard=True)), Level.FAULT, Fault.ONE_WAY_AUDIO),
    (audio.trial_call(TrialCallSeen()), Level.FAULT, Fault.NO_AUDIO),
    (audio.trial_call(TrialCallSeen(problem="500")), Level.WARNING, Fault.TEST_CALL_FAILED),
    (audio.trial_call(TrialCallSeen(problem="refused", status=488)), Level.FAULT, Fault.CODEC_MISMATCH),
    (audio.earlier_calls([TalkSeen("c1", 10.0, 0)]), Level.WARNING, Fault.CALLERS_NOT_HEARD),
    (
        audio.earlier_calls([TalkSeen("c1", 10.0, 0), *(TalkSeen("c2", 10.0, 500) for _ in range(9))]),
        Level.HINT,
        Fault.CALLERS_NOT_HEARD,
    ),
    (numbers.arrived([NumberSeen("c1", "03023125000", "a")], "+49", ""), Level.WARNING, Fault.NUMBER_FORMAT),
    (media.workers([WorkerSeen("m", "refused")], replace(CONTROLLER, workers=0), 0.5), Level.FAULT, Fault.MEDIA_AWAY),
    (media.workers([WorkerSeen("m", "refused")], CONTROLLER, 0.5), Level.WARNING, Fault.MEDIA_AWAY),
    (media.workers([WorkerSeen("m")], CONTROLLER, 0.5), Level.FAULT, Fault.MEDIA_TOKEN_DIFFERS),
    (media.workers([], replace(CONTROLLER, workers=0), 0.5), Level.FAULT, Fault.MEDIA_AWAY),
    (media.workers([], replace(CONTROLLER, loads=(0.9,)), 0.5), Level.WARNING, Fault.MEDIA_OVERLOADED),
    (bots.bot(replace(BOT, state=BotState.AWAY)), Level.FAULT, Fault.BOT_UNREACHABLE),
    (bots.bot(replace(BOT, state=BotState.CERTIFICATE)), Level.FAULT, Fault.BOT_CERTIFICATE),
    (bots.bot(replace(BOT, state=BotState.FAILED)), Level.FAULT, Fault.BOT_PROTOCOL),
    (bots.bot(replace(BOT, state=BotState.LATE)), Level.FAULT, Fault.BOT_SLOW),
    (bots.bot(replace(BOT, seconds=4.0)), Level.WARNING, Fault.BOT_SLOW),
    (bots.bot(replace(BOT, state=BotState.REFUSED)), Level.WARNING, Fault.BOT_REFUSES),
    (storage.records(replace(RECORDS, problem="locked")), Level.FAULT, Fault.RECORDS_UNUSABLE),
    (storage.records(replace(RECORDS, schema=Schema.NEWER)), Level.FAULT, Fault.RECORDS_NEWER),
    (storage.records(replace(RECORDS, schema=Schema.OLDER)), Level.HINT, Fault.RECORDS_OLDER),
    (storage.records(replace(RECORDS, ahead_seconds=60)), Level.WARNING, Fault.CLOCK_DIFFERS),
    (storage.waiting(5_000), Level.WARNING, Fault.RECORDS_WAITING),
    (storage.folder(replace(FOLDER, problem="it is no folder")), Level.FAULT, Fault.FOLDER_UNUSABLE),
    (storage.folder(replace(FOLDER, free_bytes=10**6)), Level.FAULT, Fault.DISK_FULL),
    (storage.folder(replace(FOLDER, free_bytes=GIGABYTE)), Level.WARNING, Fault.DISK_FULL),
    (outside.target(replace(TARGET, problem="refused"), NOW), Level.FAULT, Fault.WEBHOOK_UNREACHABLE),
    (outside.target(replace(TARGET, given_up=3), NOW), Level.WARNING, Fault.WEBHOOK_GIVEN_UP),
    (
        outside.target(replace(TARGET, waiting=3, since=NOW - timedelta(hours=1)), NOW),
        Level.WARNING,
        Fault.WEBHOOK_WAITING,
    ),
    (
        outside.certificate(CertificateSeen("b", NOW - timedelta(days=1)), NOW),
        Level.FAULT,
        Fault.CERTIFICATE_EXPIRED,
    ),
    (
        outside.certificate(CertificateSeen("b", NOW + timedelta(days=13)), NOW),
        Level.WARNING,
        Fault.CERTIFICATE_EXPIRING,
    ),
    (outside.certificate(CertificateSeen("b", problem="none"), NOW), Level.FAULT, Fault.CERTIFICATE_UNUSABLE),
]


@pytest.mark.parametrize(("findings", "level", "fault"), FAULTS)
def test_a_fault_is_named(findings: Iterable[Finding], level: Level, fault: Fault) -> None:
    assert of(findings) == [(level, fault)]


def test_a_number_in_another_form_is_recognised_as_our_own() -> None:
    (finding,) = numbers.arrived([NumberSeen("c1", "03023125000", "default")], "+493023125000", "")
    assert "It is +493023125000" in finding.mend
    (finding,) = numbers.arrived([NumberSeen("c1", "0891234567", "default")], "+493023125000", "")
    assert "It is" not in finding.mend


@pytest.mark.parametrize(
    ("state", "level", "fault"),
    [
        (TrunkState.REFUSED, Level.FAULT, Fault.REGISTRATION_REFUSED),
        (TrunkState.UNREACHABLE, Level.FAULT, Fault.TRUNK_UNREACHABLE),
        (TrunkState.REGISTERING, Level.WARNING, Fault.TRUNK_UNREACHABLE),
        (TrunkState.REGISTERED, None, None),
        (TrunkState.REACHABLE, None, None),
        (TrunkState.UNCHECKED, None, None),
        (TrunkState.UNKNOWN, None, None),
    ],
)
def test_every_state_of_a_trunk(state: TrunkState, level: Level | None, fault: Fault | None) -> None:
    expected = [(level, fault)] if level and fault else []
    assert of(trunks.trunks(TrunksSeen("trunks.toml", trunks=[TrunkSeen("x", state, "why")]))) == expected


def test_a_trunks_file_and_what_arrives_by_it() -> None:
    assert of(trunks.trunks(TrunksSeen())) == []
    assert of(trunks.trunks(TrunksSeen("trunks.toml", unseen="401"))) == []
    assert of(trunks.trunks(TrunksSeen("f", "broken"))) == [(Level.FAULT, Fault.TRUNKS_UNUSABLE)]
    odd = TrunkSeen("x", TrunkState.REGISTERED, odd_number="0302312… came in another form")
    assert of(trunks.trunks(TrunksSeen("f", trunks=[odd]))) == [(Level.HINT, Fault.NUMBER_FORMAT)]
