"""What came of each step, for people and for programs."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from controller.bot.adapters import adapter_of
from controller.bot.adapters.adapter import Behaviour


class Outcome(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    NOT_SEEN = "not seen"
    """The bot had no occasion, or does without it: neither right nor wrong."""


@dataclass(frozen=True, slots=True)
class Check:
    """One step."""

    name: str
    behaviour: Behaviour | None
    """None: of the connection, and not of what the protocol can say."""
    outcome: Outcome
    sent: str
    expected: str
    got: str


def passed(checks: Sequence[Check]) -> bool:
    return all(check.outcome is not Outcome.FAILED for check in checks)


def as_text(protocol: str, url: str, checks: Sequence[Check]) -> str:
    lines = [f"{url} as a bot of the protocol {protocol}", ""]
    for check in checks:
        lines.append(f"{check.outcome.upper():<9} {check.name}")
        lines.append(f"          sent      {check.sent}")
        lines.append(f"          expected  {check.expected}")
        lines.append(f"          got       {check.got}")
    cannot = adapter_of(protocol).CANNOT
    if cannot:
        lines += ["", f"What {protocol} has no word for:"]
        lines += [f"          {behaviour:<18} {reason}" for behaviour, reason in cannot.items()]
    counts = {outcome: sum(check.outcome is outcome for check in checks) for outcome in Outcome}
    lines += ["", ", ".join(f"{count} {outcome}" for outcome, count in counts.items())]
    return "\n".join(lines)


def as_json(protocol: str, checks: Sequence[Check]) -> str:
    """A line for each: `passed` is null where nothing was seen."""
    verdicts = {Outcome.PASSED: True, Outcome.FAILED: False, Outcome.NOT_SEEN: None}
    lines: list[dict[str, Any]] = [
        {
            "protocol": protocol,
            "behaviour": str(check.behaviour or check.name.replace(" ", "_")),
            "passed": verdicts[check.outcome],
            "sent": check.sent,
            "expected": check.expected,
            "got": check.got,
        }
        for check in checks
    ]
    cannot = adapter_of(protocol).CANNOT
    lines += [{"protocol": protocol, "behaviour": str(name), "cannot": reason} for name, reason in cannot.items()]
    return "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
