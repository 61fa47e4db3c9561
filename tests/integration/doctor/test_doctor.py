"""The doctor names each planted fault, and finds nothing where there is none. `make doctor-faults`: a line for each."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from controller.records.store import RecordStore
from tests.integration.doctor.looking import WHOLE, findings, name, settings_of, wrong
from tests.integration.doctor.planted import CASES, FaultCase, Place, Planted, caller_without_audio
from tests.integration.stack.bot import Bot
from tests.integration.stack.stack import Stack

pytestmark = pytest.mark.integration

SECONDS_MAX = 40.0


@pytest.fixture
def place(stack: Stack, bot: Bot, tmp_path: Path) -> Place:
    return Place(stack, bot, tmp_path)


async def test_a_healthy_stack_has_no_faults(place: Place, tmp_path: Path) -> None:
    """Looked at with records of its own: what other tests did to their callers is in the stack's."""
    records = f"sqlite+aiosqlite:///{tmp_path}/calls.sqlite3"
    await (await RecordStore.open(records)).close()
    found = await findings(place, Planted({"DATABASE_URL": records}, calls=True))
    assert wrong(found) == []
    said = " ".join(finding.seen for finding in found)
    assert "heard both ways" in said
    assert "accepted a call" in said


@pytest.mark.parametrize("case", [case for case in CASES if WHOLE or case.quick], ids=lambda case: str(case.fault))
async def test_a_planted_fault_is_named(place: Place, case: FaultCase, capfd: pytest.CaptureFixture[str]) -> None:
    await name(place, case, capfd)


async def test_monitoring_reads_status_and_json(place: Place) -> None:
    healthy = run_doctor(settings_of(place), "--json", "--no-calls")
    told: dict[str, Any] = json.loads(healthy.stdout)
    sick = run_doctor(settings_of(place, BOT_URL="ws://127.0.0.1:1/"), "--short", "--no-calls")
    assert told["status"] == healthy.returncode
    assert sick.returncode == 2
    assert "bot_unreachable" in sick.stdout
    assert max(len(line) for line in sick.stdout.splitlines()) <= 80


def run_doctor(settings: dict[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "controller", "doctor", *options],
        env={"PATH": os.environ["PATH"], **settings},
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )


async def test_a_real_call_is_explained(place: Place) -> None:
    """Its caller was never heard."""
    async with caller_without_audio(place):
        (record,) = await place.stack.records()
    said = run_doctor(settings_of(place), "--call", record.id)
    assert said.returncode == 0, said.stderr
    words = " ".join(said.stdout.split())
    assert "The bot did not hear the caller: 0 packets came" in words
    assert "It took the route default" in words
    assert "The caller hung up" in words
    assert max(len(line) for line in said.stdout.splitlines()) <= 80
