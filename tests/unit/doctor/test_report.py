"""Findings as people and programs read them."""

import json

from rich.console import Console

from controller.doctor.finding import Area, Fault, Finding, fault, good, skipped, status, warning
from controller.doctor.report import as_json, render

FINDINGS = [
    good(Area.ASTERISK, "Asterisk 22.10.1 at http://asterisk:8088"),
    skipped(Area.AUDIO, "no test call: as you wished"),
    fault(
        Area.BOT,
        Fault.BOT_UNREACHABLE,
        "nothing answers at bot.example.com:443 (Connection refused), which is a long sentence",
        "Start it, or correct BOT_URL",
        "BOT_URL",
    ),
]


def shown(findings: list[Finding]) -> list[str]:
    console = Console(width=80, highlight=False)
    with console.capture() as capture:
        console.print(render(findings))
    return [line.rstrip() for line in capture.get().splitlines()]


def test_a_fault_says_what_where_and_how_to_mend_it_in_80_columns() -> None:
    assert shown(FINDINGS) == [
        "✔ asterisk Asterisk 22.10.1 at http://asterisk:8088",
        "- audio    no test call: as you wished",
        "✘ bot      nothing answers at bot.example.com:443 (Connection refused), which is",
        "           a long sentence  [bot_unreachable, BOT_URL]",
        "           → Start it, or correct BOT_URL",
        "",
        "1 fault. Mend them from the top: a call meets them in this order.",
    ]


def test_all_is_well() -> None:
    assert shown(FINDINGS[:2])[-1] == "Nothing is wrong: 1 things are as they should be."


def test_what_is_foreign_is_no_markup() -> None:
    assert "[red]x" in shown([good(Area.BOT, "[red]x")])[0]


def test_status_is_of_the_worst() -> None:
    late = warning(Area.BOT, Fault.BOT_SLOW, "late", "be quick")
    assert [status(found) for found in ([], FINDINGS[:2], [late], [late, *FINDINGS])] == [0, 0, 1, 2]


def test_programs_get_every_finding() -> None:
    told = json.loads(as_json(FINDINGS, "1.0"))
    assert (told["status"], told["result"], len(told["findings"])) == (2, "fault", 3)
    assert told["findings"][2]["fault"] == "bot_unreachable"
    assert told["findings"][0] == {
        **dict.fromkeys(("fault", "where", "mend")),
        "area": "asterisk",
        "level": "good",
        "seen": "Asterisk 22.10.1 at http://asterisk:8088",
    }
