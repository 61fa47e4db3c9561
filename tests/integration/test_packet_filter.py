"""The packet filter of docs/security.md, as it stands there, before an Asterisk on a loopback of its own.

Everything happens in one network namespace that has nothing but `lo`; the filter is loaded by a container beside
Asterisk's, for whose network it has NET_ADMIN. Bounded in count and time.
"""

import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.stack import asterisks, networks

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

ROOT = Path(__file__).parents[2]
FLOOD = ROOT / "tests" / "attack" / "many.pl"
WHOLE = bool(os.environ.get("ATTACK_WHOLE"))
READY_SECONDS = 30.0
CARRIER = "127.0.9.1"
RATE, BURST = 50, 100
"""Packets of one source: a second, and at once."""
TRIES = 3

Note = Callable[[str, object], None]


def rules() -> str:
    """For who copies them; only the carrier's addresses are ours."""
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    (found,) = re.findall(r"nft -f - <<'RULES'\n(.*?)RULES\n", page, re.DOTALL)
    assert "203.0.113.0/29" in found
    return str(found).replace("203.0.113.0/29", CARRIER)


def docker(*arguments: str, told: str = "") -> str:
    done = subprocess.run(["docker", *arguments], input=told, check=False, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def asterisk() -> Iterator[str]:
    networks.build()
    started = docker("run", "--detach", "--network", "none", "--ulimit", "nofile=16384", asterisks.IMAGE).strip()
    try:
        deadline = time.monotonic() + READY_SECONDS
        while "Asterisk Ready." not in docker("logs", started):
            assert time.monotonic() < deadline, docker("logs", started)
            time.sleep(0.1)
        yield started
    finally:
        docker("rm", "--force", "--volumes", started)


@pytest.fixture
def filtered(asterisk: str) -> Iterator[None]:
    def nft(*arguments: str, told: str = "") -> None:
        beside = ("--network", f"container:{asterisk}", "--cap-add", "NET_ADMIN")
        docker("run", "--rm", "--interactive", *beside, networks.IMAGE, "nft", *arguments, told=told)

    nft("-f", "-", told=rules())
    yield
    nft("delete", "table", "inet", "ari_controller")


def flood(asterisk: str, kind: str, count: int, seconds: float, sources: list[str]) -> dict[str, int]:
    """How much of what each sent came through; of the first one, all.

    An Asterisk that stands still for a moment loses packets whoever sent them: then it is done again. What a filter is
    to keep out, it keeps out each time.
    """
    for _ in range(TRIES):
        through, took = _flood(asterisk, kind, count, seconds, sources)
        assert max([through[source] for source in sources[1:]], default=0) <= BURST + RATE * took + 1
        if through[sources[0]] > count * 0.9:
            return through
    raise AssertionError(f"{sources[0]} did not come through: {through}")


def _flood(asterisk: str, kind: str, count: int, seconds: float, sources: list[str]) -> tuple[dict[str, int], float]:
    beside = ("--network", f"container:{asterisk}", "--volume", f"{FLOOD}:/many.pl:ro", "--ulimit", "nofile=16384")
    how = (kind, "5060", str(count), str(seconds), *sources)
    took, *lines = docker("run", "--rm", *beside, networks.IMAGE, "perl", "/many.pl", *how).splitlines()
    said = [line.split() for line in lines]
    assert [words[:2] for words in said] == [[source, str(count)] for source in sources]
    return {source: int(through) for source, _, through in said}, float(took.removeprefix("took "))


@pytest.mark.attack("SIP over UDP from many addresses, with the packet filter of docs/security.md")
@pytest.mark.usefixtures("filtered")
def test_each_source_has_its_share_and_the_carrier_all(asterisk: str, record_property: Note) -> None:
    sources, count = [f"127.0.8.{number}" for number in range(1, 41 if WHOLE else 6)], 250
    through = flood(asterisk, "udp", count, 0.5, [CARRIER, *sources])
    strangers = [through[source] for source in sources]
    record_property("sources", len(sources))
    record_property("sent_each", count)
    record_property("through_each_at_most", max(strangers))
    record_property("through_of_the_carrier", through[CARRIER])
    assert min(strangers) > 0


@pytest.mark.attack("a flood of TCP connections, with the packet filter of docs/security.md")
@pytest.mark.usefixtures("filtered")
def test_connections_are_counted_too(asterisk: str, record_property: Note) -> None:
    count, stranger = 200, "127.0.7.1"
    through = flood(asterisk, "tcp", count, 0.8, [CARRIER, stranger])
    record_property("connections", count)
    record_property("through", through[stranger])
    record_property("through_of_the_carrier", through[CARRIER])
    assert through[stranger] > 0


def test_without_it_all_comes_through(asterisk: str) -> None:
    """What shows that it is the filter that keeps it out."""
    flood(asterisk, "udp", 250, 0.5, ["127.0.6.1"])
