"""How long it takes to decide where a call goes, with many routes."""

import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from statistics import median, quantiles
from typing import Any, Final

from controller.routing.reading import read_routes
from controller.routing.route import Arrival
from controller.routing.router import Router
from controller.routing.surroundings import Surroundings

ROUTES: Final = 10_000
DECISIONS: Final = 5_000

HEAD: Final = """
[defaults]
country = "DE"
time_zone = "Europe/Berlin"
[callers]
vip = ["+4930231256*", "+49302312570X"]
[bots.reception]
url = "ws://bot/"
[humans.desk]
dial = "PJSIP/desk"
[calendars.office]
mon-fri = ["09:00-12:30", "13:30-18:00"]
public_holidays = {country = "DE", region = "BE"}
[[routes]]
name = "vip"
match = {from = "vip"}
ladder = [{human = "desk"}]
[[routes]]
name = "default"
ladder = [{bot = "reception"}]
"""


def text(count: int) -> str:
    """A third of the routes has a number, a third a block of ten, a third a trunk beside its number."""
    matches = ('{{to = "+4930{0:06}1"}}', '{{to = "+4930{0:06}X"}}', '{{to = "+4930{0:06}2", trunk = "t{0}"}}')
    ladder = 'ladder = [{bot = "reception", hours = "office"}, {human = "desk"}]'
    routes = (
        f'[[routes]]\nname = "r{number}"\nmatch = {matches[number % 3].format(number)}\n{ladder}\n'
        for number in range(count - 2)
    )
    return HEAD + "".join(routes)


async def run() -> AsyncIterator[dict[str, Any]]:
    """As users call: numbers in both forms, every caller another."""
    around = Surroundings(
        {}, locate=str, is_file=bool, read=str, protocols={"native": ["mulaw"]}, try_tls=lambda *_: None
    )
    started = time.perf_counter()
    router = Router(read_routes(text(ROUTES), "routes.toml", around))
    load_ms = (time.perf_counter() - started) * 1000
    at = datetime.now(UTC)
    took = []
    for number in range(DECISIONS):
        called = f"030{number * 2 % ROUTES:06}{number % 3 + 1}"
        to = called if number % 2 else f"+49{called[1:]}"
        arrival = Arrival("trunk", f"+4915{number:08}", "", to, trunk=f"t{number}")
        before = time.perf_counter_ns()
        router.decide(arrival, at)
        took.append((time.perf_counter_ns() - before) / 1000)
    yield {
        "bench": "routing",
        "routes": ROUTES,
        "decide_us_p50": round(median(took), 1),
        "decide_us_p99": round(quantiles(took, n=100)[98], 1),
        "load_ms": round(load_ms),
    }
