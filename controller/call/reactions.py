"""The cells of the transition table: what one event means in one state. The large moves are in `ladder`."""

from typing import Final

from controller.call import events, ladder
from controller.call.commands import (
    AnswerCaller,
    CloseRecord,
    Commands,
    HangUpHuman,
    JoinHuman,
    PlayBot,
    Save,
    StartRingback,
    StopRingback,
    TellDigit,
    TellNotNow,
    TellStored,
    TellTransfer,
)
from controller.call.state import CallState
from controller.call.vocabulary import Ending, State, TransferOutcome
from controller.routing.route import HumanRung
from controller.routing.trigger import Trigger

WORKERS_LOST_MAX: Final = 3
"""Of one call: by then it is not the workers that are at fault."""
NO_ACK_PREFIX: Final = "~"
"""Begins the ids that the media worker gives to what a bot reported without one: the bot need not hear of them."""
ANSWER_SECONDS: Final = 5.0
"""Asterisk answers in milliseconds; past this it will not."""
JOIN_SECONDS: Final = 5.0
"""A human who has picked up is in the bridge in milliseconds; past this it will not happen."""


def ignore(_call: CallState, _event: events.Event) -> Commands:
    """Nothing to do: it is late, or a consequence of what we did ourselves."""
    yield from ()


# --- the caller ---------------------------------------------------------------------------------------------


def caller_left(call: CallState, event: events.CallerGone) -> Commands:
    call.caller_here = False
    call.cause = event.cause
    yield call.note("caller_gone", f"cause {event.cause}" if event.cause else "")
    yield from ladder.end(call, Ending.CALLER_HUNG_UP if call.answered else Ending.CALLER_CANCELLED)


def caller_answered(call: CallState, _event: events.CallerAnswered) -> Commands:
    call.answered_at = call.at
    yield call.note("answered")
    yield from _let_talk(call)


def answered_while_waiting(call: CallState, _event: events.CallerAnswered) -> Commands:
    """The bot that the answer was for is gone: the caller hears ringing until the next rung has taken the call."""
    call.answered_at = call.at
    yield call.note("answered")
    if not (call.human and call.human.answered):
        yield StartRingback()


def answered_too_late(call: CallState, _event: events.CallerAnswered) -> Commands:
    call.answered_at = call.at
    yield call.note("answered")


def caller_held(call: CallState, event: events.CallerHeld) -> Commands:
    call.held = event.held
    yield call.note("held" if event.held else "resumed")


def digit_noted(call: CallState, event: events.CallerPressed) -> Commands:
    yield call.note("dtmf", event.digit)


def digit_to_bot(call: CallState, event: events.CallerPressed) -> Commands:
    yield call.note("dtmf", event.digit)
    if call.bot:
        yield TellDigit(call.bot.attempt, event.digit, event.duration_ms)


def announced(call: CallState, _event: events.AnnouncementEnded) -> Commands:
    yield from ladder.end(call, Ending.NOBODY_LEFT)


# --- the bot ------------------------------------------------------------------------------------------------


def media_joined(call: CallState, event: events.MediaJoined) -> Commands:
    if call.bot:
        call.bot.joined = True
        yield call.note("media_joined", f"attempt {event.attempt}")
        yield from _answer_when_ready(call)


def bot_accepted(call: CallState, _event: events.BotAccepted) -> Commands:
    if call.bot:
        call.bot.accepted = True
        yield call.note("bot_accepted")
        yield from _answer_when_ready(call)


def bot_lost(call: CallState, event: events.BotLost) -> Commands:
    yield from ladder.leave_rung(call, event.trigger, event.detail)


def no_media(call: CallState, event: events.MediaGone) -> Commands:
    yield from ladder.leave_rung(call, Trigger.UNREACHABLE, event.detail)


def worker_lost(call: CallState, event: events.WorkerLost | events.MediaGone) -> Commands:
    """Another worker takes the bot over; a call that loses one after the other goes down the ladder.

    A media channel over WebSocket ends with its worker, and Asterisk may be the first to say so.
    """
    if call.bot is None or call.workers_lost >= WORKERS_LOST_MAX:
        yield from ladder.leave_rung(call, Trigger.DROPPED, event.detail)
        return
    call.workers_lost += 1
    rung, talked = call.bot.rung, call.state is State.TALKING
    yield call.note("worker_lost", event.detail)
    yield from ladder.close_bot(call, "failed")
    yield from ladder.offer(call, rung, resumed=talked)


def bot_lost_in_transfer(call: CallState, event: events.BotLost | events.MediaGone | events.WorkerLost) -> Commands:
    """The human's phone goes on ringing; there is no bot to return to."""
    yield call.note("bot_lost", event.detail)
    yield from ladder.close_bot(call, "failed")


def bot_left_in_transfer(call: CallState, _event: events.BotHungUp) -> Commands:
    yield call.note("bot_hung_up", "while the human's phone rings")
    yield from ladder.close_bot(call, ladder.BOT_END_REASONS[Ending.BOT_HUNG_UP])


def bot_hung_up(call: CallState, event: events.BotHungUp) -> Commands:
    yield call.note("bot_hung_up", event.reason)
    yield from ladder.end(call, Ending.BOT_HUNG_UP)


def media_silent(call: CallState, event: events.MediaSilent) -> Commands:
    yield call.note("media_silent", f"no packet for {event.seconds:g} s{', on hold' if call.held else ''}")
    if not call.held:
        yield from ladder.end(call, Ending.MEDIA_LOST)


def first_audio(call: CallState, event: events.FirstAudio) -> Commands:
    yield call.note(f"first_audio_to_{event.to}")


def transfer_too_early(_call: CallState, event: events.TransferRequested) -> Commands:
    yield TellTransfer(event.attempt, "failed", "the call is not answered yet")


def transfer_twice(_call: CallState, event: events.TransferRequested) -> Commands:
    yield TellNotNow(event.attempt, "a transfer is under way")


def transfer(call: CallState, event: events.TransferRequested) -> Commands:
    yield call.note("transfer_requested", event.summary)
    if isinstance(call.route.human, HumanRung):
        yield from ladder.dial(call, call.route.human)
    else:
        yield TellTransfer(event.attempt, "failed", f"route {call.route.name} has no human")


def save(call: CallState, event: events.TranscriptSaid | events.ResultReported | events.LogWritten) -> Commands:
    yield Save(call.at, event)


def stored(call: CallState, event: events.Stored) -> Commands:
    unnamed = event.id.startswith(NO_ACK_PREFIX)
    if call.bot and call.bot.attempt == event.attempt and not unnamed:
        yield TellStored(event.attempt, event.id)


def _answer_when_ready(call: CallState) -> Commands:
    """Bot and media must both be there, so that the first word comes with the answer."""
    if not (call.bot and call.bot.accepted and call.bot.joined):
        return
    if call.answered:
        yield StopRingback()
        yield from _let_talk(call)
    else:
        yield AnswerCaller()
        call.enter(State.ANSWERING, ANSWER_SECONDS)


def _let_talk(call: CallState) -> Commands:
    if call.bot:
        yield PlayBot(call.bot.attempt)
        call.enter(State.TALKING)


# --- the human ----------------------------------------------------------------------------------------------


def human_ringing(call: CallState, _event: events.HumanRinging) -> Commands:
    yield call.note("human_ringing")
    if call.bot:
        yield TellTransfer(call.bot.attempt, "ringing")


def human_answered(call: CallState, event: events.HumanAnswered) -> Commands:
    if call.human and not call.human.answered:
        call.human.answered = True
        yield call.note("human_answered")
        yield StopRingback() if call.answered else AnswerCaller()
        yield JoinHuman(event.attempt)
        call.enter(State.DIALLING, JOIN_SECONDS)


def human_joined(call: CallState, _event: events.HumanJoined) -> Commands:
    yield call.note("human_joined")
    if call.bot:
        yield TellTransfer(call.bot.attempt, "connected")
    yield from ladder.close_bot(call, "transferred")
    call.enter(State.WITH_HUMAN)


def human_not_reached(call: CallState, event: events.HumanGone) -> Commands:
    """Back to the bot if it is still there, else down the ladder."""
    yield call.note("human_gone", f"{event.outcome}: {event.detail}" if event.detail else event.outcome)
    call.human = None
    if call.bot:
        yield StopRingback()
        yield TellTransfer(call.bot.attempt, _transfer_state(event.outcome), event.detail)
        call.enter(State.TALKING)
    else:
        yield from ladder.leave_rung(call, Trigger.FAILED, f"human {event.outcome}")


def human_left(call: CallState, _event: events.HumanGone) -> Commands:
    call.human = None
    yield call.note("human_hung_up")
    yield from ladder.end(call, Ending.HUMAN_HUNG_UP)


def _transfer_state(outcome: TransferOutcome) -> str:
    """The bot protocol's word for it."""
    return "failed" if outcome is TransferOutcome.CANCELLED else outcome.value


# --- deadlines and the machinery ----------------------------------------------------------------------------


def accept_too_late(call: CallState, _event: events.DeadlinePassed) -> Commands:
    missing = "media" if call.bot and call.bot.accepted else "the bot"
    yield from ladder.leave_rung(call, Trigger.NO_ANSWER, f"nothing from {missing} in time")


def answer_too_late(call: CallState, _event: events.DeadlinePassed) -> Commands:
    yield call.note("command_failed", "AnswerCaller: Asterisk did not say that it was done")
    yield from ladder.end(call, Ending.FAILED)


def ring_too_long(call: CallState, _event: events.DeadlinePassed) -> Commands:
    if call.human:
        attempt = call.human.attempt
        yield HangUpHuman(attempt)
        yield from human_not_reached(call, events.HumanGone(attempt, TransferOutcome.NO_ANSWER))


def command_failed(call: CallState, event: events.CommandFailed) -> Commands:
    yield call.note("command_failed", f"{event.command}: {event.detail}")
    yield from ladder.end(call, Ending.FAILED)


def asterisk_lost(call: CallState, _event: events.AsteriskLost) -> Commands:
    call.caller_here = False
    yield from ladder.end(call, Ending.ASTERISK_LOST)


def shut_down(call: CallState, _event: events.ShutDown) -> Commands:
    yield from ladder.end(call, Ending.SHUTDOWN)


def released(call: CallState, event: events.Released) -> Commands:
    if event.left_behind:
        yield call.note("left_behind", " ".join(event.left_behind))
    yield from _close_record(call, event.statistics)


def release_too_long(call: CallState, _event: events.DeadlinePassed) -> Commands:
    yield call.note("left_behind", "not everything was given back in time")
    yield from _close_record(call, {})


def _close_record(call: CallState, statistics: dict[str, int | float]) -> Commands:
    if call.ending:
        yield CloseRecord(call.at, call.ending, call.answered_at, call.cause, statistics)
        call.enter(State.ENDED)
