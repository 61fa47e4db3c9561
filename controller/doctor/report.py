"""Findings for people in a terminal of 80 columns, and for programs. Pure."""

import json
from collections.abc import Sequence
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from controller.doctor.finding import STATUS, Finding, Level, status

MARKS: Final = {
    Level.GOOD: ("✔", "green"),
    Level.SKIPPED: ("-", "dim"),
    Level.HINT: ("i", "cyan"),
    Level.WARNING: ("!", "bold yellow"),
    Level.FAULT: ("✘", "bold red"),
}


def render(findings: Sequence[Finding], *, short: bool = False) -> RenderableType:
    """All findings, or only what is wrong, and how it is on the whole."""
    shown = [finding for finding in findings if not (short and finding.level in {Level.GOOD, Level.SKIPPED})]
    return Group(table(shown), Text(), _verdict(findings)) if shown else _verdict(findings)


def table(findings: Sequence[Finding]) -> Table:
    """A line for what is good, and for what is not a paragraph: what, where, how to mend it."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for finding in findings:
        mark, style = MARKS[finding.level]
        grid.add_row(Text(mark, style), Text(finding.area, style if finding.mend else ""), _words(finding))
    return grid


def _words(finding: Finding) -> RenderableType:
    if not finding.mend:
        return Text(finding.seen, "dim" if finding.level is Level.SKIPPED else "")
    seen = Text(finding.seen, MARKS[finding.level][1])
    if named := ", ".join(name for name in (finding.fault, finding.where) if name):
        seen.append(f"  [{named}]", "dim")
    return Group(seen, Text.assemble(("→ ", "bold"), finding.mend))


def _verdict(findings: Sequence[Finding]) -> Text:
    counts = {level: sum(finding.level is level for finding in findings) for level in Level}
    if status(findings) == 0:
        return Text(f"Nothing is wrong: {counts[Level.GOOD]} things are as they should be.", "bold green")
    wrong = [
        f"{counts[level]} {level}{'s' if counts[level] != 1 else ''}"
        for level in (Level.FAULT, Level.WARNING)
        if counts[level]
    ]
    return Text(f"{' and '.join(wrong)}. Mend them from the top: a call meets them in this order.", "bold")


def as_json(findings: Sequence[Finding], version: str) -> str:
    """One object: the exit status, and every finding in order."""
    found = [
        {
            "area": finding.area,
            "level": finding.level,
            "fault": finding.fault or None,
            "seen": finding.seen,
            "where": finding.where or None,
            "mend": finding.mend or None,
        }
        for finding in findings
    ]
    worst = max((finding.level for finding in findings), key=lambda level: (STATUS[level], level), default=Level.GOOD)
    result = "good" if STATUS[worst] == 0 else str(worst)
    return json.dumps(
        {"version": version, "status": status(findings), "result": result, "findings": found},
        ensure_ascii=False,
        indent=2,
    )
