"""When a call is recorded, what the caller hears of it, and what may be done to it."""

import pytest

from controller.call import commands as c
from controller.call import events as e
from controller.call import recording
from controller.call.call import Call
from controller.call.vocabulary import State, TransferOutcome
from controller.routing.route import Recording, Sound, VoicemailRung
from controller.routing.trigger import Trigger
from tests.unit.call.calls import BOT, HUMAN, dial, feed, make_call, talking

TEXT = Sound(text="This call is recorded.")
SPOKEN = Sound(text="This call is recorded.", language="en")
ALWAYS = Recording("always")
TOLD = Recording("always", TEXT)
ON_DEMAND = Recording("on_demand")


def ready(rule: Recording) -> Call:
    """Caller and bot are to be brought together."""
    call = make_call(recording=rule)
    call.begin()
    feed(call, e.MediaJoined(1), e.BotAccepted(1))
    return call


def test_off_records_nothing_and_says_so() -> None:
    call = talking()
    assert feed(call, e.RecordingRequested(1, "start")) == [c.TellNotNow(1, recording.NOT_HERE, "recording")]
    assert feed(call, e.OperatorRecorded("desk", "start")) == []
    assert c.RecordCall(1, "stop") not in feed(call, e.CallerGone())


def test_always_begins_with_the_answer_and_ends_with_the_call() -> None:
    call = ready(ALWAYS)
    assert feed(call, e.CallerAnswered()) == [c.RecordCall(1, "start"), c.PlayBot(1)]
    assert feed(call, e.RecordingChanged(1, "recording")) == [c.TellRecording(1, "recording")]
    commands = feed(call, e.CallerGone())
    assert commands.index(c.RecordCall(1, "stop")) < commands.index(c.Release())


def test_it_goes_on_with_the_human() -> None:
    call = talking(recording=ALWAYS)
    feed(call, e.TransferRequested(1), e.HumanAnswered(2), e.HumanJoined(2))
    assert call.tape.running
    assert feed(call, e.OperatorRecorded("desk", "pause")) == [c.RecordCall(1, "pause")]
    assert c.RecordCall(1, "stop") in feed(call, e.HumanGone(2, TransferOutcome.CONNECTED))


def test_who_answers_too_late_is_not_recorded() -> None:
    call = ready(ALWAYS)
    feed(call, e.CallerGone())
    assert feed(call, e.CallerAnswered()) == []


def test_the_bot_waits_until_the_caller_has_been_told() -> None:
    call = ready(TOLD)
    assert feed(call, e.CallerAnswered()) == [c.RecordCall(1, "start"), c.PlaySound(1, SPOKEN)]
    assert call.deadline is not None
    assert feed(call, e.SoundEnded(1)) == [c.PlayBot(1)]
    assert call.state is State.TALKING


def test_what_never_ends_to_be_told_does_not_keep_the_bot_waiting() -> None:
    call = ready(TOLD)
    feed(call, e.CallerAnswered())
    assert feed(call, e.DeadlinePassed()) == [c.StopSound(1), c.PlayBot(1)]


def test_a_caller_who_waits_for_asterisk_is_not_told_twice() -> None:
    call = ready(TOLD)
    feed(call, e.CallerAnswered())
    assert feed(call, e.CallerAnswered()) == []


def test_the_caller_is_told_once() -> None:
    call = ready(TOLD)
    feed(call, e.CallerAnswered(), e.SoundEnded(1), e.WorkerLost(1))
    assert c.PlayBot(2) in feed(call, e.MediaJoined(2), e.BotAccepted(2))


def test_a_bot_that_is_lost_meanwhile_leaves_the_caller_to_the_human() -> None:
    call = ready(TOLD)
    feed(call, e.CallerAnswered())
    assert dial(2) in feed(call, e.BotLost(1, Trigger.DROPPED))


def test_without_a_bot_the_caller_is_told_before_a_phone_rings() -> None:
    call = make_call(HUMAN, recording=TOLD)
    commands = call.begin()
    assert c.AnswerCaller() in commands
    assert c.PlaySound(1, SPOKEN) in commands
    assert dial(1) not in commands
    assert feed(call, e.CallerAnswered(), e.SoundEnded(1))[-1] == dial(1)


def test_a_voicemail_is_told_as_well() -> None:
    greeting = Sound(text="Speak.", language="de-AT")
    call = make_call(VoicemailRung(greeting), recording=TOLD)
    call.begin()
    assert c.PlaySound(2, greeting) in feed(call, e.CallerAnswered(), e.SoundEnded(1))


def test_on_demand() -> None:
    call = talking(recording=ON_DEMAND)
    assert feed(call, e.RecordingRequested(1, "start")) == [c.RecordCall(1, "start")]
    assert feed(call, e.RecordingRequested(1, "pause")) == [c.RecordCall(1, "pause")]
    assert feed(call, e.RecordingRequested(1, "resume")) == [c.RecordCall(1, "resume")]
    assert feed(call, e.RecordingRequested(1, "stop")) == [c.RecordCall(1, "stop")]
    assert feed(call, e.OperatorRecorded("desk", "start")) == [c.RecordCall(2, "start")]


def test_on_demand_the_caller_is_told_when_it_begins() -> None:
    call = talking(recording=Recording("on_demand", TEXT))
    assert feed(call, e.RecordingRequested(1, "start")) == [c.PlaySound(1, SPOKEN), c.RecordCall(1, "start")]
    assert feed(call, e.SoundEnded(1)) == []


@pytest.mark.parametrize(
    ("rule", "before", "action", "why"),
    [
        (ALWAYS, (), "start", "is being recorded"),
        (ALWAYS, (), "stop", "pause it instead"),
        (ALWAYS, (), "resume", "not paused"),
        (ALWAYS, ("pause",), "pause", "paused already"),
        (ON_DEMAND, (), "stop", "not being recorded"),
        (ON_DEMAND, (), "pause", "not being recorded"),
        (ON_DEMAND, ("start",), "start", "is being recorded"),
    ],
)
def test_what_cannot_be_done_is_said(
    rule: Recording, before: tuple[e.RecordingAction, ...], action: e.RecordingAction, why: str
) -> None:
    call = talking(recording=rule)
    feed(call, *(e.RecordingRequested(1, one) for one in before))
    (said,) = feed(call, e.RecordingRequested(1, action))
    assert isinstance(said, c.TellNotNow)
    assert why in said.message


def test_before_the_answer_there_is_nothing_to_record() -> None:
    call = make_call(recording=ON_DEMAND)
    call.begin()
    assert recording.refusal(call, "start") == "the caller is not there to be recorded"


def test_one_that_failed_may_be_begun_again() -> None:
    call = talking(BOT, recording=ALWAYS)
    assert feed(call, e.RecordingChanged(1, "failed", "no space")) == [c.TellRecording(1, "failed", "no space")]
    assert feed(call, e.RecordingRequested(1, "start")) == [c.RecordCall(2, "start")]
    assert feed(call, e.RecordingChanged(1, "failed")) == [c.TellRecording(1, "failed")]
    assert call.tape.running


def test_the_record_says_who_and_what() -> None:
    call = talking(recording=ALWAYS)
    notes = call.receive(e.OperatorRecorded("desk", "pause"), 1.0) + call.receive(e.RecordingChanged(1, "paused"), 1.0)
    assert [(note.kind, note.detail) for note in notes if isinstance(note, c.Note)] == [
        ("recording_asked", "pause, by desk"),
        ("recording_paused", ""),
    ]


LOST = "what the caller hears was not recorded any more"


def test_what_is_lost_of_a_recording_is_said_and_the_rest_is_another() -> None:
    call = talking(recording=ALWAYS)
    commands = feed(call, e.RecordingChanged(1, "lost", LOST))
    assert commands == [c.TellRecording(1, "failed", LOST), c.RecordCall(1, "stop"), c.RecordCall(2, "start")]
    assert feed(call, e.RecordingChanged(1, "lost", LOST)) == [c.TellRecording(1, "failed", LOST)]
    assert call.tape.running


def test_none_begins_while_nothing_must_be_recorded() -> None:
    call = talking(recording=ALWAYS)
    feed(call, e.RecordingRequested(1, "pause"))
    assert feed(call, e.RecordingChanged(1, "lost"))[1:] == [c.RecordCall(1, "stop")]
    assert not call.tape.running
