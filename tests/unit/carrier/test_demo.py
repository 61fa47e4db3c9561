import json
from dataclasses import replace
from typing import Any

from controller.carrier.demo import DemoReport

PERFECT = DemoReport(
    answered=True,
    caller_heard_bot=True,
    bot_heard_caller=True,
    result="Appointment confirmed",
    human_heard_caller=True,
    caller_heard_human=True,
    invite_to_ringing_ms=5.5,
    invite_to_answer_ms=32.5,
    answer_to_first_audio_ms=18.0,
    left_behind=0,
    ending="caller_hung_up",
)
BAD: dict[str, Any] = {
    "answered": False,
    "caller_heard_bot": False,
    "bot_heard_caller": False,
    "result": None,
    "human_heard_caller": False,
    "caller_heard_human": False,
    "invite_to_ringing_ms": None,
    "invite_to_answer_ms": None,
    "answer_to_first_audio_ms": None,
    "left_behind": 1,
}


def test_the_line_has_the_names_in_their_order() -> None:
    assert list(json.loads(PERFECT.line())) == list(BAD)
    assert json.loads(PERFECT.line())["invite_to_ringing_ms"] == 5.5


def test_it_is_well_only_when_all_of_it_is() -> None:
    assert PERFECT.ok
    for name, value in BAD.items():
        assert not replace(PERFECT, **{name: value}).ok, name
    assert not replace(PERFECT, ending="shutdown").ok
    assert not DemoReport().ok
