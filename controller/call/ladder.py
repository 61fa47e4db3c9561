"""The large moves of a call: the first rung, the next one, the end. `reactions` decide when they are made."""

from typing import Final

from controller.call.causes import NORMAL_CLEARING, REFUSAL_CAUSES
from controller.call.commands import (
    Announce,
    CloseBot,
    Commands,
    DialHuman,
    HandToDialplan,
    HangUpCaller,
    HangUpHuman,
    OpenBot,
    OpenBridge,
    OpenMedia,
    OpenRecord,
    Release,
    RingCaller,
    StartRingback,
    TellTransfer,
)
from controller.call.legs import BotLeg, HumanLeg
from controller.call.state import CallState
from controller.call.vocabulary import Ending, State, TransferOutcome
from controller.routing.route import BotRung, HumanRung
from controller.routing.trigger import Trigger

NOBODY_AVAILABLE: Final = "ari-controller/nobody-available"
"""A sound of the bundled Asterisk."""
ACCEPT_MARGIN_SECONDS: Final = 2.0
"""The media worker watches the bot's own deadline; ours is for a worker that says nothing at all."""
DIAL_MARGIN_SECONDS: Final = 2.0
"""Asterisk ends the ringing itself; ours is for an Asterisk that says nothing."""
ANNOUNCEMENT_SECONDS: Final = 15.0
"""Longest time for the last words, should Asterisk never report their end."""
RELEASE_SECONDS: Final = 10.0
"""Twice the time of one ARI request: past it the record is closed whatever is left behind."""

DIALPLAN_TAKES: Final = frozenset({Ending.FAILED, Ending.SHUTDOWN})
"""Endings that are our fault: the caller is not hung up on, the dialplan sends them to the human."""

BOT_END_REASONS: Final[dict[Ending, str]] = {
    Ending.CALLER_CANCELLED: "not_answered",
    Ending.CALLER_HUNG_UP: "caller_hung_up",
    Ending.BOT_HUNG_UP: "bot_hung_up",
    Ending.HUMAN_HUNG_UP: "human_hung_up",
    Ending.REFUSED: "failed",
    Ending.NOBODY_LEFT: "failed",
    Ending.MEDIA_LOST: "failed",
    Ending.FAILED: "failed",
    Ending.ASTERISK_LOST: "failed",
    Ending.CONTROLLER_LOST: "failed",
    Ending.SHUTDOWN: "shutdown",
}
"""What `end` of the bot protocol says."""


def begin(call: CallState) -> Commands:
    """A call has arrived: let it ring and take the first rung."""
    yield OpenRecord(call.arrival, call.route)
    yield call.note("arrived", f"{call.arrival.from_number or 'anonymous'} to {call.arrival.to_number}")
    yield call.note("route", f"{call.route.name}: {call.reason}")
    yield RingCaller()
    yield OpenBridge()
    yield from take_next_rung(call)


def leave_rung(call: CallState, trigger: Trigger, detail: str) -> Commands:
    """The rung that has the call, or was to have it, cannot: the next one."""
    call.trigger = trigger
    yield call.note("rung_left", f"{trigger}: {detail}" if detail else str(trigger))
    yield from close_bot(call, "failed")
    yield from take_next_rung(call)


def take_next_rung(call: CallState) -> Commands:
    """Go down the ladder; below its last rung the caller is told, or refused if never answered."""
    call.rung += 1
    if call.rung < len(call.route.ladder):
        rung = call.route.ladder[call.rung]
        yield call.note("rung", str(rung))
        if isinstance(rung, BotRung):
            yield from offer(call, rung)
        elif isinstance(rung, HumanRung):
            yield from dial(call, rung)
        else:
            yield from take_next_rung(call)
    elif call.answered:
        yield call.note("announcement", "nobody is available")
        yield Announce(NOBODY_AVAILABLE)
        call.enter(State.ANNOUNCING, ANNOUNCEMENT_SECONDS)
    else:
        yield from end(call, Ending.REFUSED, REFUSAL_CAUSES[call.trigger])


def offer(call: CallState, rung: BotRung, *, resumed: bool = False) -> Commands:
    """Ask a bot while the phone rings, and have media ready by the time it accepts.

    `resumed`: it talks to the caller already, and will again before a ringing tone would be any comfort.
    """
    call.bot = BotLeg(call.next_attempt(), rung)
    if call.answered and not resumed:
        yield StartRingback()
    yield OpenBot(call.bot.attempt, rung, resumed)
    yield OpenMedia(call.bot.attempt, rung)
    call.enter(State.OFFERING, rung.accept_seconds + ACCEPT_MARGIN_SECONDS)


def dial(call: CallState, rung: HumanRung) -> Commands:
    """Let the human's phone ring; a bot that asked for it stays on."""
    call.human = HumanLeg(call.next_attempt(), rung)
    if call.answered:
        yield StartRingback()
    if call.bot:
        yield TellTransfer(call.bot.attempt, "dialling")
    yield DialHuman(call.human.attempt, rung)
    call.enter(State.DIALLING, rung.ring_seconds + DIAL_MARGIN_SECONDS)


def close_bot(call: CallState, reason: str) -> Commands:
    """The bot's part is over, if it has one."""
    if call.bot:
        yield CloseBot(call.bot.attempt, reason)
        call.bot = None


def end(call: CallState, ending: Ending, cause: int = NORMAL_CLEARING) -> Commands:
    """End the call for everyone. The human first: a phone must not ring for a caller who has gone."""
    call.ending = ending
    if call.human:
        if call.state is State.DIALLING:
            yield call.note("human_gone", TransferOutcome.CANCELLED)
        yield HangUpHuman(call.human.attempt)
        call.human = None
    yield from close_bot(call, BOT_END_REASONS[ending])
    if call.caller_here:
        call.caller_here = False
        yield HandToDialplan() if ending in DIALPLAN_TAKES else HangUpCaller(cause)
    yield call.note("ended", ending)
    yield Release()
    call.enter(State.ENDING, RELEASE_SECONDS)
