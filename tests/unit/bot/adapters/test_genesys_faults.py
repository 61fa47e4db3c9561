"""Genesys AudioHook: whatever is wrong is a fault by name, and nothing else."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.bot.adapters.genesys import NO_ORGANIZATION
from controller.bot.protocol import (
    Dtmf,
    UnknownType,
)
from controller.errors import ProtocolError
from tests.unit.bot.adapters.genesys_side import (
    MEDIA,
    START,
    Bot,
    opened,
    read_steps,
    session,
    transcript,
)
from tests.unit.bot.test_protocol import JSON

# --- faults -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "other", "field"),
    [
        ("pong", {"version": "1"}, "version"),
        ("pong", {"id": NO_ORGANIZATION}, "id"),
        ("pong", {"seq": 7}, "seq"),
        ("pong", {"seq": "2"}, "seq"),
        ("pong", {"clientseq": 2}, "clientseq"),
        ("pong", {"clientseq": -1}, "clientseq"),
        ("opened", {"parameters": {"media": [MEDIA]}}, "type"),
        ("event", {}, "parameters.entities"),
        ("event", {"parameters": {"entities": ["x"]}}, "parameters.entities"),
        ("event", {"parameters": {"entities": [transcript("x", "left")]}}, "data.channel"),
        (
            "event",
            {"parameters": {"entities": [transcript("x", alternatives=[])]}},
            "data.alternatives.0.interpretations.0.transcript",
        ),
        ("disconnect", {"parameters": {}}, "parameters.reason"),
        ("disconnect", {"parameters": {"reason": "completed", "outputVariables": []}}, "parameters.outputVariables"),
    ],
)
def test_a_fault_is_named_by_its_field(kind: str, other: dict[str, Any], field: str) -> None:
    with pytest.raises(ProtocolError) as raised:
        opened().says(kind, **other)
    assert raised.value.field == field


def test_a_wrong_number_is_told_once_and_counted_from() -> None:
    bot = opened()
    bot.seq += 5
    with pytest.raises(ProtocolError, match="seq must be 2, one more than before"):
        bot.says("pong", {})
    assert bot.says("pong", {}) == []
    assert read_steps(bot.adapter.to_bot(Dtmf(digit="1")))[0]["serverseq"] == 8


def test_a_duration_that_is_none_is_told() -> None:
    adapter = session()
    adapter.to_bot(START)
    with pytest.raises(ProtocolError, match=r"discardTo must be a duration in seconds, such as PT1\.2S"):
        Bot(adapter).says("opened", {"media": [MEDIA], "discardTo": "1 s"})


@pytest.mark.parametrize(
    ("kind", "parameters"), [("wave", {}), ("event", {"entities": [{"type": "agentassist", "data": {}}]})]
)
def test_an_unknown_kind_is_no_fault(kind: str, parameters: dict[str, Any]) -> None:
    with pytest.raises(UnknownType):
        opened().says(kind, parameters)


KINDS = st.sampled_from(["opened", "event", "disconnect", "closed", "reconnect", "error", "pong", "pause", "resume"])
NAMES = st.sampled_from(
    [
        "media",
        "entities",
        "reason",
        "info",
        "outputVariables",
        "message",
        "startPaused",
        "discardTo",
        "type",
        "data",
        "channel",
        "alternatives",
        "interpretations",
        "transcript",
        "isFinal",
        "id",
        "offset",
        "duration",
        "text",
    ]
)
WORDS = st.sampled_from(["transcript", "barge_in", "bot_turn_response", "external", "completed", "PT1.2S", "audio"])
VALUES = st.recursive(
    JSON | WORDS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=6), max_leaves=12
)


@given(st.lists(st.tuples(KINDS, st.dictionaries(NAMES, VALUES, max_size=4)), max_size=5), st.booleans())
def test_no_parameters_raise_anything_but_a_protocol_error(said: list[tuple[str, Any]], is_open: bool) -> None:
    adapter = session()
    adapter.to_bot(START)
    bot = opened() if is_open else Bot(adapter)
    for kind, parameters in said:
        with contextlib.suppress(ProtocolError):
            bot.says(kind, parameters)
