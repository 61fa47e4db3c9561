"""What the bot does, and what happens to it and to its media."""

from typing import Final

from controller.call import ear, events, finish, ladder, rungs
from controller.call.commands import (
    AnswerCaller,
    Commands,
    OpenMedia,
    PressKeys,
    Save,
    StopMusic,
    TellNotNow,
    TellStored,
    TellTransfer,
)
from controller.call.legs import Request
from controller.call.reactions.caller import let_talk
from controller.call.state import CallState
from controller.call.vocabulary import Ending, State, TransferOutcome
from controller.errors import RefusedDestination
from controller.routing import fence
from controller.routing.trigger import Trigger

WORKERS_LOST_MAX: Final = 3
"""Of one call: by then it is not the workers that are at fault."""
NO_ACK_PREFIX: Final = "~"
"""Begins the ids that the media worker gives to what a bot reported without one: the bot need not hear of them."""
ANSWER_SECONDS: Final = 5.0
"""Asterisk answers in milliseconds; past this it will not."""
RECONNECT_PAUSE_SECONDS: Final = 0.5
"""Between two attempts to reach a bot again."""


# --- it comes -----------------------------------------------------------------------------------------------


def media_joined(call: CallState, event: events.MediaJoined) -> Commands:
    if call.bot and not call.bot.joined:
        call.bot.joined = True
        yield call.note("media_joined", f"attempt {event.attempt}")
        yield from _answer_when_ready(call)


def chosen(call: CallState, event: events.BotChosen) -> Commands:
    """From now on it is this one, also when it is tried again."""
    if call.bot:
        call.bot.rung = event.rung
        yield call.note("bot_not_chosen" if event.problem else "bot_chosen", event.detail)


def accepted(call: CallState, event: events.BotAccepted) -> Commands:
    if call.bot and not call.bot.accepted:
        call.bot.accepted, call.bot.resume_token = True, event.resume_token
        yield call.note("bot_accepted")
        if call.bot.media_later:
            yield OpenMedia(call.bot.attempt, call.bot.rung)
        yield from _answer_when_ready(call)


def _answer_when_ready(call: CallState) -> Commands:
    """Bot and media must both be there, so that the first word comes with the answer."""
    if not (call.bot and call.bot.accepted and call.bot.joined):
        return
    if call.up:
        yield from let_talk(call)
    elif call.arrival.placed:
        # Not before somebody has picked up.
        call.enter(State.ANSWERING, call.arrival.placed.ring_seconds + rungs.DIAL_MARGIN_SECONDS)
    else:
        call.answering = True
        yield AnswerCaller()
        call.enter(State.ANSWERING, ANSWER_SECONDS)


def first_audio(call: CallState, event: events.FirstAudio) -> Commands:
    yield call.note(f"first_audio_to_{event.to}")
    if event.to == "caller" and call.state is State.TALKING:
        call.deadline = None


# --- it goes ------------------------------------------------------------------------------------------------


def lost(call: CallState, event: events.BotLost) -> Commands:
    """Before it had the caller."""
    yield from not_taken(call, event.trigger, event.detail)


def accept_too_late(call: CallState, _event: events.DeadlinePassed) -> Commands:
    missing = "media" if call.bot and call.bot.accepted else "the bot"
    yield from not_taken(call, Trigger.NO_ANSWER, f"nothing from {missing} in time")


def no_media(call: CallState, event: events.MediaGone) -> Commands:
    yield from not_taken(call, Trigger.UNREACHABLE, event.detail)


def not_taken(call: CallState, trigger: Trigger, detail: str) -> Commands:
    """Try again if its connection was lost a moment ago, wait if it is busy and callers may, else the next rung."""
    rung = call.bot.rung if call.bot else None
    if call.reconnect_until is not None:
        if call.now + RECONNECT_PAUSE_SECONDS < call.reconnect_until:
            yield call.note("reconnect_failed", f"{trigger}: {detail}")
            call.enter(State.RECONNECTING, RECONNECT_PAUSE_SECONDS)
        else:
            yield from ladder.leave_rung(call, Trigger.DROPPED, f"and did not come back: {detail}")
    elif rung and rung.waiting and trigger is Trigger.BUSY and not (call.line and call.now >= call.line.until):
        yield call.note("bot_busy", detail)
        yield from finish.close_bot(call, "failed")
        yield from rungs.wait_in_line(call, call.line.rung if call.line else rung)
    else:
        yield from ladder.leave_rung(call, trigger, detail)


def dropped(call: CallState, event: events.BotLost) -> Commands:
    """In mid-call. A connection that was lost is tried again, while the caller hears music."""
    seconds = call.bot.rung.reconnect_seconds - event.tried_seconds if call.bot else 0.0
    if event.trigger is not Trigger.DROPPED or seconds <= 0:
        yield from ladder.leave_rung(call, event.trigger, event.detail)
        return
    yield call.note("bot_dropped", event.detail)
    call.reconnect_until = call.now + seconds
    yield from ear.music(call, rungs.MUSIC)
    yield from reconnect(call, event)


def reconnect(call: CallState, _event: events.BotLost | events.DeadlinePassed) -> Commands:
    if call.bot:
        bot = call.bot
        yield from finish.close_bot(call, "failed")
        yield from rungs.offer(call, bot.rung, resumed=bot)


def silent(call: CallState, _event: events.DeadlinePassed) -> Commands:
    seconds = call.bot.rung.first_audio_seconds if call.bot else 0
    yield from ladder.leave_rung(call, Trigger.NO_AUDIO, f"the bot said nothing for {seconds:g} s")


def worker_lost(call: CallState, event: events.WorkerLost | events.MediaGone) -> Commands:
    """Another worker takes the bot over; a call that loses one after the other goes down the ladder.

    A media channel over WebSocket ends with its worker, and Asterisk may be the first to say so.
    """
    if call.bot is None or call.workers_lost >= WORKERS_LOST_MAX:
        yield from ladder.leave_rung(call, Trigger.DROPPED, event.detail)
        return
    call.workers_lost += 1
    bot, talked = call.bot, call.state is State.TALKING or bool(call.bot.resume_token)
    yield call.note("worker_lost", event.detail)
    if isinstance(event, events.WorkerLost) and event.alone and call.up:
        yield from ear.music(call, rungs.MUSIC)
    yield from finish.close_bot(call, "failed")
    yield from rungs.offer(call, bot.rung, resumed=bot if talked else None)
    if call.deadline is not None:
        call.deadline += rungs.WORKER_SECONDS


def lost_in_transfer(call: CallState, event: events.BotLost | events.MediaGone | events.WorkerLost) -> Commands:
    """The human's phone goes on ringing; there is no bot to return to."""
    yield call.note("bot_lost", event.detail)
    yield from finish.close_bot(call, "failed")


def hung_up_in_transfer(call: CallState, _event: events.BotHungUp) -> Commands:
    yield call.note("bot_hung_up", "while the human is called")
    yield from finish.close_bot(call, "bot_hung_up")


def hung_up(call: CallState, event: events.BotHungUp) -> Commands:
    yield call.note("bot_hung_up", event.reason)
    if ladder.goes_on(call):
        yield from finish.close_bot(call, "bot_hung_up")
        yield from ladder.take_next_rung(call)
    else:
        yield from finish.end(call, Ending.BOT_HUNG_UP)


def media_silent(call: CallState, event: events.MediaSilent) -> Commands:
    yield call.note("media_silent", f"no packet for {event.seconds:g} s{', on hold' if call.held else ''}")
    if not call.held:
        yield from finish.end(call, Ending.MEDIA_LOST)


# --- it asks ------------------------------------------------------------------------------------------------


def transfer(call: CallState, event: events.TransferRequested) -> Commands:
    """To where it asks for, if the route allows that."""
    where = f"{event.to or 'human'} by {event.way}"
    call.set_out(event.to or rungs.named(call.route.human))
    yield call.note("transfer_requested", f"{where}: {event.summary}" if event.summary else where)
    call.transfers += 1
    try:
        fence.check_count(call.route, call.transfers, too_many=event.too_many)
        destination = fence.resolve(call.route, event.to, event.way)
    except RefusedDestination as refusal:
        yield call.note("transfer_refused", str(refusal))
        yield TellTransfer(event.attempt, TransferOutcome.REFUSED, str(refusal))
        return
    request = Request(event.summary, event.whisper, event.way == "attended", event.headers)
    yield from rungs.go_to(call, destination, request)


def transfer_too_early(_call: CallState, event: events.TransferRequested) -> Commands:
    yield TellTransfer(event.attempt, "failed", "the call is not answered yet")


def transfer_twice(_call: CallState, event: events.TransferRequested) -> Commands:
    yield TellNotNow(event.attempt, "a transfer is under way", "transfer")


def no_transfer(_call: CallState, event: events.TransferCompleted | events.TransferCancelled) -> Commands:
    yield TellNotNow(event.attempt, "no transfer is under way", _type_of(event))


def not_yet_answered_transfer(_call: CallState, event: events.TransferCompleted) -> Commands:
    yield TellNotNow(event.attempt, "no human has picked up yet", _type_of(event))


def hold(call: CallState, event: events.HoldRequested) -> Commands:
    if event.held:
        yield call.note("bot_holds")
        yield from ear.music(call, rungs.MUSIC)
    elif call.music:
        yield call.note("bot_resumes")
        call.music = ""
        yield StopMusic()


def press(call: CallState, event: events.DigitsRequested) -> Commands:
    yield call.note("dtmf_sent", event.digits)
    yield PressKeys(event.digits)


def not_now(
    _call: CallState, event: events.HoldRequested | events.DigitsRequested | events.RecordingRequested
) -> Commands:
    yield TellNotNow(event.attempt, "this is for a caller who talks to the bot", _type_of(event))


def _type_of(event: events.Event) -> str:
    """Of the message behind it."""
    match event:
        case events.HoldRequested(held=held):
            return "hold" if held else "unhold"
        case events.DigitsRequested():
            return "send_dtmf"
        case events.RecordingRequested():
            return "recording"
        case events.TransferCompleted():
            return "transfer_complete"
        case _:
            return "transfer_cancel"


def save(call: CallState, event: events.Report) -> Commands:
    yield Save(call.at, event)


def learned(call: CallState, event: events.MetadataAdded) -> Commands:
    call.metadata |= event.data
    yield from save(call, event)


def stored(call: CallState, event: events.Stored) -> Commands:
    unnamed = event.id.startswith(NO_ACK_PREFIX)
    if call.bot and call.bot.attempt == event.attempt and not unnamed:
        yield TellStored(event.attempt, event.id)
