"""Calls that we place: nobody is talked to before picking up."""

from typing import Any

import pytest

from controller.call import commands as c
from controller.call import events as e
from controller.call.call import Call
from controller.call.vocabulary import Ending, State
from controller.routing.route import AnyRung, Arrival, Decision, Placed, Recording, Route, Sound
from controller.routing.trigger import Trigger
from tests.unit.call.calls import BOT, HUMAN, feed

PLACED = Placed("PJSIP/+4930@trunk", 30.0, "desk", {"order": 7})
ARRIVAL = Arrival("api", "+493023125000", "", "+493012345678", placed=PLACED)


def placed(*ladder: AnyRung, **route: Any) -> tuple[Call, list[c.Command]]:
    call = Call("id", ARRIVAL, Decision(Route("r", ladder or (BOT,), HUMAN, **route), ""), now=0.0)
    return call, [command for command in call.begin() if not isinstance(command, c.Note)]


def ended(commands: list[c.Command]) -> bool:
    return c.HangUpCaller(16) in commands and c.Release() in commands


def test_the_callee_is_dialled_and_the_bot_is_asked_at_once() -> None:
    _, commands = placed()
    assert commands[1:4] == [
        c.SaveMetadata(0.0, "placed", "api", {"order": 7}),
        c.PlaceCall(PLACED, "+493023125000"),
        c.OpenBot(1, BOT),
    ]


def test_the_bot_talks_when_somebody_picks_up() -> None:
    call, _ = placed()
    assert feed(call, e.MediaJoined(1), e.BotAccepted(1)) == []
    assert feed(call, e.CallerAnswered()) == [c.PlayBot(1)]
    assert call.state is State.TALKING


def test_who_picks_up_before_the_bot_is_there_waits_for_it() -> None:
    call, _ = placed()
    assert feed(call, e.CallerAnswered()) == []
    assert feed(call, e.MediaJoined(1), e.BotAccepted(1)) == [c.PlayBot(1)]


def test_it_is_recorded_and_announced_as_any_call() -> None:
    call, _ = placed(recording=Recording("always", Sound(builtin="beep")))
    feed(call, e.MediaJoined(1), e.BotAccepted(1))
    assert [type(one) for one in feed(call, e.CallerAnswered())] == [c.RecordCall, c.PlaySound]
    assert feed(call, e.SoundEnded(1)) == [c.PlayBot(1)]


@pytest.mark.parametrize(
    ("cause", "status", "ending"),
    [
        (17, 486, Ending.BUSY),
        (19, 480, Ending.NO_ANSWER),
        (21, 603, Ending.DECLINED),
        (1, 404, Ending.UNREACHABLE),
        (34, None, Ending.UNREACHABLE),
        (0, None, Ending.UNREACHABLE),
    ],
)
def test_why_nobody_picked_up(cause: int, status: int | None, ending: Ending) -> None:
    call, _ = placed()
    commands = feed(call, e.CallerGone(cause, status))
    assert call.ending is ending
    assert c.CloseBot(1, "not_answered") in commands


def test_asterisk_never_says_that_it_rang_too_long() -> None:
    call, _ = placed()
    feed(call, e.MediaJoined(1), e.BotAccepted(1))
    assert call.deadline == 1.0 + 30.0 + 2.0
    assert ended(feed(call, e.DeadlinePassed()))
    assert call.ending is Ending.NO_ANSWER


def test_without_a_bot_it_does_not_ring_on() -> None:
    call, _ = placed()
    commands = feed(call, e.BotLost(1, Trigger.UNREACHABLE))
    assert call.ending is Ending.REFUSED
    assert c.HangUpCaller(34) in commands


@pytest.mark.parametrize("event", [e.ShutDown(), e.CommandFailed("OpenBot", "no")])
def test_who_has_not_picked_up_is_not_given_to_a_human(event: e.Event) -> None:
    call, _ = placed()
    assert ended(feed(call, event))
    call, _ = placed()
    feed(call, e.MediaJoined(1), e.BotAccepted(1), e.CallerAnswered())
    assert c.HandToDialplan() in feed(call, event)


def test_who_hung_up_after_talking() -> None:
    call, _ = placed()
    feed(call, e.MediaJoined(1), e.BotAccepted(1), e.CallerAnswered(), e.CallerGone(16))
    assert call.ending is Ending.CALLER_HUNG_UP
