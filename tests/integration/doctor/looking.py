"""The doctor, sent to a stack of the tests, and what it says."""

import json
import os

import pytest

from controller.config import load
from controller.doctor.examination import Wanted, examine
from controller.doctor.finding import Finding, Level
from tests.integration.doctor.planted import FaultCase, Place, Planted

LINES_VARIABLE = "DOCTOR_FAULTS"
"""Where set: all faults are planted, and a line is printed for each."""
WHOLE = bool(os.environ.get(LINES_VARIABLE))


def settings_of(place: Place, **more: str) -> dict[str, str]:
    """The controller's own. Of its two media workers the second is started by some tests only."""
    own = {
        "SIP_PORT": str(place.stack.asterisks.bundled.sip_port),
        "MEDIA_URL": f"ws://127.0.0.1:{place.stack.media_port}",
    }
    return {**place.stack.settings, **own, **more}


async def findings(place: Place, planted: Planted) -> list[Finding]:
    wanted = Wanted(planted.calls, planted.address)
    return await examine(load(settings_of(place, **planted.settings)), wanted)


def wrong(found: list[Finding]) -> list[Finding]:
    return [finding for finding in found if finding.level in {Level.WARNING, Level.FAULT}]


async def name(place: Place, case: FaultCase, capture: pytest.CaptureFixture[str]) -> list[Finding]:
    """Plants the fault, has the doctor look, and takes it out again: what is wrong by the doctor's word."""
    before = {finding.fault for finding in wrong(await findings(place, Planted()))}
    async with case.plant(place) as planted:
        found = wrong(await findings(place, planted))
    named = {finding.fault for finding in found}
    if WHOLE:
        with capture.disabled():
            seen = next((finding.seen for finding in found if finding.fault is case.fault), "")
            line = {"fault": str(case.fault), "found": bool(seen), "others": sorted(named - {case.fault}), "seen": seen}
            print("\n" + json.dumps(line), flush=True)  # noqa: T201
    assert case.fault in named, found
    assert all(finding.mend for finding in found)
    assert named <= {case.fault, *case.consequences, *before}, found
    return [finding for finding in found if finding.fault is case.fault]
