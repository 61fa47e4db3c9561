"""Caller and bot take turns: known answers, and what is no answer."""

from controller.media.turns import Turns


def test_nothing_is_told_of_what_never_was() -> None:
    turns = Turns()
    turns.bot_began(0.0)
    turns.bot_silenced(1.0)
    assert turns.statistics == {}


def test_the_mean_of_all_answers() -> None:
    turns = Turns()
    for word, answer in ((1.0, 1.5), (5.0, 6.0)):
        turns.caller_began(word - 1, over_bot=False)
        turns.caller_stopped(word, over_bot=False)
        turns.bot_began(answer)
        turns.bot_began(answer + 1)
    assert turns.statistics == {"bot_response_ms": 750.0, "bot_responses": 2}


def test_a_caller_who_goes_on_was_not_answered_yet() -> None:
    turns = Turns()
    turns.caller_stopped(1.0, over_bot=False)
    turns.caller_began(1.4, over_bot=False)
    turns.bot_began(1.5)
    turns.caller_stopped(2.0, over_bot=False)
    turns.bot_began(2.3)
    assert turns.statistics == {"bot_response_ms": 300.0, "bot_responses": 1}


def test_a_bot_that_talks_on_is_not_interrupted_by_running_out() -> None:
    turns = Turns()
    turns.caller_began(1.0, over_bot=True)
    turns.caller_stopped(1.5, over_bot=True)
    turns.bot_silenced(1.6)
    turns.bot_began(1.7)
    assert turns.statistics == {}


def test_the_bots_own_word_of_the_last_word_comes_early_or_late_and_in_parts() -> None:
    turns = Turns()
    turns.bot_began(0.1)
    turns.caller_was_heard(2.0)
    turns.caller_was_heard(3.0)
    turns.bot_began(3.5)
    turns.bot_began(7.0)
    turns.caller_was_heard(6.0)
    turns.caller_was_heard(6.5)
    turns.bot_began(9.0)
    assert turns.statistics == {"bot_response_ms": 750.0, "bot_responses": 2}
