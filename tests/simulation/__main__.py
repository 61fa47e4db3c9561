"""`python -m tests.simulation SEED` tells one call; `--events N [--from SEED]` plays on until so many have happened."""

import argparse
import time

from tests.simulation.run import play_events
from tests.simulation.world import World


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seed", type=int, nargs="?")
    parser.add_argument("--events", type=int, default=0)
    parser.add_argument("--from", type=int, default=0, dest="first")
    asked = parser.parse_args()
    if asked.seed is not None:
        _tell(asked.seed)
    else:
        since = time.perf_counter()
        calls = play_events(asked.first, asked.events)
        seconds = time.perf_counter() - since
        print(f"{asked.events} events, {calls} calls, no invariant broken, {seconds:.1f} s")  # noqa: T201


def _tell(seed: int) -> None:
    for told in World(seed).play():
        print(f"{told.at:9.3f} {told.event or 'begin'} -> {told.state}")  # noqa: T201
        for command in told.commands:
            print(f"              {command}")  # noqa: T201


main()
