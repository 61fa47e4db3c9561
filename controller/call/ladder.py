"""The way down the ladder: the first rung, the next one, the bottom. How each kind is taken: `rungs`."""

from typing import Final

from controller.call import finish, recording, rungs
from controller.call.causes import REFUSAL_CAUSES
from controller.call.commands import Commands, OpenBridge, OpenRecord, PlaceCall, RingCaller, SaveMetadata
from controller.call.state import CallState
from controller.call.vocabulary import Ending, State
from controller.routing.route import AnyRung, BotRung, BusyRung, CallbackRung, Sound
from controller.routing.trigger import Trigger

NOBODY_AVAILABLE: Final = Sound(builtin="nobody-available")
"""A sound of the bundled Asterisk."""
FOR_HUMANS: Final = frozenset({Trigger.ESCAPE, Trigger.REQUESTED})
"""Whoever wants a human gets no bot, unless a bot's rung names these triggers."""


def begin(call: CallState) -> Commands:
    """A call has arrived, or is to be placed: let it ring and take the first rung."""
    arrival, placed = call.arrival, call.arrival.placed
    yield OpenRecord(arrival, call.route)
    parties = f"{arrival.from_number or 'anonymous'} to {arrival.to_number}"
    yield call.note("placed", f"{parties}, by {placed.by}") if placed else call.note("arrived", parties)
    if call.arrival.oddity:
        yield call.note("odd_number", call.arrival.oddity)
    yield call.note("route", f"{call.route.name}: {call.reason}")
    if placed:
        call.metadata |= placed.metadata
        if placed.metadata:
            yield SaveMetadata(call.at, "placed", "api", dict(placed.metadata))
        yield PlaceCall(placed, arrival.from_number)
    else:
        yield RingCaller()
        yield OpenBridge()
    yield from take_next_rung(call)


def leave_rung(call: CallState, trigger: Trigger, detail: str = "") -> Commands:
    """The rung that has the call, or was to have it, cannot: the next one."""
    call.trigger = trigger
    yield call.note("rung_left", f"{trigger}: {detail}" if detail else str(trigger))
    yield from finish.leave_line(call)
    yield from finish.close_bot(call, "failed")
    yield from take_next_rung(call)


def take_next_rung(call: CallState) -> Commands:
    """Go down the ladder to the next rung that is open and meant for what happened."""
    call.reconnect_until = None
    for index in range(call.rung + 1, len(call.route.ladder)):
        call.rung = index
        rung = call.route.ladder[index]
        if index in call.closed:
            call.trigger = Trigger.CLOSED
            yield call.note("rung_closed", f"{rung}: {call.closed[index]}")
        elif not _leads_to(call, rung, call.trigger):
            yield call.note("rung_passed", f"{rung}: not for {call.trigger or 'a new call'}")
        elif not isinstance(rung, BotRung | BusyRung) and (announcement := recording.untold(call)):
            # A bot has it said once it is ready; nobody else waits. Then it is this rung's turn again.
            call.rung = index - 1
            yield from recording.tell(call, announcement)
            call.last_words = None
            call.enter(State.ANNOUNCING, rungs.ANNOUNCEMENT_SECONDS)
            return
        else:
            yield call.note("rung", str(rung))
            yield from rungs.take(call, rung)
            return
    yield from _bottom(call)


def goes_on(call: CallState) -> bool:
    """Whether something stands behind what is just over: whoever steers a call says what comes after each step."""
    return call.steered and call.rung + 1 < len(call.route.ladder)


def _leads_to(call: CallState, rung: AnyRung, trigger: Trigger | None) -> bool:
    """Whether what happened leads to this rung. None: the call is new."""
    if isinstance(rung, BusyRung) and call.up:
        return False
    if isinstance(rung, CallbackRung) and not call.arrival.from_number:
        return False
    if rung.on:
        return trigger in rung.on
    return not (isinstance(rung, BotRung) and trigger in FOR_HUMANS)


def has_rung_for(call: CallState, trigger: Trigger) -> bool:
    """Whether leaving the present rung for this reason would lead to another."""
    below = enumerate(call.route.ladder[call.rung + 1 :], call.rung + 1)
    return any(index not in call.closed and _leads_to(call, rung, trigger) for index, rung in below)


def _bottom(call: CallState) -> Commands:
    """Below the last rung the caller is told, or refused if never answered."""
    call.rung = len(call.route.ladder)
    if call.steered:
        yield from finish.end(call, Ending.OPERATOR_HUNG_UP)
    elif call.told:
        yield from finish.end(call, Ending.ANNOUNCED)
    elif call.up:
        yield call.note("announcement", "nobody is available")
        yield from rungs.announce(call, NOBODY_AVAILABLE, Ending.NOBODY_LEFT)
    else:
        yield from finish.end(call, Ending.REFUSED, REFUSAL_CAUSES[call.trigger or Trigger.UNREACHABLE])
