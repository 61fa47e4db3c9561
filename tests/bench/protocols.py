"""Part `protocols`: what a bot of another protocol costs, beside one of the native protocol in the same run."""

from collections.abc import AsyncIterator
from statistics import mean
from typing import Any, Final

from controller.bot.adapters import NATIVE
from tests.bench.echo_protocols import ECHOES
from tests.bench.media import measure_ours

CALLS: Final = 100
ROUNDS: Final = 3
"""Of each in turn, so that what else the machine does meets both alike."""


async def run() -> AsyncIterator[dict[str, Any]]:
    spent: dict[str, list[float]] = {protocol: [] for protocol in (NATIVE, *ECHOES)}
    for _ in range(ROUNDS):
        for protocol, costs in spent.items():
            costs.append((await measure_ours(CALLS, protocol=protocol))["us_per_call_tick"])
    native = mean(spent[NATIVE])
    for protocol, costs in spent.items():
        yield {
            "bench": "protocols",
            "protocol": protocol,
            "calls": CALLS,
            "us_per_call_tick": round(mean(costs), 1),
            "ratio": round(mean(costs) / native, 2),
        }
