"""SIPp (https://sipp.sourceforge.net) as the callers' signalling."""

import asyncio
import csv
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import numpy.typing as npt

from tests.bench.phones import Phones
from tests.bench.speech import FIRST_NUMBER
from tests.integration.stack.asterisks import PHONE_NUMBER

SCENARIO: Final = Path(__file__).with_name("caller.xml")
GRACE_SECONDS: Final = 15.0
"""Beyond what the calls need: past it SIPp is stuck, or the telephone system is."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the signalling saw."""

    failed: bool
    """At least one call did not go by the book."""
    answer_ms: npt.NDArray[np.float64]
    """From INVITE to 200, of every call that was answered."""


def require() -> None:
    """End with one line where SIPp is missing."""
    if shutil.which("sipp") is None:
        sys.exit("bench: sipp is missing: install it (Debian: apt-get install sip-tester)")


async def call(sip_port: int, phones: Phones, count: int, per_second: float, hold_seconds: float) -> Outcome:
    """Place `count` calls at this rate, each of this length."""
    bound = count / per_second + hold_seconds + GRACE_SECONDS
    with TemporaryDirectory() as directory:
        folder = Path(directory)
        rows = (f"{FIRST_NUMBER + phone};{phones.address(phone)};{phones.port}" for phone in range(count))
        (folder / "callers.csv").write_text("\n".join(["SEQUENTIAL", *rows, ""]))
        options = {
            "-sf": SCENARIO,
            "-inf": "callers.csv",
            "-s": PHONE_NUMBER,
            "-i": "127.0.0.1",
            "-m": count,
            "-l": count,
            "-r": round(per_second * 10),
            "-rp": 10_000,
            "-d": round(hold_seconds * 1_000),
            "-rtt_freq": 1,
            "-timeout": f"{bound:.0f}s",
        }
        arguments = [str(word) for option in options.items() for word in option]
        child = await asyncio.create_subprocess_exec(
            "sipp",
            f"127.0.0.1:{sip_port}",
            *arguments,
            "-trace_rtt",
            "-nostdin",
            "-timeout_error",
            cwd=folder,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            status = await asyncio.wait_for(child.wait(), bound + GRACE_SECONDS)
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
        return Outcome(status != 0, _answer_ms(folder))


def _answer_ms(folder: Path) -> npt.NDArray[np.float64]:
    rows = [row for file in folder.glob("*_rtt.csv") for row in csv.DictReader(file.open(), delimiter=";")]
    return np.array([float(row["response_time_ms"]) for row in rows])
