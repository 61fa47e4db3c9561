"""What the author of an account is told of streams and phones, from what a call is told and wants done."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from controller.api.control import LiveCall
from controller.api.twilio_forms import phone_sid
from controller.bot.adapters.twilio import stream_sid
from controller.bot.twiml import Callback
from controller.call import commands as c
from controller.call import events as e
from controller.call.legs import Request
from controller.call.vocabulary import TransferOutcome
from controller.routing.route import BotRung, HumanRung
from controller.routing.trigger import Trigger
from controller.session.status_callbacks import OUTCOMES, StatusCallbacks

CALL = LiveCall("id", datetime(2026, 11, 22, tzinfo=UTC), "+4930111", None, "+4930222", "default", "talking")
URL = "https://author.example/status"
ALL = Callback(URL, "GET", ("initiated", "ringing", "answered", "completed"))
STREAM = BotRung("ws://bot/", protocol="twilio", parameters={"statusCallback": URL, "streamName": "first"})
PHONE = HumanRung("PJSIP/desk")


class Author:
    def __init__(self) -> None:
        self.told: list[tuple[Callback, Mapping[str, str]]] = []

    def tell_of_stream(self, call: LiveCall, callback: Callback, stream: Mapping[str, str]) -> None:
        assert call is CALL
        self.told.append((callback, stream))

    def tell_of_phone(self, call: LiveCall, callback: Callback, phone: Mapping[str, str]) -> None:
        assert call is CALL
        self.told.append((callback, phone))

    def heard(self, name: str) -> list[str]:
        return [form[name] for _, form in self.told]


@pytest.fixture
def author() -> Author:
    return Author()


@pytest.fixture
def told(author: Author) -> StatusCallbacks:
    return StatusCallbacks("id", author, lambda: CALL)


# --- streams ------------------------------------------------------------------------------------------------


def test_a_stream_starts_and_stops_once(told: StatusCallbacks, author: Author) -> None:
    told.on_command(c.OpenBot(1, STREAM))
    assert author.told == []
    told.on_event(e.BotAccepted(1))
    told.on_event(e.BotHungUp(1))
    told.on_command(c.CloseBot(1, "bot_hung_up"))
    told.on_end()
    assert author.heard("StreamEvent") == ["stream-started", "stream-stopped"]
    assert author.told[0][0] == Callback(URL)
    assert author.heard("StreamSid") == [stream_sid("id/1")] * 2
    assert author.heard("StreamName") == ["first"] * 2


@pytest.mark.parametrize("over", [e.BotLost(1, Trigger.DROPPED, "the bot left"), e.WorkerLost(1, "the bot left")])
@pytest.mark.parametrize("accepted", [True, False])
def test_a_stream_that_fails(told: StatusCallbacks, author: Author, over: e.Event, *, accepted: bool) -> None:
    told.on_command(c.OpenBot(1, STREAM))
    if accepted:
        told.on_event(e.BotAccepted(1))
    told.on_event(over)
    told.on_command(c.CloseBot(1, "failed"))
    events = ["stream-started", "stream-error", "stream-stopped"] if accepted else ["stream-error"]
    assert author.heard("StreamEvent") == events
    assert "the bot left" in author.heard("StreamError")


def test_a_stream_that_is_on_ends_with_the_call(told: StatusCallbacks, author: Author) -> None:
    told.on_command(c.OpenBot(1, STREAM))
    told.on_event(e.BotAccepted(1))
    told.on_command(c.OpenBot(2, STREAM))
    told.on_end()
    assert author.heard("StreamEvent") == ["stream-started", "stream-stopped"], "the second was never there"


@pytest.mark.parametrize("rung", [BotRung("ws://b/"), BotRung("ws://b/", parameters=STREAM.parameters)])
def test_other_protocols_and_bots_without_a_callback_are_nobodys_affair(
    told: StatusCallbacks, author: Author, rung: BotRung
) -> None:
    told.on_command(c.OpenBot(1, rung))
    told.on_event(e.BotAccepted(1))
    told.on_end()
    assert author.told == []


def test_the_bot_that_was_chosen_counts(told: StatusCallbacks, author: Author) -> None:
    told.on_command(c.OpenBot(1, BotRung("ws://b/", choose_url="https://choose/")))
    told.on_event(e.BotChosen(1, STREAM))
    told.on_event(e.BotAccepted(1))
    assert author.heard("StreamEvent") == ["stream-started"]


# --- phones -------------------------------------------------------------------------------------------------


def dial(told: StatusCallbacks, callback: Callback = ALL) -> None:
    told.steered({"PJSIP/desk": ("+4930333", callback)})
    told.on_command(c.DialHuman(2, "PJSIP/desk", PHONE, Request()))


def test_a_phone_that_is_answered(told: StatusCallbacks, author: Author) -> None:
    dial(told)
    for news in (e.HumanRinging(2), e.HumanAnswered(2), e.HumanGone(2, TransferOutcome.CANCELLED)):
        told.on_event(news)
    told.on_event(e.HumanGone(2, TransferOutcome.FAILED))
    told.on_end()
    assert author.heard("CallStatus") == ["initiated", "ringing", "in-progress", "completed"]
    assert author.heard("SequenceNumber") == ["0", "1", "2", "3"]
    assert author.heard("To") == ["+4930333"] * 4
    assert author.heard("CallSid") == [phone_sid("id", 2)] * 4
    assert author.told[-1][1]["CallDuration"] == "0"
    assert {callback for callback, _ in author.told} == {ALL}


@pytest.mark.parametrize("outcome", TransferOutcome)
def test_a_phone_that_nobody_answers(told: StatusCallbacks, author: Author, outcome: TransferOutcome) -> None:
    dial(told, Callback(URL))
    told.on_event(e.HumanGone(2, outcome))
    assert author.heard("CallStatus") == [OUTCOMES[outcome]]


def test_a_phone_that_we_stop_ringing(told: StatusCallbacks, author: Author) -> None:
    dial(told, Callback(URL))
    told.on_command(c.HangUpHuman(2))
    told.on_event(e.HumanGone(2, TransferOutcome.FAILED))
    assert author.heard("CallStatus") == ["canceled"]


def test_a_caller_who_leaves_ends_the_ringing(told: StatusCallbacks, author: Author) -> None:
    dial(told)
    told.on_end()
    assert author.heard("CallStatus") == ["initiated", "canceled"]


def test_a_phone_that_the_next_document_does_not_name_is_nobodys_affair(told: StatusCallbacks, author: Author) -> None:
    dial(told)
    told.steered({})
    told.on_command(c.DialHuman(3, "PJSIP/desk", PHONE, Request()))
    told.on_event(e.HumanRinging(2))
    assert author.heard("CallStatus") == ["initiated", "ringing"]


def test_without_an_account_nobody_is_told() -> None:
    told = StatusCallbacks("id", None, lambda: CALL)
    dial(told)
    told.on_command(c.OpenBot(1, STREAM))
    told.on_event(e.BotAccepted(1))
    told.on_event(e.HumanRinging(7))
    told.on_end()
    assert told.dialled() == {"DialCallSid": phone_sid("id", 2)}
