"""How a call ends, and each of its parts before that."""

from typing import Final

from controller.call import ear, recording
from controller.call.causes import NORMAL_CLEARING
from controller.call.commands import (
    CloseBot,
    Commands,
    HandToDialplan,
    HangUpCaller,
    HangUpHuman,
    LeaveLine,
    Release,
)
from controller.call.state import CallState
from controller.call.vocabulary import Ending, State, TransferOutcome

RELEASE_SECONDS: Final = 10.0
"""Twice the time of one ARI request: past it the record is closed whatever is left behind."""

DIALPLAN_TAKES: Final = frozenset({Ending.FAILED, Ending.SHUTDOWN})
"""Endings that are our fault: the caller is not hung up on, the dialplan sends them to the human."""

BOT_END_REASONS: Final[dict[Ending, str]] = {
    Ending.CALLER_CANCELLED: "not_answered",
    Ending.BUSY: "not_answered",
    Ending.NO_ANSWER: "not_answered",
    Ending.DECLINED: "not_answered",
    Ending.UNREACHABLE: "not_answered",
    Ending.CALLER_HUNG_UP: "caller_hung_up",
    Ending.BOT_HUNG_UP: "bot_hung_up",
    Ending.HUMAN_HUNG_UP: "human_hung_up",
    Ending.REFERRED: "transferred",
    Ending.HANDED_OVER: "transferred",
    Ending.SHUTDOWN: "shutdown",
}
"""What `end` of the bot protocol says; `failed` of all others."""


def close_bot(call: CallState, reason: str) -> Commands:
    """The bot's part is over, if it has one."""
    if call.bot:
        yield CloseBot(call.bot.attempt, reason)
        call.bot = None


def leave_line(call: CallState) -> Commands:
    """The caller waits no longer, or never did."""
    if call.line:
        call.line = None
        yield LeaveLine()


def hang_up_humans(call: CallState) -> Commands:
    """No human's phone is to ring or to be connected any more."""
    if call.human:
        for attempt in call.human.legs:
            yield HangUpHuman(attempt)
        call.human = None


def end(call: CallState, ending: Ending, cause: int = NORMAL_CLEARING) -> Commands:
    """End the call for everyone. The human first: a phone must not ring for a caller who has gone."""
    call.ending = ending
    if call.state in {State.DIALLING, State.WHISPERING}:
        yield call.note("human_gone", TransferOutcome.CANCELLED)
    yield from hang_up_humans(call)
    yield from leave_line(call)
    yield from close_bot(call, BOT_END_REASONS.get(ending, "failed"))
    yield from recording.stop(call)
    if call.caller_here:
        yield from ear.quiet(call)
        call.caller_here = False
        # Nobody who has not picked up is given to a human.
        ours_to_mend = ending in DIALPLAN_TAKES and (call.answered or not call.arrival.placed)
        yield HandToDialplan() if ours_to_mend else HangUpCaller(cause)
    yield call.note("ended", ending)
    yield Release()
    call.enter(State.ENDING, RELEASE_SECONDS)
