"""Who speaks in which call, from what the workers say of their sessions."""

from types import SimpleNamespace
from typing import cast

import pytest

from controller.call.call import Call
from controller.call.vocabulary import State
from controller.media.control_messages import Speaking
from controller.session.bot_legs import MediaWorker
from controller.session.speaking import Change, WhoSpeaks

NOBODY, CALLER, BOT, BOTH = Speaking
HERE, THERE = cast("MediaWorker", "one worker"), cast("MediaWorker", "another")


class Controller:
    """Its calls, by route, and what was told of them."""

    def __init__(self) -> None:
        self.routes = {"a": "reception", "b": "sales"}
        self.told: list[Change] = []
        self.who = WhoSpeaks(self.routes.get)
        self.who.on_changed = self.told.extend

    def news(self) -> list[Change]:
        told = self.told.copy()
        self.told.clear()
        return told


def test_what_changes_is_told_once() -> None:
    controller = Controller()
    controller.who.heard(HERE, {"a/1": NOBODY, "b/1": BOT, "no session of ours": CALLER, "over/1": BOT})
    assert controller.news() == [Change("a", "reception", NOBODY), Change("b", "sales", BOT)]
    controller.who.heard(HERE, {"a/1": NOBODY, "b/1": BOTH})
    assert controller.news() == [Change("b", "sales", BOTH)]


def test_a_bot_that_came_later_is_not_spoken_for_by_the_one_before() -> None:
    controller = Controller()
    controller.who.heard(HERE, {"a/1": BOT})
    controller.who.heard(HERE, {"a/2": NOBODY})
    controller.news()
    controller.who.heard(HERE, {"a/1": CALLER})
    controller.who.heard(HERE, {"a/1": None})
    assert controller.news() == []
    controller.who.heard(HERE, {"a/2": None})
    assert controller.news() == [Change("a", "reception", None)]


def test_of_a_call_that_is_over_nothing_is_told_or_kept() -> None:
    controller = Controller()
    controller.who.heard(HERE, {"a/1": BOT})
    del controller.routes["a"]
    controller.news()
    controller.who.heard(HERE, {"a/1": None})
    controller.who.heard(HERE, {"a/1": CALLER})
    controller.who.lost(HERE)
    assert controller.news() == []


def test_a_link_that_is_down_says_nothing() -> None:
    controller = Controller()
    controller.who.heard(HERE, {"a/1": BOT})
    controller.who.heard(THERE, {"b/1": CALLER})
    controller.news()
    controller.who.lost(HERE)
    assert controller.news() == [Change("a", "reception", None)]
    controller.who.heard(HERE, {"a/1": CALLER})
    assert controller.news() == [Change("a", "reception", CALLER)]


@pytest.mark.parametrize("state", State)
def test_it_is_known_while_caller_and_bot_talk(state: State) -> None:
    who = Controller().who
    who.heard(HERE, {"a/1": BOT})
    call = cast("Call", SimpleNamespace(id="a", state=state))
    assert who.of(call) is (BOT if state is State.TALKING else None)
