"""The call core: the path that most calls take, from the bot to the human."""

from dataclasses import replace
from typing import get_args

import pytest

from controller.call import commands as c
from controller.call import events as e
from controller.call.transitions import TABLE
from controller.call.vocabulary import Ending, State, TransferOutcome
from controller.routing.route import AnnouncementRung, HumanRung, Sound
from controller.routing.trigger import Trigger
from tests.unit.call.calls import BOT, HUMAN, REQUEST, VOICEMAIL, dial, feed, kinds, make_call, talking


class TestTable:
    def test_a_row_for_every_event(self) -> None:
        assert set(TABLE) == set(get_args(e.Event))

    def test_a_cell_for_every_state(self) -> None:
        assert all(set(row) == set(State) for row in TABLE.values())


class TestBot:
    def test_rings_and_asks_the_bot_while_media_is_made(self) -> None:
        commands = make_call().begin()
        assert kinds([x for x in commands if not isinstance(x, c.Note)]) == [
            "OpenRecord", "RingCaller", "OpenBridge", "OpenBot", "OpenMedia",
        ]  # fmt: skip

    @pytest.mark.parametrize("order", [(e.MediaJoined(1), e.BotAccepted(1)), (e.BotAccepted(1), e.MediaJoined(1))])
    def test_answers_only_when_bot_and_media_are_there(self, order: tuple[e.Event, e.Event]) -> None:
        call = make_call()
        call.begin()
        assert feed(call, order[0]) == []
        assert feed(call, order[1]) == [c.AnswerCaller()]
        assert feed(call, e.CallerAnswered()) == [c.PlayBot(1)]
        assert call.state is State.TALKING

    def test_digits_go_to_the_bot(self) -> None:
        assert feed(talking(), e.CallerPressed("5", 120)) == [c.TellDigit(1, "5", 120)]

    def test_what_it_reports_is_saved_and_then_acknowledged(self) -> None:
        call = talking()
        said = e.ResultReported(1, "r1", "Appointment confirmed")
        assert feed(call, said) == [c.Save(1.0, said)]
        assert feed(call, e.Stored(1, "r1")) == [c.TellStored(1, "r1")]

    def test_hangs_up(self) -> None:
        call = talking()
        assert kinds(feed(call, e.BotHungUp(1))) == ["CloseBot", "HangUpCaller", "Release"]
        assert call.ending is Ending.BOT_HUNG_UP

    def test_news_of_a_bot_that_was_given_up_changes_nothing(self) -> None:
        call = make_call()
        call.begin()
        feed(call, e.BotLost(1, Trigger.BUSY))
        assert feed(call, e.BotAccepted(1), e.MediaJoined(1)) == []


class TestLadder:
    @pytest.mark.parametrize("trigger", [Trigger.BUSY, Trigger.UNREACHABLE, Trigger.NO_ANSWER])
    def test_no_bot_means_the_human_before_any_answer(self, trigger: Trigger) -> None:
        call = make_call()
        call.begin()
        assert feed(call, e.BotLost(1, trigger)) == [c.CloseBot(1, "failed"), dial(2)]
        assert feed(call, e.HumanAnswered(2)) == [c.AnswerCaller(), c.JoinHuman(2)]
        feed(call, e.CallerAnswered(), e.HumanJoined(2))
        assert call.state is State.WITH_HUMAN

    def test_a_silent_worker_means_the_human(self) -> None:
        call = make_call()
        call.begin()
        assert call.deadline is not None
        assert feed(call, e.DeadlinePassed())[-1] == dial(2)

    def test_a_dropped_bot_means_the_human_and_a_ringing_tone(self) -> None:
        call = talking()
        assert feed(call, e.BotLost(1, Trigger.DROPPED)) == [
            c.CloseBot(1, "failed"), c.StartMusic("ringback"), dial(2),
        ]  # fmt: skip

    def test_nobody_before_the_answer_is_a_refusal(self) -> None:
        call = make_call()
        call.begin()
        feed(call, e.BotLost(1, Trigger.UNREACHABLE))
        assert c.HangUpCaller(19) in feed(call, e.HumanGone(2, TransferOutcome.NO_ANSWER))
        assert call.ending is Ending.REFUSED

    def test_nobody_after_the_answer_is_said(self) -> None:
        call = talking()
        feed(call, e.BotLost(1, Trigger.DROPPED))
        assert kinds(feed(call, e.HumanGone(2, TransferOutcome.BUSY))) == ["StopMusic", "PlaySound"]
        assert kinds(feed(call, e.SoundEnded(1))) == ["HangUpCaller", "Release"]
        assert call.ending is Ending.NOBODY_LEFT

    @pytest.mark.parametrize("event", [e.WorkerLost, e.MediaGone])
    def test_a_lost_worker_means_the_same_bot_by_another(self, event: type[e.WorkerLost | e.MediaGone]) -> None:
        call = talking()
        for attempt in (1, 2, 3):
            assert feed(call, event(attempt, "gone"))[1:] == [
                c.OpenBot(attempt + 1, BOT, resumed=True), c.OpenMedia(attempt + 1, BOT),
            ]  # fmt: skip
            feed(call, e.BotAccepted(attempt + 1), e.MediaJoined(attempt + 1))
            assert call.state is State.TALKING
        assert dial(5) in feed(call, event(4, "gone"))

    def test_a_bot_that_can_resume_is_shown_its_token_by_another_worker(self) -> None:
        call = make_call(BOT, HUMAN)
        call.begin()
        feed(call, e.MediaJoined(1), e.BotAccepted(1, "first"), e.CallerAnswered())
        assert c.OpenBot(2, BOT, resumed=True, resume_token="first") in feed(call, e.WorkerLost(1))
        feed(call, e.BotAccepted(2, "second"), e.MediaJoined(2))
        assert c.OpenBot(3, BOT, resumed=True, resume_token="second") in feed(call, e.WorkerLost(2))

    def test_music_while_no_worker_is_there(self) -> None:
        call = talking()
        assert feed(call, e.WorkerLost(1, alone=True)) == [
            c.StartMusic("music"), c.CloseBot(1, "failed"), c.OpenBot(2, BOT, resumed=True),
        ]  # fmt: skip
        assert feed(call, e.BotAccepted(2), e.MediaJoined(2)) == [c.OpenMedia(2, BOT), c.StopMusic(), c.PlayBot(2)]

    def test_a_second_bot_takes_an_answered_caller(self) -> None:
        call = make_call(BOT, BOT, HUMAN)
        call.begin()
        feed(call, e.MediaJoined(1), e.BotAccepted(1), e.CallerAnswered(), e.BotLost(1, Trigger.DROPPED))
        assert feed(call, e.BotAccepted(2), e.MediaJoined(2)) == [c.OpenMedia(2, BOT), c.StopMusic(), c.PlayBot(2)]

    def test_texts_are_said_in_the_routes_language_unless_they_have_their_own(self) -> None:
        nobody, personne = Sound(text="Niemand da."), Sound(text="Personne.", language="fr")
        call = make_call(AnnouncementRung(nobody), AnnouncementRung(personne), language="de")
        assert c.PlaySound(1, replace(nobody, language="de")) in call.begin()
        assert c.PlaySound(2, personne) in feed(call, e.CallerAnswered(), e.SoundEnded(1))

    def test_a_caller_who_says_nothing_to_the_voicemail_is_in_the_bridge_for_the_next_rung(self) -> None:
        call = make_call(VOICEMAIL, HUMAN)
        call.begin()
        feed(call, e.CallerAnswered(), e.SoundEnded(1))
        after = feed(call, e.RecordingEnded("message", 0.0))
        assert after[0] == c.TakeBack()
        assert isinstance(after[-1], c.DialHuman)


class TestTransfer:
    def test_the_bot_stays_until_the_human_is_there(self) -> None:
        call = talking()
        assert feed(call, e.TransferRequested(1)) == [
            c.StartMusic("ringback"), c.TellTransfer(1, "dialling"), dial(2, REQUEST),
        ]  # fmt: skip
        assert feed(call, e.HumanRinging(2)) == [c.TellTransfer(1, "ringing")]
        assert feed(call, e.HumanAnswered(2)) == [c.StopMusic(), c.JoinHuman(2)]
        assert feed(call, e.HumanJoined(2)) == [c.TellTransfer(1, "connected"), c.CloseBot(1, "transferred")]
        assert kinds(feed(call, e.HumanGone(2, TransferOutcome.CANCELLED))) == ["HangUpCaller", "Release"]
        assert call.ending is Ending.HUMAN_HUNG_UP

    def test_every_step_says_which_way_it_is_about_and_where_that_leads(self) -> None:
        desk = HumanRung("PJSIP/desk", name="desk")
        call = talking(BOT, desk, human=desk)
        seen = [
            note
            for event in (
                e.TransferRequested(1),
                e.HumanRinging(2),
                e.HumanGone(2, TransferOutcome.BUSY),
                e.TransferRequested(1, to="nowhere"),
                e.BotLost(1, Trigger.DROPPED),
                e.HumanRinging(3),
            )
            for note in call.receive(event, now=1.0)
            if isinstance(note, c.Note) and ("human" in note.kind or "transfer" in note.kind)
        ]
        assert [(note.kind, note.way, note.to) for note in seen] == [
            ("transfer_requested", 1, "desk"),
            ("human_ringing", 1, "desk"),
            ("human_gone", 1, "desk"),
            ("transfer_requested", 2, "nowhere"),
            ("transfer_refused", 2, "nowhere"),
            ("human_ringing", 3, "desk"),
        ]

    def test_one_at_a_time(self) -> None:
        call = talking()
        feed(call, e.TransferRequested(1))
        assert feed(call, e.TransferRequested(1)) == [c.TellNotNow(1, "a transfer is under way", "transfer")]

    def test_not_taken_the_bot_has_the_caller_back(self) -> None:
        call = talking()
        feed(call, e.TransferRequested(1))
        assert feed(call, e.HumanGone(2, TransferOutcome.BUSY)) == [c.TellTransfer(1, "busy"), c.StopMusic()]
        assert call.state is State.TALKING

    def test_rung_out_counts_as_no_answer(self) -> None:
        call = talking()
        feed(call, e.TransferRequested(1))
        assert feed(call, e.DeadlinePassed()) == [
            c.HangUpHuman(2), c.TellTransfer(1, "no_answer"), c.StopMusic(),
        ]  # fmt: skip

    def test_the_caller_leaves_and_the_phone_stops_first(self) -> None:
        call = talking()
        feed(call, e.TransferRequested(1))
        assert kinds(feed(call, e.CallerGone())) == ["HangUpHuman", "CloseBot", "Release"]

    def test_a_bot_that_dies_meanwhile_leaves_the_phone_ringing(self) -> None:
        call = talking()
        feed(call, e.TransferRequested(1))
        assert feed(call, e.BotLost(1, Trigger.DROPPED)) == [c.CloseBot(1, "failed")]
        feed(call, e.HumanAnswered(2), e.HumanJoined(2))
        assert call.state is State.WITH_HUMAN

    def test_too_many_in_a_minute_are_refused(self) -> None:
        told = feed(talking(), e.TransferRequested(1, too_many=True))
        assert told == [c.TellTransfer(1, "refused", "there were 60 transfers in the last minute already")]

    def test_a_whisper_may_be_a_file(self) -> None:
        call = talking()
        feed(call, e.TransferRequested(1, whisper="https://bot.example.com/hello.wav"))
        assert feed(call, e.HumanAnswered(2)) == [c.Whisper(2, Sound(file="https://bot.example.com/hello.wav"))]

    def test_a_route_without_a_human_says_so(self) -> None:
        call = make_call(BOT, human=None)
        call.begin()
        feed(call, e.MediaJoined(1), e.BotAccepted(1), e.CallerAnswered())
        assert feed(call, e.TransferRequested(1)) == [c.TellTransfer(1, "refused", "route test has no human")]


class TestOurOwnFaults:
    @pytest.mark.parametrize("event", [e.ShutDown(), e.CommandFailed("OpenBridge", "500")])
    def test_never_hang_up_on_the_caller(self, event: e.Event) -> None:
        commands = feed(talking(), event)
        assert c.HandToDialplan() in commands
        assert "HangUpCaller" not in kinds(commands)

    def test_silence_ends_the_call_unless_on_hold(self) -> None:
        call = talking()
        feed(call, e.CallerHeld(held=True))
        assert feed(call, e.MediaSilent(1, 60.0)) == []
        feed(call, e.CallerHeld(held=False), e.MediaSilent(1, 60.0))
        assert call.ending is Ending.MEDIA_LOST
