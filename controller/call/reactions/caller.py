"""What the caller does, and what is played to the caller."""

from typing import Final

from controller.call import ear, events, finish, ladder, outcomes, recording, rungs
from controller.call.causes import transfer_outcome
from controller.call.commands import Commands, PlayBot, RecordCaller, SaveVoicemail, TakeBack, TellDigit
from controller.call.phrases import PLACE_IN_LINE, said
from controller.call.state import CallState
from controller.call.vocabulary import Ending, State, TransferOutcome
from controller.routing.route import QueueRung, ReferRung, VoicemailRung
from controller.routing.trigger import Trigger

NOT_TAKEN: Final = {
    TransferOutcome.BUSY: Ending.BUSY,
    TransferOutcome.NO_ANSWER: Ending.NO_ANSWER,
    TransferOutcome.DECLINED: Ending.DECLINED,
}
"""How a call that we placed ended, by what the callee's side said; anything else was unreachable."""


def left(call: CallState, event: events.CallerGone) -> Commands:
    call.caller_here = False
    call.cause = event.cause
    yield call.note("caller_gone", f"cause {event.cause}" if event.cause else "")
    if call.recording:
        ending = Ending.VOICEMAIL
    elif call.away and isinstance(call.away.rung, QueueRung):
        ending = Ending.HANDED_OVER
    elif call.arrival.placed and not call.answered:
        ending = NOT_TAKEN.get(transfer_outcome(event.cause, event.sip_status), Ending.UNREACHABLE)
    else:
        ending = Ending.CALLER_HUNG_UP if call.answered else Ending.CALLER_CANCELLED
    yield from finish.end(call, ending)


def answered(call: CallState, _event: events.CallerAnswered) -> Commands:
    """As asked for by whatever is under way."""
    if not call.answered:
        call.answered_at = call.at
        call.answering = False
        yield call.note("answered")
        yield from recording.begin(call)


def answered_for_bot(call: CallState, event: events.CallerAnswered) -> Commands:
    yield from answered(call, event)
    if call.sound is None:
        yield from let_talk(call)


def let_talk(call: CallState) -> Commands:
    """Caller and bot hear each other; a bot that is to speak first is watched."""
    call.reconnect_until = None
    yield from finish.leave_line(call)
    if announcement := recording.untold(call):
        yield from recording.tell(call, announcement)
        call.enter(State.ANSWERING, rungs.ANNOUNCEMENT_SECONDS)
        return
    yield from ear.quiet(call)
    if call.bot:
        yield PlayBot(call.bot.attempt)
        call.enter(State.TALKING, call.bot.rung.first_audio_seconds or None)


def told_of_recording(call: CallState, _event: events.SoundEnded) -> Commands:
    """Now the bot."""
    call.sound = None
    yield from let_talk(call)


def held(call: CallState, event: events.CallerHeld) -> Commands:
    call.held = event.held
    yield call.note("held" if event.held else "resumed")


# --- keys ---------------------------------------------------------------------------------------------------


def pressed(call: CallState, event: events.CallerPressed) -> Commands:
    yield call.note("dtmf", event.digit)


def pressed_to_bot(call: CallState, event: events.CallerPressed) -> Commands:
    yield call.note("dtmf", event.digit)
    if call.bot:
        yield TellDigit(call.bot.attempt, event.digit, event.duration_ms)


def pressed_on_the_way(call: CallState, event: events.CallerPressed) -> Commands:
    """The escape digit leads to a human, from wherever else the caller is; any other is noted."""
    if _escapes(call, event):
        yield from _escape(call, event)
    else:
        yield from pressed(call, event)


def pressed_while_talking(call: CallState, event: events.CallerPressed) -> Commands:
    """The escape digit leads to a human, any other to the bot."""
    if _escapes(call, event):
        yield from _escape(call, event)
    else:
        yield from pressed_to_bot(call, event)


def _escapes(call: CallState, event: events.CallerPressed) -> bool:
    return call.answered and event.digit == call.route.escape


def _escape(call: CallState, event: events.CallerPressed) -> Commands:
    yield call.note("dtmf", event.digit)
    if ladder.has_rung_for(call, Trigger.ESCAPE):
        yield from ear.quiet(call)
        yield from ladder.leave_rung(call, Trigger.ESCAPE, f"the caller pressed {event.digit}")
    elif call.bot and call.state is State.TALKING and call.route.human:
        call.set_out(rungs.named(call.route.human))
        yield call.note("transfer_requested", "by the caller")
        yield from rungs.go_to(call, call.route.human, None)
    else:
        yield call.note("rung_passed", "the caller wants a human, and there is none")


# --- the line for a busy bot --------------------------------------------------------------------------------


def moved_up(call: CallState, event: events.LineMoved) -> Commands:
    """Said at once the first time, which is when the caller is answered, and then from time to time."""
    waiting = call.line.rung.waiting if call.line else None
    if call.line is None or waiting is None:
        return
    first = call.line.position == 0
    call.line.position = event.position
    yield call.note("line", f"place {event.position}")
    if not first or call.state is not State.WAITING:
        return
    yield from ear.answer(call)
    if waiting.announce_seconds:
        yield from _say_place(call)
    else:
        yield from ear.music(call, waiting.music)


def line_full(call: CallState, event: events.LineFull) -> Commands:
    yield from ladder.leave_rung(call, Trigger.BUSY, event.detail)


def turn_came(call: CallState, _event: events.TurnCame) -> Commands:
    if call.line:
        yield from rungs.offer(call, call.line.rung)


def waited(call: CallState, _event: events.DeadlinePassed) -> Commands:
    if call.line is None or call.now >= call.line.until:
        yield from ladder.leave_rung(call, Trigger.BUSY, "nobody was free while the caller waited")
    else:
        yield from _say_place(call)


def place_said(call: CallState, _event: events.SoundEnded) -> Commands:
    call.sound = None
    if call.line and call.line.rung.waiting:
        yield from ear.music(call, call.line.rung.waiting.music)


def _say_place(call: CallState) -> Commands:
    line = call.line
    if line is None or line.rung.waiting is None:
        return
    line.announce_at = call.now + line.rung.waiting.announce_seconds
    yield from ear.play(call, said(PLACE_IN_LINE, call.route.language, position=line.position))
    rungs.stay_in_line(call, line)


# --- what was played or recorded ----------------------------------------------------------------------------


def sound_over(call: CallState, _event: events.SoundEnded) -> Commands:
    call.sound = None
    yield from ()


def sound_over_while_asked(call: CallState, event: events.SoundEnded) -> Commands:
    """A bot is being asked, perhaps because it has become free while the place in line was said."""
    yield from sound_over(call, event)
    waiting = call.line.rung.waiting if call.line else None
    yield from ear.music(call, waiting.music if waiting else rungs.RINGBACK)


def announced(call: CallState, _event: events.SoundEnded | events.DeadlinePassed) -> Commands:
    call.sound = None
    if call.last_words:
        yield from finish.end(call, call.last_words)
    else:
        yield from ladder.take_next_rung(call)


def greeted(call: CallState, _event: events.SoundEnded) -> Commands:
    """After the greeting, the beep."""
    call.sound = None
    rung = call.route.ladder[call.rung]
    if isinstance(rung, VoicemailRung) and not call.recording:
        call.recording = True
        yield call.note("recording")
        yield RecordCaller(rung)
        call.enter(State.RECORDING, rung.seconds_max + rungs.RECORDING_MARGIN_SECONDS)


def recorded(call: CallState, event: events.RecordingEnded) -> Commands:
    yield from keep_recording(call, event)
    if call.recorded:
        yield from finish.end(call, Ending.VOICEMAIL)
    else:
        yield TakeBack()  # into the bridge, which the caller left to be recorded
        yield from ladder.leave_rung(call, Trigger.FAILED, event.detail or "nothing was recorded")


def keep_recording(call: CallState, event: events.RecordingEnded) -> Commands:
    """Also of a caller who has hung up after the last word, as callers do."""
    call.recording = False
    if event.seconds > 0:
        call.recorded = True
        yield call.note("voicemail", f"{event.seconds:.1f} s")
        yield SaveVoicemail(call.at, event.name, event.seconds)
    else:
        yield call.note("voicemail", event.detail or "nothing was recorded")


def recorded_too_long(call: CallState, _event: events.DeadlinePassed) -> Commands:
    yield from finish.end(call, Ending.VOICEMAIL if call.recording else Ending.FAILED)


# --- the dialplan -------------------------------------------------------------------------------------------


def returned(call: CallState, event: events.CallerReturned) -> Commands:
    """From a REFER or a queue: done, or back to the bot that asked, or down the ladder."""
    away, call.away = call.away, None
    if away is None:
        return
    if event.outcome is None:
        yield call.note("human_joined", event.detail)
        ending = Ending.REFERRED if not isinstance(away.rung, QueueRung) else Ending.HANDED_OVER
        yield from finish.end(call, ending)
        return
    yield outcomes.note(call, event.outcome, event.detail)
    yield TakeBack()
    if call.bot and away.request and isinstance(away.rung, ReferRung) and away.rung.otherwise == "back":
        yield from outcomes.tell(call, event.outcome, event.detail)
        call.enter(State.TALKING)
    else:
        yield from ladder.leave_rung(call, Trigger.FAILED, f"{away.rung}: {event.outcome}")


def away_too_long(call: CallState, _event: events.DeadlinePassed) -> Commands:
    """The REFER was accepted and nobody says what came of it: most likely all is well, and the caller elsewhere."""
    yield call.note("human_gone", "no word of the REFER's outcome")
    yield from finish.end(call, Ending.REFERRED)
