"""All steps against one bot, on as many calls as they need."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

from controller.bot.adapters import adapter_of
from controller.bot.adapters.adapter import Behaviour
from controller.bot.conversation import BotFailed, BotRefused
from controller.conformance import steps
from controller.conformance.line import HUNG_UP, BotLine, Target
from controller.conformance.report import Check, Outcome
from controller.conformance.steps import Wishes, check

Step = Callable[[BotLine, Wishes], Awaitable[Check]]

ON_ONE_CALL: Final[tuple[Step, ...]] = (
    steps.speaks,
    steps.is_interrupted,
    steps.hears,
    steps.takes_chunks,
    steps.ignores_the_unknown,
    steps.takes_keys,
    steps.reports,
    steps.lets_go,
)
"""Interrupted early, in its greeting; keys late, for a bot may hang up on one."""

WRONG_TOKEN: Final = "not-the-token"  # noqa: S105


async def run(target: Target, wishes: Wishes, tell: Callable[[Check], None] = lambda _check: None) -> list[Check]:
    """`tell` is called for each check as it is done."""
    checks: list[Check] = []

    def note(done: Check) -> None:
        checks.append(done)
        tell(done)

    line = BotLine(target)
    opening = await _accepts(line)
    note(opening)
    if opening.outcome is not Outcome.PASSED or line.accept is None:
        return checks
    line.answer()
    for step in ON_ONE_CALL:
        if line.over == HUNG_UP and step is not steps.lets_go:
            line = await _another(line)
        if line.over is None or step is steps.lets_go:
            note(await step(line, wishes))
    await line.end()
    for key, step in ((wishes.transfer_key, steps.transfers), (wishes.hangup_key, steps.hangs_up)):
        if key:
            note(await _on_a_call(target, wishes, step))
    note(await _several_at_a_time(target))
    for done in await _survives_a_drop(target):
        note(done)
    if target.token:
        note(await _knows_its_controller(target))
    return checks


async def _accepts(line: BotLine) -> Check:
    sent, expected = "the handshake, and start", "accept, or reject"
    try:
        await line.open()
    except BotRefused as refusal:
        got = f"reject: {refusal.reject.reason} {refusal.reject.message}".rstrip()
        return check("rejects", Behaviour.REJECT, sent, expected, got, good=True)
    except BotFailed as failure:
        return check("accepts", None, sent, expected, failure.detail, good=False)
    return check("accepts", None, sent, expected, f"accept after {line.now:.2f} s", good=True)


async def _another(before: BotLine) -> BotLine:
    """The bot may hang up when it likes; the next step has a call of its own."""
    await before.end()
    line = BotLine(before.target)
    await _accepts(line)
    if line.accept is not None:
        line.answer()
        return line
    return before


async def _on_a_call(target: Target, wishes: Wishes, step: Step) -> Check:
    line = BotLine(target)
    opening = await _accepts(line)
    if line.accept is None:
        return opening
    line.answer()
    try:
        return await step(line, wishes)
    finally:
        await line.end()


async def _several_at_a_time(target: Target) -> Check:
    lines = [BotLine(target) for _ in range(2)]
    openings = await asyncio.gather(*(_accepts(line) for line in lines))
    await asyncio.gather(*(line.end() for line in lines if line.accept is not None))
    got = "; ".join(opening.got for opening in openings)
    good = all(opening.outcome is Outcome.PASSED for opening in openings)
    return check("takes two calls at a time", None, "two calls at once", "accept, or reject as busy", got, good=good)


async def _survives_a_drop(target: Target) -> list[Check]:
    """A call that breaks off is gone on with, where the bot can, and costs the next one nothing."""
    sent, expected = "a call that breaks off without end, then another", "accept"
    checks = []
    line = BotLine(target)
    opening = await _accepts(line)
    if line.accept is not None:
        line.answer()
        resumed = await line.drop()
        if Behaviour.RESUME_SESSION not in adapter_of(target.protocol).CANNOT:
            checks.append(_resumes(line, resumed=resumed))
        await line.end()
        line = BotLine(target)
        opening = await _accepts(line)
        await line.end()
    good = opening.outcome is Outcome.PASSED
    checks.append(check("survives a broken connection", Behaviour.DROP, sent, expected, opening.got, good=good))
    return checks


def _resumes(line: BotLine, *, resumed: bool) -> Check:
    sent, expected = "a connection that breaks, and start with resume on a new one", "accept"
    if line.accept is None or not line.accept.resume_token:
        got, bad = "its accept had no resume_token: every connection is a new call to it", Outcome.NOT_SEEN
    else:
        got, bad = "accept" if resumed else f"not accepted again; {line.over}", Outcome.FAILED
    return check("goes on after a break", Behaviour.RESUME_SESSION, sent, expected, got, good=resumed, bad=bad)


async def _knows_its_controller(target: Target) -> Check:
    line = BotLine(replace(target, token=WRONG_TOKEN))
    opening = await _accepts(line)
    if line.accept is not None:
        await line.end()
    refused = line.accept is None
    return check(
        "refuses a wrong token", None, "the handshake with another token", "HTTP 401", opening.got, good=refused
    )
