"""Bots: reached, trusted, speaking their protocol, and quick enough."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from controller.doctor.finding import Area, Fault, Finding, fault, good, skipped, warning

SLOW_SHARE: Final = 0.6
"""Of the time that a bot has to accept: past it the next bad moment costs a call."""


class BotState(StrEnum):
    """How far we came."""

    AWAY = "away"
    CERTIFICATE = "certificate"
    NOT_ASKED = "not_asked"
    FAILED = "failed"
    LATE = "late"
    REFUSED = "refused"
    ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True)
class BotSeen:
    """`where`: the setting; `url`: without what may be secret in it; `detail`: the bot's or the network's own words."""

    where: str
    url: str
    state: BotState
    detail: str = ""
    protocol: str = "native"
    seconds: float = 0.0
    deadline_seconds: float = 5.0


def bot(seen: BotSeen) -> Iterator[Finding]:
    match seen.state:
        case BotState.AWAY:
            mend = f"Start it, or correct {seen.where}"
            yield fault(Area.BOT, Fault.BOT_UNREACHABLE, seen.detail, mend, seen.where)
        case BotState.CERTIFICATE:
            mend = "Give the bot a certificate for this name from an authority that this machine trusts, or use ca_file"
            yield fault(Area.BOT, Fault.BOT_CERTIFICATE, seen.detail, mend, seen.where)
        case BotState.NOT_ASKED:
            yield skipped(Area.BOT, f"{seen.url}: reached, and not called: {seen.detail}", seen.where)
        case BotState.FAILED:
            problem = f"{seen.url} does not speak {seen.protocol}: {seen.detail}"
            mend = f"Correct protocol or token; ari-controller conformance {seen.url} says more"
            yield fault(Area.BOT, Fault.BOT_PROTOCOL, problem, mend, seen.where)
        case BotState.LATE:
            problem = f"{seen.url} did not accept a call within {seen.deadline_seconds:g} s ({seen.detail})"
            mend = "Have it accept before it loads what it needs, or raise accept_seconds (BOT_ACCEPT_SECONDS)"
            yield fault(Area.BOT, Fault.BOT_SLOW, problem, mend, seen.where)
        case BotState.REFUSED:
            problem = f"{seen.url} refused a call: {seen.detail}"
            yield warning(Area.BOT, Fault.BOT_REFUSES, problem, "Its own log says why", seen.where)
        case BotState.ACCEPTED:
            yield from _accepted(seen)


def _accepted(seen: BotSeen) -> Iterator[Finding]:
    if seen.seconds > SLOW_SHARE * seen.deadline_seconds:
        problem = f"{seen.url} took {seen.seconds:.1f} s to accept a call, and has {seen.deadline_seconds:g} s"
        mend = "Have it accept before it loads what it needs, or raise accept_seconds (BOT_ACCEPT_SECONDS)"
        yield warning(Area.BOT, Fault.BOT_SLOW, problem, mend, seen.where)
    else:
        yield good(Area.BOT, f"{seen.url} accepted a call after {1000 * seen.seconds:.0f} ms", seen.where)
