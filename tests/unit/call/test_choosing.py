"""A bot that the company's own system has chosen, and how long one that was lost is tried again."""

from dataclasses import replace

import pytest

from controller.call import commands as c
from controller.call import events as e
from controller.call.call import Call
from controller.call.rungs import ACCEPT_MARGIN_SECONDS
from controller.call.vocabulary import State
from controller.routing.route import BotRung
from controller.routing.trigger import Trigger
from tests.unit.call.calls import HUMAN, feed, make_call, talking

ASKED = BotRung("ws://usual/", choose_url="https://crm/", choose_seconds=3.0, reconnect_seconds=10)
OTHER = replace(ASKED, url="ws://other/", choose_url="")


def notes(call: Call, event: e.Event) -> list[tuple[str, str]]:
    return [(note.kind, note.detail) for note in call.receive(event, now=1.0) if isinstance(note, c.Note)]


def test_the_time_of_the_webhook_is_not_the_bots() -> None:
    call = make_call(ASKED, HUMAN)
    call.begin()
    assert call.deadline == ASKED.accept_seconds + 3.0 + ACCEPT_MARGIN_SECONDS


@pytest.mark.parametrize(("problem", "kind"), [(False, "bot_chosen"), (True, "bot_not_chosen")])
def test_the_record_says_which_or_why_not(problem: bool, kind: str) -> None:
    call = make_call(ASKED, HUMAN)
    call.begin()
    assert notes(call, e.BotChosen(1, OTHER, "in words", problem)) == [(kind, "in words")]


@pytest.mark.parametrize("again", [e.BotLost(1, Trigger.DROPPED), e.WorkerLost(1, "gone")])
def test_it_is_the_same_bot_that_is_tried_again(again: e.Event) -> None:
    call = make_call(ASKED, HUMAN)
    call.begin()
    feed(call, e.BotChosen(1, OTHER), e.MediaJoined(1), e.BotAccepted(1), e.CallerAnswered())
    (opened,) = [command for command in feed(call, again) if isinstance(command, c.OpenBot)]
    assert (opened.rung.url, opened.rung.choose_url) == ("ws://other/", "")


def test_late_news_of_another_attempt_changes_nothing() -> None:
    call = make_call(ASKED, HUMAN)
    call.begin()
    feed(call, e.WorkerLost(1, "gone"), e.BotChosen(1, OTHER))
    assert call.bot
    assert call.bot.rung == ASKED


@pytest.mark.parametrize(("tried", "left"), [(0.0, 10.0), (4.0, 6.0), (10.0, None), (11.0, None)])
def test_what_was_tried_below_counts(tried: float, left: float | None) -> None:
    call = talking(OTHER, HUMAN)
    feed(call, e.BotLost(1, Trigger.DROPPED, "", tried))
    if left is None:
        assert call.state is State.DIALLING
    else:
        assert call.state is State.OFFERING
        assert call.reconnect_until == 1.0 + left


def test_no_time_means_the_next_rung() -> None:
    call = talking(replace(OTHER, reconnect_seconds=0), HUMAN)
    feed(call, e.BotLost(1, Trigger.DROPPED))
    assert call.state is State.DIALLING
