"""Whoever calls in cannot call out: extensions.conf, read line by line."""

import re
from pathlib import Path

DIALPLAN = Path(__file__).parents[3] / "asterisk-conf" / "extensions.conf"
ENTERED = ("from-trunk", "from-phone")
"""The contexts of endpoints (pjsip.conf)."""
HARMLESS = {"Answer", "Goto", "GotoIf", "Hangup", "NoOp", "Playback", "Set", "Stasis", "Wait"}
ONE_HUMAN = "Dial(${HUMAN_ENDPOINT},${HUMAN_RING_SECONDS})"


HANGUP = "exten => h,1,Hangup()"
"""Where a call goes that has ended: a pattern of letters would take it for a number, and the call for a new one."""


def contexts() -> dict[str, list[str]]:
    """What each context does: its applications with their arguments."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in DIALPLAN.read_text(encoding="utf-8").splitlines():
        if heading := re.fullmatch(r"\[([\w-]+)\]", line):
            lines = found.setdefault(heading[1], [])
        elif line == HANGUP:
            lines.append("Hangup()")
        elif step := re.match(r"\s*(?:exten|same) => (?:[^,]+,)??(?:1|n(?:\(\w+\))?),(\w+\(.*\))$", line):
            lines.append(step[1])
        else:
            assert not line.startswith(("exten", " same", "include")), line
    return found


def reached(dialplan: dict[str, list[str]]) -> set[str]:
    found, open_ends = set[str](), set(ENTERED)
    while open_ends:
        found |= open_ends
        targets = {
            context
            for name in open_ends
            for step in dialplan[name]
            if step.startswith("Goto")
            for context in re.findall(r"([\w-]+),[^,?:]+,\d", step.replace("?", " ").replace(":", " "))
        }
        open_ends = targets - found
    return found


def test_from_a_call_in_no_way_leads_out() -> None:
    dialplan = contexts()
    assert reached(dialplan) == {"from-trunk", "from-trunk-numbered", "from-phone", "after-controller", "human"}
    for name in reached(dialplan):
        for step in dialplan[name]:
            assert step.partition("(")[0] in HARMLESS or step == ONE_HUMAN, f"[{name}] {step}"


def test_endpoints_enter_where_no_way_leads_out() -> None:
    for file in ("pjsip.conf", "pjsip-trunk.conf"):
        entered = re.findall(r"^context=(\S+)", (DIALPLAN.parent / file).read_text(encoding="utf-8"), re.MULTILINE)
        assert set(entered) <= set(ENTERED)
        assert entered


def test_a_call_that_ends_is_not_taken_for_a_new_one() -> None:
    heading = re.compile(r"^\[([\w-]+)\]$", re.MULTILINE)
    _, *parts = heading.split(DIALPLAN.read_text(encoding="utf-8"))
    of_letters = [lines for lines in parts[1::2] if "A-Za-z]!" in lines]
    assert of_letters
    assert all(HANGUP in lines for lines in of_letters)
