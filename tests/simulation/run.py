"""Plays calls, seed after seed."""

from tests.simulation.invariants import Broken
from tests.simulation.world import World


def play(seed: int) -> int:
    """One call; the number of its events. Raises Broken, which names the seed."""
    count, world = 0, World(seed)
    try:
        for _ in world.play():
            count += 1
    except Exception as error:
        told = f"seed {seed}: {error}. Replay: .venv/bin/python -m tests.simulation {seed}"
        raise Broken(told) from error
    return count


def play_events(first_seed: int, events: int) -> int:
    """Calls until there were so many events; the number of calls."""
    seen, seed = 0, first_seed
    while seen < events:
        seen += play(seed)
        seed += 1
    return seed - first_seed
