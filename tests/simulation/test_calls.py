"""A million events, the same in every run; and the faults that the simulation has to find."""

from collections.abc import Callable
from typing import Any

import pytest

from controller.call import events as e
from controller.call import finish, ladder
from controller.call.reactions import caller, ignore
from controller.call.transitions import TABLE
from controller.call.vocabulary import State
from controller.session import adoption
from tests.simulation.invariants import Broken
from tests.simulation.run import play_events

SHARDS, EVENTS = 20, 50_000
FAR_APART = 1_000_000
"""More seeds than a shard uses."""


@pytest.mark.parametrize("shard", range(SHARDS))
def test_no_invariant_is_broken(shard: int) -> None:
    assert play_events(shard * FAR_APART, EVENTS) > 0


MUTANTS: dict[str, tuple[type[e.Event], State, Callable[..., Any], str]] = {
    "a human who leaves is not noticed": (e.HumanGone, State.WITH_HUMAN, ignore, "who talks to a human has one"),
    "a caller who leaves is not noticed": (e.CallerGone, State.DIALLING, ignore, "to a caller of whom"),
    "silence behind the place in line": (e.SoundEnded, State.OFFERING, caller.sound_over, "dead air"),
    "a line left without a word": (e.LineFull, State.WAITING, lambda call, _: finish.leave_line(call), "in line"),
    "a bot that was lost stays": (e.BotLost, State.TALKING, lambda call, _: ladder.take_next_rung(call), ""),
    "a phone that rings for ever": (e.DeadlinePassed, State.DIALLING, ignore, "a deadline that has passed stays"),
    "a consultation that forgets the bot": (e.BotLost, State.CONSULTING, ignore, "who is consulted"),
}


def test_finds_a_successor_that_overlooks_something(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adoption, "_of_the_human", lambda *_: ())
    with pytest.raises(Broken, match="who talks to a human has one"):
        play_events(0, 4 * EVENTS)


@pytest.mark.parametrize("mutant", MUTANTS)
def test_finds_faults(mutant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    event, state, action, said = MUTANTS[mutant]
    monkeypatch.setitem(TABLE[event], state, action)
    with pytest.raises(Broken, match=rf"(?s)seed \d+: .*{said}.*Replay"):
        play_events(0, 4 * EVENTS)
