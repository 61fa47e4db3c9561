"""A flood of INVITEs from one address, made by SIPp."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

SCENARIO: Final = Path(__file__).with_name("flood.xml")
GRACE_SECONDS: Final = 10.0
"""Beyond what the INVITEs need at their rate: then SIPp is ended."""


async def flood(sip_port: int, source: str, invites: int, seconds: float) -> int:
    """Send so many in so long a time; returns how many went out."""
    with TemporaryDirectory() as folder:
        statistics = Path(folder, "stat.csv")
        child = await asyncio.create_subprocess_exec(
            "nice", "sipp", f"127.0.0.1:{sip_port}", "-sf", str(SCENARIO), "-i", source, "-s", "+493023125000",
            "-m", str(invites), "-l", str(invites), "-r", str(round(invites / seconds)), "-nostdin", "-nd",
            "-timeout", f"{seconds + GRACE_SECONDS:.0f}s", "-trace_stat", "-stf", statistics.name, "-aa",
            cwd=folder, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            await asyncio.wait_for(child.wait(), seconds + 2 * GRACE_SECONDS)
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
        return _created(statistics)


def _created(statistics: Path) -> int:
    header, *rows = (line.split(";") for line in statistics.read_text(encoding="ascii").splitlines() if line)
    return int(rows[-1][header.index("TotalCallCreated")])
