"""What an operator does to a call through the API."""

import pytest

from controller.call import commands as c
from controller.call import events as e
from controller.call.call import Call
from controller.call.legs import Request
from controller.call.vocabulary import Ending, State, TransferOutcome
from controller.routing.route import AnnouncementRung, HumanRung, Sound
from tests.unit.call.calls import BOT, HUMAN, dial, feed, kinds, make_call, talking

HELLO = Sound(text="hello", language="en")


def notes(call: Call, event: e.Event) -> list[str]:
    return [x.detail for x in call.receive(event, 1.0) if isinstance(x, c.Note)]


def test_a_transfer_leaves_the_bot_there_until_the_human_is() -> None:
    call = talking()
    commands = feed(call, e.OperatorTransferred("desk", summary="urgent"))
    assert commands == [c.StartMusic("ringback"), c.TellTransfer(1, "dialling"), dial(2, Request("urgent"))]
    assert feed(call, e.HumanGone(2, TransferOutcome.BUSY)) == [c.TellTransfer(1, "busy"), c.StopMusic()]
    assert call.state is State.TALKING


def test_an_attended_transfer_brings_bot_and_human_together() -> None:
    call = talking()
    feed(call, e.OperatorTransferred("desk", way="attended"))
    assert c.Consult(2) in feed(call, e.HumanAnswered(2))


def test_who_takes_over_has_the_call_without_the_bot() -> None:
    call = talking()
    commands = feed(call, e.OperatorTransferred("desk", takes_over=True))
    assert commands == [c.CloseBot(1, "transferred"), c.StartMusic("ringback"), dial(2)]
    feed(call, e.HumanAnswered(2), e.HumanJoined(2))
    assert call.state is State.WITH_HUMAN


def test_who_does_not_take_over_after_all_leaves_the_ladder_and_not_the_bot() -> None:
    call = talking(BOT, AnnouncementRung(HELLO))
    feed(call, e.OperatorTransferred("desk", takes_over=True))
    assert c.PlaySound(1, HELLO) in feed(call, e.HumanGone(2, TransferOutcome.BUSY))


def test_the_record_says_who() -> None:
    assert notes(talking(), e.OperatorHungUp("desk"))[0] == "by desk"
    assert "by desk" in notes(talking(), e.OperatorTransferred("desk", takes_over=True))
    assert notes(talking(), e.OperatorTransferred("desk")) == ["human by bridge, by desk"]
    assert notes(talking(), e.OperatorPlayed("desk", HELLO)) == ["'hello', by desk"]
    assert notes(talking(), e.OperatorPressed("desk", "12")) == ["12, by desk"]
    assert notes(talking(), e.OperatorKnows("desk", "api-1", {"a": 1, "b": 2})) == ["a, b, by desk"]
    assert notes(talking(), e.OperatorSteered("desk", (BOT, BOT, HUMAN)))[0] == f"by desk: {BOT}, then {HUMAN}"


def test_what_is_played_is_over_when_it_is() -> None:
    call = talking()
    assert feed(call, e.OperatorPlayed("desk", HELLO)) == [c.PlaySound(1, HELLO)]
    assert feed(call, e.SoundEnded(1)) == []
    assert (call.sound, call.state) == (None, State.TALKING)
    feed(call, e.OperatorPlayed("desk", HELLO))
    assert c.StopSound(2) in feed(call, e.BotHungUp(1))


@pytest.mark.parametrize("joined", [False, True])
def test_digits_are_pressed(joined: bool) -> None:
    call = talking()
    if joined:
        feed(call, e.OperatorTransferred("desk"), e.HumanAnswered(2), e.HumanJoined(2))
    assert feed(call, e.OperatorPressed("desk", "12#")) == [c.PressKeys("12#")]


def test_metadata_is_kept_and_told_and_every_later_bot_knows_it() -> None:
    call = talking(metadata={"a": 0, "b": 0})
    assert feed(call, e.OperatorKnows("desk", "api-1", {"a": 1})) == [
        c.SaveMetadata(1.0, "api-1", "api", {"a": 1}),
        c.TellMetadata(1, {"a": 1}),
    ]
    feed(call, e.MetadataAdded(1, "m", {"c": 2}))
    assert call.metadata == {"a": 1, "b": 0, "c": 2}
    assert call.route.metadata == {"a": 0, "b": 0}


def test_metadata_without_a_bot_is_only_kept() -> None:
    call = make_call(HumanRung("PJSIP/human"))
    call.begin()
    assert kinds(feed(call, e.OperatorKnows("desk", "api-1", {"a": 1}))) == ["SaveMetadata"]


def test_a_steered_call_goes_down_the_other_ladder_and_ends_below_it() -> None:
    call = talking()
    commands = feed(call, e.OperatorSteered("desk", (AnnouncementRung(HELLO), HUMAN)))
    assert commands == [c.CloseBot(1, "transferred"), c.PlaySound(1, HELLO)]
    assert feed(call, e.SoundEnded(1)) == [c.StartMusic("ringback"), dial(2)]
    assert "HangUpCaller" in kinds(feed(call, e.HumanGone(2, TransferOutcome.BUSY)))
    assert call.ending is Ending.OPERATOR_HUNG_UP


def test_a_steered_call_can_be_steered_again_while_it_is_told_something() -> None:
    call = talking()
    feed(call, e.OperatorSteered("desk", (AnnouncementRung(HELLO),)))
    assert feed(call, e.OperatorSteered("desk", (HUMAN,))) == [c.StopSound(1), c.StartMusic("ringback"), dial(2)]


def test_a_rung_that_was_closed_says_nothing_of_the_other_ladder() -> None:
    call = talking()
    call.closed = {0: "closed"}
    assert dial(2) in feed(call, e.OperatorSteered("desk", (HUMAN,)))
