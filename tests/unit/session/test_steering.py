"""Who steers a call by documents is asked for the next one, and whatever comes of that is an event."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest

from controller.api.control import LiveCall
from controller.api.twilio_forms import phone_sid
from controller.bot import twiml
from controller.bot.twiml import Action, Callback, TwimlError
from controller.call import commands as c
from controller.call import events as e
from controller.call.call import Call
from controller.call.legs import Request
from controller.call.vocabulary import TransferOutcome
from controller.errors import ControllerError
from controller.routing.route import Arrival, BotRung, Decision, DocumentRung, Fence, HumanRung, Route
from controller.session.shown import shown
from controller.session.status_callbacks import OUTCOMES, StatusCallbacks
from controller.session.steering import ask
from controller.session.voices import Voices
from controller.sounds.sounds import Sounds

NEXT = DocumentRung("https://author.example/next?key=k3y", "GET", "author.example")
NUMBER = "+493023125100"
DESK = HumanRung("PJSIP/desk")


class Author:
    def __init__(self, *actions: Action, error: ControllerError | None = None) -> None:
        self.asked: list[tuple[str, str, Mapping[str, str]]] = []
        self.told: list[tuple[str, str]] = []
        self._actions = actions
        self._error = error

    async def document(self, call: LiveCall, url: str, method: str, more: Mapping[str, str]) -> Sequence[Action]:
        assert call.id == "id"
        self.asked.append((url, method, more))
        if self._error:
            raise self._error
        return self._actions

    def tell_of_stream(self, *_: object) -> None:
        raise AssertionError("no stream is heard of here")

    def tell_of_phone(self, call: LiveCall, callback: Callback, phone: Mapping[str, str]) -> None:
        assert call.id == "id"
        self.told.append((callback.url, phone["CallStatus"]))


async def said(
    author: Author | None, reached: TransferOutcome | None = None, before: Sequence[c.Command | e.Event] = ()
) -> e.OperatorSteered | e.OperatorHungUp:
    """`before`: what has happened in the call."""
    call = Call(
        "id", Arrival("trunk", "", "", ""), Decision(Route("r", (BotRung("ws://b"),), fence=Fence(("+49",))), ""), 0.0
    )
    voices = Voices(Sounds(Path("/nonexistent")))
    seen = shown(call, datetime.now(UTC))
    told = StatusCallbacks("id", author, lambda: seen)
    for news in before:
        if isinstance(news, c.DialHuman):
            told.on_command(news)
        else:
            told.on_event(cast("e.Event", news))
    event = await ask(author, c.AskDocument(NEXT, reached), call, seen, voices, told)
    if isinstance(event, e.OperatorSteered) and isinstance(first := event.ladder[0], HumanRung):
        told.on_command(c.DialHuman(9, first.endpoint, first, Request()))
    return event


@pytest.mark.parametrize("outcome", TransferOutcome)
async def test_it_is_told_what_came_of_the_human(outcome: TransferOutcome) -> None:
    author = Author(twiml.Dial((NUMBER,)), twiml.Hangup())
    steered = await said(author, outcome)
    assert author.asked == [(NEXT.url, "GET", {"DialCallStatus": OUTCOMES[outcome]})]
    assert steered == e.OperatorSteered(
        "document of author.example", (HumanRung(f"PJSIP/{NUMBER}@trunk", 30.0, name=NUMBER),)
    )


async def test_it_is_told_of_the_call_to_the_human_too() -> None:
    author = Author(twiml.Hangup())
    dialled = [c.DialHuman(attempt, f"PJSIP/{attempt}", DESK, Request()) for attempt in (2, 3)]
    gone = e.HumanGone(2, TransferOutcome.CANCELLED)
    await said(author, TransferOutcome.CONNECTED, [*dialled, e.HumanAnswered(2), gone])
    await said(author, TransferOutcome.BUSY, [dialled[0], e.HumanGone(2, TransferOutcome.BUSY)])
    first, second = (more for _, _, more in author.asked)
    sid = phone_sid("id", 2)
    assert first == {"DialCallStatus": "completed", "DialCallSid": sid, "DialCallDuration": "0"}
    assert second == {"DialCallStatus": "busy", "DialCallSid": sid}


async def test_whom_the_next_document_names_is_told_of_its_phones() -> None:
    callback = Callback("https://author.example/status", events=("initiated",))
    author = Author(twiml.Dial((NUMBER,), callbacks=((NUMBER, callback),)), twiml.Hangup())
    await said(author)
    assert author.told == [(callback.url, "initiated")]


async def test_after_a_bot_there_is_no_such_status() -> None:
    author = Author(twiml.Hangup())
    assert await said(author) == e.OperatorHungUp("document of author.example")
    assert author.asked == [(NEXT.url, "GET", {})]


@pytest.mark.parametrize(
    ("author", "why"),
    [
        (None, "documents are not asked for here"),
        (Author(error=TwimlError("https://author.example/next?key=k3y answered 500")), "TwimlError"),
        (Author(twiml.Dial(("+19005550000",))), "premium"),
        (Author(twiml.Dial((NUMBER,), then=twiml.Redirect("/relative"))), "whole URL"),
    ],
)
async def test_without_a_document_the_call_ends_and_the_record_says_why(author: Author | None, why: str) -> None:
    ended = await said(author)
    assert isinstance(ended, e.OperatorHungUp)
    assert ended.by.startswith("document of author.example: ")
    assert why in ended.by or author is not None
    assert "k3y" not in ended.by
