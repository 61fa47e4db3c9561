"""A call that is steered by documents: what comes after a verb, and who is asked for it."""

import pytest

from controller.call import commands as c
from controller.call import events as e
from controller.call.call import Call
from controller.call.vocabulary import Ending, State, TransferOutcome
from controller.routing.route import AnnouncementRung, AnyRung, BotRung, DocumentRung, KeysRung, Sound
from controller.routing.trigger import Trigger
from tests.unit.call.calls import HUMAN, feed, kinds, talking

NEXT = DocumentRung("https://author.example/next?key=k3y", "POST", "author.example")
OTHER = BotRung("ws://other/", reconnect_seconds=0)
GOODBYE = AnnouncementRung(Sound(text="goodbye"))


def steered(*ladder: AnyRung) -> Call:
    call = talking()
    feed(call, e.OperatorSteered("desk", ladder))
    return call


def asked(commands: list[c.Command]) -> list[TransferOutcome | None]:
    return [command.reached for command in commands if isinstance(command, c.AskDocument)]


@pytest.mark.parametrize("outcome", [TransferOutcome.BUSY, TransferOutcome.NO_ANSWER])
def test_a_human_who_does_not_take_it(outcome: TransferOutcome) -> None:
    call = steered(HUMAN, NEXT)
    assert asked(feed(call, e.HumanGone(2, outcome))) == [outcome]
    assert call.state is State.ANNOUNCING


def with_human(*ladder: AnyRung) -> Call:
    call = steered(*ladder)
    feed(call, e.HumanAnswered(2), e.HumanJoined(2))
    assert call.state is State.WITH_HUMAN
    return call


def test_a_human_who_has_hung_up() -> None:
    call = with_human(HUMAN, NEXT)
    assert asked(feed(call, e.HumanGone(2, TransferOutcome.CONNECTED))) == [TransferOutcome.CONNECTED]
    feed(call, e.OperatorSteered("author", (GOODBYE, NEXT)))
    assert asked(feed(call, e.SoundEnded(1))) == [None], "that was of the ladder before"


def test_what_stands_behind_a_human_is_done_when_the_human_has_hung_up() -> None:
    call = with_human(HUMAN, GOODBYE)
    assert kinds(feed(call, e.HumanGone(2, TransferOutcome.CONNECTED))) == ["RejoinCaller", "PlaySound"]
    feed(call, e.SoundEnded(1))
    assert call.ending is Ending.OPERATOR_HUNG_UP
    last = with_human(HUMAN)
    feed(last, e.HumanGone(2, TransferOutcome.CONNECTED))
    assert last.ending is Ending.HUMAN_HUNG_UP


def test_what_stands_behind_a_bot_is_done_when_the_bot_has_left() -> None:
    call = steered(OTHER, HUMAN)
    feed(call, e.MediaJoined(2), e.BotAccepted(2))
    commands = feed(call, e.BotHungUp(2, "the bot closed its stream"))
    assert kinds(commands) == ["CloseBot", "StartMusic", "DialHuman"]
    for over in (e.BotHungUp(2, ""), e.BotLost(2, Trigger.DROPPED)):
        call = steered(OTHER, NEXT)
        feed(call, e.MediaJoined(2), e.BotAccepted(2))
        assert asked(feed(call, over)) == [None]


def test_a_bot_that_hangs_up_without_being_steered_ends_the_call() -> None:
    call = talking()
    feed(call, e.BotHungUp(1, ""))
    assert call.ending is Ending.BOT_HUNG_UP


def test_nobody_who_answers_is_the_end() -> None:
    call = steered(HUMAN, NEXT)
    feed(call, e.HumanGone(2, TransferOutcome.BUSY), e.DeadlinePassed())
    assert call.ending is Ending.OPERATOR_HUNG_UP


def test_the_next_verb_comes_when_the_keys_have_been_pressed() -> None:
    call = talking()
    commands = feed(call, e.OperatorSteered("desk", (KeysRung("12w#"), GOODBYE)))
    assert c.PressKeys("12w#") in commands
    assert call.deadline == pytest.approx(call.now + 3 * 0.2 + 0.5 + 0.2)
    assert "PlaySound" in kinds(feed(call, e.DeadlinePassed()))
    assert "12" not in repr(KeysRung("12w#")) + str(KeysRung("12w#"))


def test_a_redirect_is_asked_for_when_the_verbs_before_it_are_over() -> None:
    call = talking()
    assert asked(feed(call, e.OperatorSteered("desk", (GOODBYE, NEXT)))) == []
    assert asked(feed(call, e.SoundEnded(1))) == [None]


def test_a_key_in_the_url_is_not_in_the_record() -> None:
    assert "k3y" not in repr(NEXT) + str(NEXT)
