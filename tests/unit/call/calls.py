"""Calls at the point where a test begins, and what is done to them."""

from typing import Any

from controller.call import commands as c
from controller.call import events as e
from controller.call.call import Call
from controller.call.legs import Request
from controller.call.vocabulary import State
from controller.routing.route import (
    AnyRung,
    Arrival,
    BotRung,
    Decision,
    Destination,
    HumanRung,
    Route,
    Sound,
    VoicemailRung,
)

REQUEST = Request()
"""A transfer that the bot asks for without another word."""
BOT = BotRung("ws://bot/", reconnect_seconds=0)
HUMAN = HumanRung("PJSIP/human")
VOICEMAIL = VoicemailRung(Sound(builtin="beep"))
ARRIVAL = Arrival("trunk", "+493023125200", "", "+493023125000")


def make_call(*ladder: AnyRung, human: Destination | None = HUMAN, **route: Any) -> Call:
    return Call("id", ARRIVAL, Decision(Route("test", ladder or (BOT, HUMAN), human, **route), "test"), now=0.0)


def feed(call: Call, *events: e.Event) -> list[c.Command]:
    """The commands of all `events`, without the notes, which have tests of their own."""
    wanted = [command for event in events for command in call.receive(event, now=1.0)]
    return [command for command in wanted if not isinstance(command, c.Note)]


def talking(*ladder: AnyRung, **route: Any) -> Call:
    call = make_call(*ladder, **route)
    call.begin()
    feed(call, e.MediaJoined(1), e.BotAccepted(1), e.CallerAnswered())
    assert call.state is State.TALKING
    return call


def kinds(commands: list[c.Command]) -> list[str]:
    return [type(command).__name__ for command in commands]


def dial(attempt: int, request: Request = REQUEST, rung: HumanRung = HUMAN) -> c.DialHuman:
    return c.DialHuman(attempt, rung.endpoint, rung, request)
