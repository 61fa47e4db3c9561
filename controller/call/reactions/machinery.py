"""Operators, deadlines, and what Asterisk and we ourselves cannot do."""

from dataclasses import replace

from controller.call import ear, events, finish, ladder, rungs
from controller.call.commands import CloseRecord, Commands, PressKeys, SaveMetadata, TellMetadata
from controller.call.legs import Request
from controller.call.reactions.caller import let_talk
from controller.call.state import CallState
from controller.call.vocabulary import Ending, State
from controller.errors import RefusedDestination
from controller.routing import fence


def operator_hung_up(call: CallState, event: events.OperatorHungUp) -> Commands:
    yield call.note("operator_hung_up", f"by {event.by}")
    yield from finish.end(call, Ending.OPERATOR_HUNG_UP)


def operator_transferred(call: CallState, event: events.OperatorTransferred) -> Commands:
    call.set_out(event.to or rungs.named(call.route.human))
    yield call.note("transfer_requested", f"{event.to or 'human'} by {event.way}, by {event.by}")
    try:
        destination = fence.resolve(call.route, event.to, event.way)
    except RefusedDestination as refusal:
        yield call.note("transfer_refused", str(refusal))
        return
    if event.takes_over:
        yield call.note("taken_over", f"by {event.by}")
        yield from finish.close_bot(call, "transferred")
    attended = event.way == "attended" and call.bot is not None
    yield from rungs.go_to(call, destination, Request(event.summary, attended=attended))


def operator_played(call: CallState, event: events.OperatorPlayed) -> Commands:
    yield call.note("played", f"{event.sound}, by {event.by}")
    yield from ear.play(call, event.sound)


def operator_pressed(call: CallState, event: events.OperatorPressed) -> Commands:
    yield call.note("dtmf_sent", f"{event.digits}, by {event.by}")
    yield PressKeys(event.digits)


def operator_steered(call: CallState, event: events.OperatorSteered) -> Commands:
    """From here on it is another ladder."""
    yield call.note("steered", f"by {event.by}: {', then '.join(dict.fromkeys(map(str, event.ladder)))}")
    call.route = replace(call.route, ladder=event.ladder)
    call.closed, call.rung, call.trigger, call.steered = {}, -1, None, True
    call.reached = None
    yield from finish.close_bot(call, "transferred")
    yield from ladder.take_next_rung(call)


def operator_knows(call: CallState, event: events.OperatorKnows) -> Commands:
    yield call.note("metadata", f"{', '.join(event.data)}, by {event.by}")
    call.metadata |= event.data
    yield SaveMetadata(call.at, event.id, "api", event.data)
    if call.bot:
        yield TellMetadata(call.bot.attempt, event.data)


def answer_too_late(call: CallState, _event: events.DeadlinePassed) -> Commands:
    if call.answered:
        # What is told of the recording has no end: the bot has waited long enough.
        yield from let_talk(call)
        return
    if call.arrival.placed:
        yield call.note("rang_too_long")
        yield from finish.end(call, Ending.NO_ANSWER)
        return
    yield call.note("command_failed", "AnswerCaller: Asterisk did not say that it was done")
    yield from finish.end(call, Ending.FAILED)


def command_failed(call: CallState, event: events.CommandFailed) -> Commands:
    yield call.note("command_failed", f"{event.command}: {event.detail}")
    yield from finish.end(call, Ending.FAILED)


def asterisk_lost(call: CallState, _event: events.AsteriskLost) -> Commands:
    call.caller_here = False
    yield from finish.end(call, Ending.ASTERISK_LOST)


def shut_down(call: CallState, _event: events.ShutDown) -> Commands:
    yield from finish.end(call, Ending.SHUTDOWN)


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
