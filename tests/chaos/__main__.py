"""`python -m tests.chaos [FAULT …]`: a table for people, and one JSON object a line; status 1 where more was lost."""

import argparse
import asyncio
import json
import random
import sys
from collections.abc import Sequence

import structlog
import uvloop

from tests.chaos.callers import Refused
from tests.chaos.ending import end_with_signals
from tests.chaos.faults import FAULTS
from tests.chaos.judge import HEADING, row, wrong
from tests.chaos.run import run
from tests.chaos.scene import scene


async def main(names: Sequence[str], seed: int, calls: int) -> int:
    end_with_signals()
    _tell(f"seed {seed}, {calls} calls under each fault\n{HEADING}")
    bad = 0
    async with scene() as stage:
        for name in names:
            try:
                outcome = await run(stage, name, FAULTS[name], seed, calls)
            except (Refused, TimeoutError) as error:
                _tell(f"{name:20} not tried: the calls did not come up ({error!r})")
                return 1
            faults = wrong(outcome, FAULTS[name].bounds)
            bad += bool(faults)
            _tell(row(outcome.line, faults))
            sys.stdout.write(json.dumps(outcome.line) + "\n")
            sys.stdout.flush()
    return 1 if bad else 0


def _tell(line: str) -> None:
    sys.stderr.write(line + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    parser.add_argument("fault", nargs="*", help=f"of {', '.join(FAULTS)}; without one: all, in an order by chance")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--calls", type=int, default=20)
    asked = parser.parse_args()
    if unknown := [name for name in asked.fault if name not in FAULTS]:
        sys.exit(f"no fault {unknown[0]!r}: there are {', '.join(FAULTS)}")
    drawn = random.randrange(1_000_000_000) if asked.seed is None else asked.seed  # noqa: S311
    structlog.configure(
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger("warning"),
    )
    order = asked.fault or random.Random(drawn).sample(list(FAULTS), len(FAULTS))  # noqa: S311
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        sys.exit(runner.run(main(order, drawn, asked.calls)))
