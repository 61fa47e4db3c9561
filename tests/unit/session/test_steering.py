"""Who steers a call by documents is asked for the next one, and whatever comes of that is an event."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from controller.api.control import LiveCall
from controller.bot import twiml
from controller.bot.twiml import Action, TwimlError
from controller.call import commands as c
from controller.call import events as e
from controller.call.call import Call
from controller.call.vocabulary import TransferOutcome
from controller.errors import ControllerError
from controller.routing.route import Arrival, BotRung, Decision, DocumentRung, Fence, HumanRung, Route
from controller.session.shown import shown
from controller.session.steering import DIALLED, ask
from controller.session.voices import Voices
from controller.sounds.sounds import Sounds

NEXT = DocumentRung("https://author.example/next?key=k3y", "GET", "author.example")
NUMBER = "+493023125100"


class Author:
    def __init__(self, *actions: Action, error: ControllerError | None = None) -> None:
        self.asked: list[tuple[str, str, Mapping[str, str]]] = []
        self._actions = actions
        self._error = error

    async def document(self, call: LiveCall, url: str, method: str, more: Mapping[str, str]) -> Sequence[Action]:
        assert call.id == "id"
        self.asked.append((url, method, more))
        if self._error:
            raise self._error
        return self._actions


async def said(author: Author | None, reached: TransferOutcome | None = None) -> e.OperatorSteered | e.OperatorHungUp:
    call = Call(
        "id", Arrival("trunk", "", "", ""), Decision(Route("r", (BotRung("ws://b"),), fence=Fence(("+49",))), ""), 0.0
    )
    voices = Voices(Sounds(Path("/nonexistent")))
    return await ask(author, c.AskDocument(NEXT, reached), call, shown(call, datetime.now(UTC)), voices)


@pytest.mark.parametrize("outcome", TransferOutcome)
async def test_it_is_told_what_came_of_the_human(outcome: TransferOutcome) -> None:
    author = Author(twiml.Dial((NUMBER,)), twiml.Hangup())
    steered = await said(author, outcome)
    assert author.asked == [(NEXT.url, "GET", {"DialCallStatus": DIALLED[outcome]})]
    assert steered == e.OperatorSteered(
        "document of author.example", (HumanRung(f"PJSIP/{NUMBER}@trunk", 30.0, name=NUMBER),)
    )


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
